import fc from 'fast-check'
import { addDays, dayStart, localDay, nextMonth } from './local-day.js'

test.each([
  ['2026-10-04T16:00:00Z', 480, '2026-10-05'],
  ['2026-10-04T15:59:59.999Z', 480, '2026-10-04'],
  ['2026-10-05T00:00:00Z', 0, '2026-10-05'],
  ['2026-10-05T04:59:00Z', -300, '2026-10-04'],
  ['2026-02-28T18:30:00Z', 330, '2026-03-01'],
])('%s at %i minutes is %s', (time, offset, day) => expect(localDay(Date.parse(time), offset)).toBe(day))

test('every instant lies in its day, and every day has 24 hours', () => {
  fc.assert(fc.property(fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2099, 0) }), fc.integer({ min: -14 * 4, max: 14 * 4 }), (time, quarters) => {
    const offset = quarters * 15
    const day = localDay(time, offset)
    expect(dayStart(day, offset)).toBeLessThanOrEqual(time)
    expect(dayStart(addDays(day, 1), offset)).toBeGreaterThan(time)
    expect(dayStart(addDays(day, 1), offset) - dayStart(day, offset)).toBe(86_400_000)
  }))
})

test('months follow each other', () => {
  expect(nextMonth('2026-10')).toBe('2026-11')
  expect(nextMonth('2026-12')).toBe('2027-01')
})
