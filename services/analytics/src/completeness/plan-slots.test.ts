import { slotsOf } from './plan-slots.js'
import type { PlanRow } from './plan-slots.js'

const plan = (over: Partial<PlanRow>): PlanRow => ({ id: 'p', freeze_oad: '50040200', items: ['00100200'], interval_minutes: null, horizon_hours: 24, ...over })

test('a curve owes a slot every interval', () => {
  expect(slotsOf(plan({ freeze_oad: '50020200', interval_minutes: 15, items: ['00100201', '20000200'] }), '2026-10-05')).toEqual({ planId: 'p', lead: 0x00100201, step: 900, horizonHours: 24 })
})

test('a daily freeze owes one, a monthly one only on the first', () => {
  expect(slotsOf(plan({}), '2026-10-05')).toMatchObject({ lead: 0x00100201, step: 86_400 })
  expect(slotsOf(plan({ freeze_oad: '50060200' }), '2026-10-05')).toBeUndefined()
  expect(slotsOf(plan({ freeze_oad: '50060200' }), '2026-10-01')).toMatchObject({ step: 86_400 })
})

test('an item above 7FFFFFFF is the signed number the table holds', () => {
  expect(slotsOf(plan({ items: ['80000201'] }), '2026-10-05')?.lead).toBe(0x80000201 | 0)
})

test('a freeze without a rhythm owes nothing', () => {
  expect(slotsOf(plan({ freeze_oad: '50000200' }), '2026-10-05')).toBeUndefined()
  expect(slotsOf(plan({ items: [] }), '2026-10-05')).toBeUndefined()
})
