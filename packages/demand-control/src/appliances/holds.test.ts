import fc from 'fast-check'
import { planHolds } from './hold-plan.js'
import type { Appliance, HoldBook } from './hold-plan.js'
import { createHoldPlanner } from './hold-planner.js'
import type { HoldPlannerState } from './hold-planner.js'
import { reductionOf } from './reduction.js'

const SLOT = 900_000
const appliance = (name: string, more: Partial<Appliance> = {}): Appliance => ({ name, ratedKw: 3, leastKw: 0.5, longestHoldMs: 2 * SLOT, dayHoldMs: 4 * SLOT, recoveryMs: 2 * SLOT, ...more })
const book = (more: Partial<HoldBook> = {}): HoldBook => ({ drawsKw: 2, heldMs: 0, todayMs: 0, restMs: 0, ...more })
const plan = (lessKw: readonly number[], appliances: readonly Appliance[], books: Record<string, HoldBook>, more: { slackMs?: number; unable?: ReadonlySet<string> } = {}) =>
  planHolds({ slotMs: SLOT, slackMs: 0, lessKw, appliances, books: new Map(Object.entries(books)), ...more })

it('holds who was held least, the last one only as far as needed, and the next when the first may no longer, with his rebound on top', () => {
  const { kw, reachedKw, short } = plan([2, 2, 2, 2], ['A', 'B', 'C', 'D'].map((name) => appliance(name)), { A: book({ todayMs: SLOT }), B: book(), C: book(), D: book({ todayMs: 2 * SLOT }) })
  expect(kw.get('B')).toEqual([0.5, 0.5, 3, 3])
  expect(kw.get('C')?.slice(0, 2)).toEqual([1.5, 1.5])
  // B and C recover with a kW each more than usual: A and D bring 3 of the 4 kW.
  expect([kw.get('A'), kw.get('D')].map((powers) => powers?.slice(2))).toEqual([[0.5, 0.5], [0.5, 0.5]])
  expect(reachedKw).toEqual([2, 2, 1, 1])
  expect(short.map((why) => why?.slice(0, 12))).toEqual([undefined, undefined, '1 of 2 kW: 2', '1 of 2 kW: 2'])
  expect(short[2]).toBe('1 of 2 kW: 2 held as far as they may be, 2 is held as long as it may, 2 kW of rebound')
})

it('says of each why it cannot be held, and lets go after the event as there is room for what they make up', () => {
  const names = ['off', 'read', 'rest', 'day', 'wrong', 'A', 'B']
  const { kw, short } = plan([9, -1, -1, -1], names.map((name) => appliance(name, { longestHoldMs: 3 * SLOT })), {
    off: book({ drawsKw: 0.4 }), read: book({ drawsKw: undefined }), rest: book({ restMs: 5 * SLOT, drawsKw: 3 }), day: book({ todayMs: 4 * SLOT }), wrong: book(), A: book(), B: book(),
  }, { unable: new Set(['wrong']) })
  expect(short[0]).toBe('3 of 9 kW: 2 held as far as they may be, 1 draws no more than it may be held to, 1 was not read, 1 recovers, 1 had its day\'s holds, 1 did not follow')
  // One kW of room: one is let go, and the other when the first has made up for his hold.
  expect([kw.get('A'), kw.get('B')]).toEqual([[0.5, 2, 2, 3], [0.5, 3, 3, 3]])
})

const RUN = fc.record({
  slackSlots: fc.constantFrom(0, 0.2),
  lessKw: fc.array(fc.double({ min: -5, max: 12, noNaN: true }), { minLength: 1, maxLength: 16 }),
  of: fc.array(fc.record({
    draws: fc.double({ min: 0.2, max: 3, noNaN: true }), least: fc.double({ min: 0, max: 1, noNaN: true }), longest: fc.integer({ min: 1, max: 4 }), day: fc.integer({ min: 1, max: 8 }), recovery: fc.integer({ min: 0, max: 4 }),
    known: fc.boolean(), today: fc.integer({ min: 0, max: 4 }), rest: fc.integer({ min: 0, max: 3 }),
  }), { minLength: 1, maxLength: 8 }),
})

// Seen failing: without the time of the day, without the slack, without the recovery, and when somebody who may be held is left out.
it('property: nobody is held longer than allowed, in one go, in a day, or while he recovers; what is asked is reached, or nobody is left who may be held', () => {
  fc.assert(fc.property(RUN, ({ slackSlots, lessKw, of }) => {
    const appliances = of.map(({ least, longest, day, recovery }, index) => appliance(`A${index}`, { leastKw: least, longestHoldMs: longest * SLOT, dayHoldMs: day * SLOT, recoveryMs: recovery * SLOT }))
    const books = Object.fromEntries(of.map(({ draws, known, today, rest }, index) => [`A${index}`, book({ drawsKw: known ? draws : undefined, todayMs: today * SLOT, restMs: rest * SLOT })]))
    const slackMs = slackSlots * SLOT
    const { kw, reachedKw, short } = plan(lessKw, appliances, books, { slackMs })
    const state = new Map(appliances.map(({ name }) => [name, { held: 0, today: books[name]!.todayMs, rest: books[name]!.restMs }]))
    lessKw.forEach((asked, slot) => {
      let [reached, may] = [0, 0]
      for (const { name, ratedKw, leastKw, longestHoldMs, dayHoldMs, recoveryMs } of appliances) {
        const now = state.get(name)!
        const power = kw.get(name)![slot] as number
        const draws = books[name]!.drawsKw
        const begins = now.held > 0 ? 0 : slackMs
        const mayBe = draws !== undefined && draws - leastKw > 1e-6 && now.rest <= 0 && now.held + begins + SLOT <= longestHoldMs && now.today + begins + SLOT <= dayHoldMs
        if (power < ratedKw) {
          expect(mayBe).toBe(true)
          expect(power).toBeGreaterThanOrEqual(leastKw)
          reached += (draws as number) - power
          if (power > leastKw + 0.001) may++
          state.set(name, { held: now.held + begins + SLOT, today: now.today + begins + SLOT, rest: 0 })
        } else {
          if (now.held > 0 || now.rest > 0) reached -= ratedKw - (draws ?? ratedKw)
          if (mayBe) may++
          state.set(name, { held: 0, today: now.today, rest: Math.max(0, (now.held > 0 ? recoveryMs + slackMs : now.rest) - SLOT) })
        }
      }
      expect(reachedKw[slot]).toBeCloseTo(reached, 6)
      expect(short[slot] === undefined).toBe(reached >= asked - 1e-6)
      if (short[slot] !== undefined) expect(may).toBe(0)
    })
  }), { numRuns: 500 })
})

// Seen failing: when the last is held as far as he may be, and when held ones have no precedence.
it('property: without anybody who recovers, no more is held than is asked, and nobody is let go who is needed', () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0.6, max: 3, noNaN: true }), { minLength: 1, maxLength: 8 }), fc.double({ min: 0.1, max: 5, noNaN: true }), (draws, asked) => {
    const appliances = draws.map((_, index) => appliance(`A${index}`))
    const { kw, reachedKw } = plan([asked, asked], appliances, Object.fromEntries(draws.map((drawsKw, index) => [`A${index}`, book({ drawsKw })])))
    const most = draws.reduce((sum, one) => sum + one - 0.5, 0)
    // Whole watts.
    expect(reachedKw[0]).toBeGreaterThanOrEqual(Math.min(most, asked) - 1e-6)
    expect(reachedKw[0]).toBeLessThanOrEqual(Math.min(most, asked) + 0.001 + 1e-6)
    for (const [first, second] of kw.values()) expect(second).toBe(first)
  }))
})

it('plans from what the appliances say of themselves: left, recovering, held today; what it told counts as held', async () => {
  const appliances = ['A', 'B'].map((name) => appliance(name))
  let saved: HoldPlannerState | undefined
  const next = async (slot: number, readings: Record<string, [number, 'normal' | 'held' | 'left' | 'recovering', number?, number?]>, unable = new Set<string>()) => {
    const planner = createHoldPlanner(appliances, { slotMs: SLOT, slackMs: 0, lessKw: [1, 1, 1, 1, 1, 1], saved })
    const read = new Map(Object.entries(readings).map(([name, [kw, comfort, todayMs = 0, restMs = 0]]) => [name, { kw, plugged: true, sessionKwh: 0, hold: { comfort, heldMs: 0, todayMs, restMs } }]))
    const { setPoints, short, version } = await planner({ slot, readings: read, underway: new Map(), why: undefined, sinceReadMs: 60_000, unable })
    saved = JSON.parse(JSON.stringify(planner.save())) as HoldPlannerState
    return [version, setPoints.get('A'), setPoints.get('B'), short?.split(': ')[0]]
  }
  expect(await next(0, { A: [2, 'normal'] })).toEqual([1, 1, 3, undefined])
  // A left: it recovers longer than to the next slot. B was not read until now.
  expect(await next(1, { A: [3, 'left', SLOT, SLOT + 60_000], B: [1.8, 'normal'] })).toEqual([2, 3, 0.5, '0.3 of 1 kW'])
  expect(await next(2, { A: [2, 'normal', SLOT], B: [0.5, 'held', SLOT] })).toEqual([3, 3, 0.8, undefined])
  // Nobody planned slot 3, so that B recovers; A has had its day.
  expect((await next(4, { A: [2, 'normal', 4 * SLOT], B: [3, 'recovering', 2 * SLOT, SLOT + 60_000] }))[3]).toBe('-1.2 of 1 kW')
  expect((await next(5, { A: [2, 'normal', 0], B: [1.8, 'normal'] }, new Set(['B'])))[3]).toBe('0 of 1 kW')
  // B is held by the book, says it recovers, and has done so when the slot begins; then it has not.
  saved = undefined
  for (const [rest, power] of [[60_000, 0.8], [61_000, 3]] as const) {
    expect((await next(0, { B: [1.8, 'normal'] }))[2]).toBe(0.8)
    expect((await next(1, { B: [3, 'recovering', SLOT, rest] }))[2]).toBe(power)
    saved = undefined
  }
})

// Seen failing: when the mean is that of the read-backs.
it('what the holds brought: the mean by the appliances\' registers, whatever happened between two read-backs; the least by read-backs, of one that did not answer the last answer', () => {
  const draws = new Map([['A', 2], ['B', 1]])
  const at = (pile: string, minute: number, watts: number, session: number) => ({ pile, at: minute * 60_000, watts, session })
  const readings = [at('A', 0, 2_000, 0), at('B', 0, 1_000, 0), at('C', 0, 9_000, 0), at('A', 5, 500, 1_500), at('B', 5, 1_000, 800), at('A', 6, 500, 1_583), at('B', 8, 400, 1_100), at('A', 11, 500, 2_700), at('A', 20, 3_000, 9_000)]
  // A drew 0.12 kWh in six minutes, so it was not held all the time; B 0.03 in three.
  const { meanKw, leastKw } = reductionOf({ from: 5 * 60_000, to: 20 * 60_000 }, draws, readings)
  expect([meanKw, leastKw]).toEqual([expect.closeTo(2 - 1.2 + 1 - 0.6, 9), 1.5])
  expect(reductionOf({ from: 20 * 60_000, to: 30 * 60_000 }, draws, readings)).toEqual({ meanKw: -1, leastKw: -1 + 0.6 })
  expect(reductionOf({ from: 21 * 60_000, to: 30 * 60_000 }, draws, readings)).toEqual({ meanKw: undefined, leastKw: undefined })
})
