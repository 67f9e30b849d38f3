import fc from 'fast-check'
import { expectedSlots, nextTry, slotRanges, SLOT_GRACE_MS } from './slots.js'

const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 86_400_000

/** Minutes that divide a day: what a curve may have. */
const intervals = [1, 5, 10, 15, 30, 60, 120, 240, 480, 720, 1440]
const offsets = fc.oneof(fc.constantFrom(480, 0, 345, -210, 765, -720, 840), fc.integer({ min: -720, max: 840 }))
const now = fc.integer({ min: Date.UTC(2019, 0, 1), max: Date.UTC(2032, 0, 1) })

/** Every minute of the horizon, asked one by one. */
function naive(plan: { freezeOad: string; intervalMinutes: number | null; horizonHours: number }, nowMs: number, offsetMinutes: number): number[] {
  const slots: number[] = []
  const first = nowMs - plan.horizonHours * HOUR
  for (let minute = Math.ceil(first / MINUTE) * MINUTE; minute <= nowMs - SLOT_GRACE_MS; minute += MINUTE) {
    const local = new Date(minute + offsetMinutes * MINUTE)
    const ofDay = local.getUTCHours() * 60 + local.getUTCMinutes()
    const fits = plan.freezeOad.startsWith('5006') ? ofDay === 0 && local.getUTCDate() === 1 : ofDay % (plan.intervalMinutes ?? 1440) === 0
    if (fits) slots.push(minute)
  }
  return slots
}

test('curves: as counting every minute would find', () => {
  fc.assert(fc.property(now, offsets, fc.constantFrom(...intervals), fc.integer({ min: 1, max: 60 }), (at, offset, intervalMinutes, horizonHours) => {
    const plan = { freezeOad: '50020200', intervalMinutes, horizonHours }
    expect(expectedSlots(plan, at, offset)).toEqual(naive(plan, at, offset))
  }))
})

test('day freezes: every local midnight', () => {
  fc.assert(fc.property(now, offsets, fc.integer({ min: 1, max: 24 * 10 }), (at, offset, horizonHours) => {
    const plan = { freezeOad: '50040200', intervalMinutes: null, horizonHours }
    expect(expectedSlots(plan, at, offset)).toEqual(naive(plan, at, offset))
  }), { numRuns: 30 })
})

test('month freezes: every local midnight of the 1st', () => {
  fc.assert(fc.property(now, offsets, fc.integer({ min: 1, max: 24 * 70 }), (at, offset, horizonHours) => {
    const plan = { freezeOad: '50060200', intervalMinutes: null, horizonHours }
    expect(expectedSlots(plan, at, offset)).toEqual(naive(plan, at, offset))
  }), { numRuns: 6 })
})

test('months of a year, over its end and a leap day, in the zone of the terminal', () => {
  const slots = expectedSlots({ freezeOad: '50060200', intervalMinutes: null, horizonHours: 24 * 400 }, Date.UTC(2024, 2, 10), 480)
  expect(slots.map((slot) => new Date(slot + 480 * MINUTE).toISOString().slice(0, 16))).toEqual([
    '2023-03-01T00:00', '2023-04-01T00:00', '2023-05-01T00:00', '2023-06-01T00:00', '2023-07-01T00:00', '2023-08-01T00:00', '2023-09-01T00:00', '2023-10-01T00:00',
    '2023-11-01T00:00', '2023-12-01T00:00', '2024-01-01T00:00', '2024-02-01T00:00', '2024-03-01T00:00'])
})

test('a slot is asked for only when the meter has had a moment to write it', () => {
  const midnight = Date.UTC(2026, 9, 4, 16)
  const plan = { freezeOad: '50040200', intervalMinutes: null, horizonHours: 20 }
  expect(expectedSlots(plan, midnight + SLOT_GRACE_MS - 1, 480)).toEqual([])
  expect(expectedSlots(plan, midnight + SLOT_GRACE_MS, 480)).toEqual([midnight])
})

test('ranges hold each slot once and in order, ask for no more rows than allowed, and bridge at most one hole', () => {
  const slots = fc.uniqueArray(fc.nat({ max: 300 }), { maxLength: 80 }).map((list) => list.sort((a, b) => a - b))
  fc.assert(fc.property(slots, fc.constantFrom(MINUTE, 15 * MINUTE, DAY, 31 * DAY), fc.integer({ min: 1, max: 24 }), (numbers, step, max) => {
    const wanted = numbers.map((n) => n * step)
    const ranges = slotRanges(wanted, step, max)
    expect(ranges.flatMap((range) => range.slots)).toEqual(wanted)
    for (const range of ranges) {
      expect(range.from).toBe(range.slots[0])
      // The end is excluded, reference §3.2: it must lie behind the last slot and before the next.
      expect(range.to).toBeGreaterThan(range.slots.at(-1)!)
      expect(range.to).toBeLessThanOrEqual(range.slots.at(-1)! + step)
      expect(Math.floor((range.to - 1 - range.from) / step) + 1).toBeLessThanOrEqual(max)
      for (let n = 1; n < range.slots.length; n += 1) expect(range.slots[n]! - range.slots[n - 1]!).toBeLessThanOrEqual(2 * step)
    }
  }))
})

test('whole runs are asked for at once', () => {
  const slots = Array.from({ length: 50 }, (_, n) => n * 15 * MINUTE)
  expect(slotRanges(slots, 15 * MINUTE, 24).map((range) => range.slots.length)).toEqual([24, 24, 2])
})

test('what did not come is asked for after 15 min, 1 h, 4 h, then in the next night window, by the terminal\'s clock', () => {
  expect([0, 1, 2].map((attempts) => nextTry(attempts, 0, 480).getTime())).toEqual([15 * MINUTE, HOUR, 4 * HOUR])
  const night = (at: string, offset: number): string => new Date(nextTry(3, Date.parse(at), offset).getTime()).toISOString()
  // 01:00 at +08:00 is 17:00 UTC.
  expect(night('2026-10-05T16:59:59Z', 480)).toBe('2026-10-05T17:00:00.000Z')
  expect(night('2026-10-05T17:00:00Z', 480)).toBe('2026-10-06T17:00:00.000Z')
  expect(night('2026-10-05T03:00:00Z', -210)).toBe('2026-10-05T04:30:00.000Z')
  fc.assert(fc.property(now, offsets, fc.integer({ min: 3, max: 50 }), (at, offset, attempts) => {
    const next = nextTry(attempts, at, offset).getTime()
    expect(next - at).toBeGreaterThan(0)
    expect(next - at).toBeLessThanOrEqual(DAY)
    expect((next + offset * MINUTE) % DAY).toBe(HOUR)
  }))
})
