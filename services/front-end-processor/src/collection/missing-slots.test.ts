import type { MissingSlot } from '@zhuzhan/persistence'
import { createMissingSlots } from './missing-slots.js'

const slot = (meterId: number, at: number): MissingSlot => ({ meterId, slot: at, attempts: 0 })

test('passes that begin together are one statement; each is given its own meters', async () => {
  const asked: { plan: string; meters: number[] }[] = []
  const missing = createMissingSlots({ missing: async (plan, _item, meterIds, slots) => {
    asked.push({ plan, meters: [...meterIds] })
    return slots.flatMap((at) => meterIds.filter((id) => id !== 2).map((id) => slot(id, at)))
  } })
  const answers = await Promise.all([missing('a', 1, [1, 2], [10, 20]), missing('a', 1, [3], [10, 20]), missing('b', 1, [4], [10, 20]), missing('a', 1, [5], [20]), missing('a', 1, [], [10])])
  expect(asked).toEqual([{ plan: 'a', meters: [1, 2, 3] }, { plan: 'b', meters: [4] }, { plan: 'a', meters: [5] }])
  expect(answers).toEqual([[slot(1, 10), slot(1, 20)], [slot(3, 10), slot(3, 20)], [slot(4, 10), slot(4, 20)], [slot(5, 20)], []])
})

test('a statement that fails fails every pass that asked with it, and the next asks anew', async () => {
  let away = true
  const missing = createMissingSlots({ missing: async (_plan, _item, meterIds, slots) => {
    if (away) throw new Error('away')
    return meterIds.flatMap((id) => slots.map((at) => slot(id, at)))
  } })
  const both = await Promise.allSettled([missing('a', 1, [1], [10]), missing('a', 1, [2], [10])])
  expect(both.map((one) => one.status)).toEqual(['rejected', 'rejected'])
  away = false
  expect(await missing('a', 1, [1], [10])).toEqual([slot(1, 10)])
})
