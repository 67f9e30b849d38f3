import { setTimeout } from 'node:timers/promises'
import fc from 'fast-check'
import { createLpSolver } from '@zhuzhan/lp-solver'
import { limitAt, readCase, windowOf } from './case.js'
import type { ChargingCase } from './case.js'
import { greedyPowers } from './greedy.js'
import { judge } from './judge.js'
import { planCharging } from './plan.js'
import { replan } from './rolling.js'
import { wholeWatts } from './watts.js'
import { night, randomNight } from '../fixtures/nights.js'

const solver = createLpSolver()
afterAll(() => solver.stop())

/** Cost, energy and limits from the plan alone, in whole numbers: what the sender of the case would compute. */
function recomputed(of: ChargingCase, plan: readonly { kw: readonly number[] }[]) {
  let millionths = 0
  const missing: number[] = []
  const wrong: string[] = []
  of.evs.forEach((one, index) => {
    const kw = plan[index]?.kw ?? []
    const there = new Set(windowOf(of, one))
    kw.forEach((power, slot) => {
      millionths += Math.round(power * 1_000) * Math.round((of.price_cny_per_kwh[slot] ?? 0) * 1e6) * of.slot_minutes / 60
      if (power > 0 && (!there.has(slot) || power < one.min_kw - 1e-9 || power > one.max_kw + 1e-9)) wrong.push(`${one.pile} ${slot}`)
    })
    missing.push(one.energy_kwh - kw.reduce((a, b) => a + b, 0) * of.slot_minutes / 60)
  })
  of.base_kw.forEach((base, slot) => {
    const charging = plan.reduce((sum, { kw }) => sum + (kw[slot] ?? 0), 0)
    if (charging > 0 && base + charging > limitAt(of, slot) + 1e-9) wrong.push(`slot ${slot}`)
  })
  return { cost: millionths / 1e9, missing: Math.max(...missing), wrong }
}

it.each(Array.from({ length: 3 }, (_, seed) => seed))('plans a night at the least cost, whole watts, nothing unserved, no limit broken (%i)', async (seed) => {
  const of = readCase(randomNight(seed))
  const plan = await planCharging(of, solver.solve)
  const again = recomputed(of, plan.plan)
  expect(again.wrong).toEqual([])
  expect(again.missing).toBeLessThan(1e-9)
  expect(plan).toMatchObject({ method: 'rounded', unserved: 0, violations: [] })
  expect(Number(plan.cost)).toBeCloseTo(again.cost, 4)
  // The bound is that of the problem without smallest powers: what the best plan costs lies between.
  expect(Number(plan.cost)).toBeGreaterThanOrEqual((plan.bound as number) - 1e-3)
  expect(Number(plan.cost)).toBeLessThan((plan.bound as number) * 1.01)
})

it('rounds what lies below the smallest power: without rounding this night has powers in between', async () => {
  // 7.1 kWh at 7 kW are four slots and a rest of 0.4 kW, which no vehicle takes.
  const of = readCase(night({ evs: [{ pile: 'P1', plug_slot: 0, depart_slot: 8, energy_kwh: 7.1, max_kw: 7, min_kw: 1.4 }] }))
  const { plan: [row], unserved } = await planCharging(of, solver.solve)
  expect(unserved).toBe(0)
  expect(row?.kw.filter((kw) => kw > 0 && kw < 1.4)).toEqual([])
})

// Seen failing with improvement for a time (0.4 s) in place of a count of programs.
it('makes the same plan on a machine that is slow', async () => {
  const of = readCase(randomNight(3))
  const slow = await planCharging(of, async (problem, limitMs) => { await setTimeout(100); return solver.solve(problem, limitMs) })
  expect(slow).toEqual(await planCharging(of, solver.solve))
})

// Seen failing: when it is not asked for.
it('takes the earlier of slots with one price when asked to, and the last before a departure only at need', async () => {
  const of = readCase(night({ evs: [{ pile: 'P1', plug_slot: 0, depart_slot: 32, energy_kwh: 7, max_kw: 7, min_kw: 1.4 }] }))
  const { plan: [row], cost } = await planCharging(of, solver.solve, { preferEarly: true })
  expect(row?.kw.map((kw, slot) => (kw > 0 ? slot : -1)).filter((slot) => slot >= 0)).toEqual([16, 17, 18, 19])
  expect(cost).toBe('1.8200')
})

it('says when it ran out of time while it came nearer to the bound', async () => {
  const of = readCase(randomNight(3))
  let programs = 0
  const tired = await planCharging(of, (problem, limitMs) => (++programs > 3 ? Promise.resolve({ kind: 'unfinished', why: 'Time limit reached' }) : solver.solve(problem, limitMs)))
  expect(tired).toMatchObject({ method: 'rounded', unserved: 0, violations: [], why: 'not improved further, the solver did not finish: Time limit reached' })
})

it('falls back to the heuristic when the solver does not finish, keeps the limits, and says so', async () => {
  const of = readCase(randomNight(3))
  const plan = await planCharging(of, () => Promise.resolve({ kind: 'unfinished', why: 'Time limit reached' }))
  expect(plan).toMatchObject({ method: 'heuristic', bound: undefined, violations: [] })
  expect(plan.why).toContain('Time limit reached')
  expect(recomputed(of, plan.plan).wrong).toEqual([])
})

it('serves by weight when not all can be served, and by the least share when asked', async () => {
  const ev = { plug_slot: 0, depart_slot: 4, energy_kwh: 7, max_kw: 7, min_kw: 1.4 }
  const scarce = readCase(night({ transformer_limit_kw: 17, evs: [{ ...ev, pile: 'late' }, { ...ev, pile: 'cut before', deficit_kwh: 3 }] }))
  const byWeight = await planCharging(scarce, solver.solve)
  expect(byWeight.unservedByPile).toEqual([{ pile: 'late', kwh: 7 }])
  expect(byWeight.bound).toBeUndefined()
  const fair = await planCharging(scarce, solver.solve, { fairness: 'max-min' })
  expect(fair.unservedByPile.map(({ kwh }) => Math.round(kwh * 100) / 100)).toEqual([3.5, 3.5])
})

it('keeps a limit on each phase and on their difference', async () => {
  const ev = { plug_slot: 0, depart_slot: 32, energy_kwh: 14, max_kw: 7, min_kw: 1.4 }
  const of = readCase(night({ transformer_limit_kw: 60, phase_limit_kw: 12, phase_difference_limit_kw: 6, evs: ['A', 'A', 'B'].map((phase, index) => ({ ...ev, pile: `P${index}`, phase })) }))
  const plan = await planCharging(of, solver.solve)
  expect(plan).toMatchObject({ violations: [], unserved: 0 })
  const [a1, a2, b] = plan.plan.map(({ kw }) => kw)
  a1?.forEach((kw, slot) => {
    const onA = kw + (a2?.[slot] ?? 0)
    // Base load: 10 kW, a third on each phase.
    expect(onA + 10 / 3).toBeLessThanOrEqual(12.01)
    expect(onA - (b?.[slot] ?? 0)).toBeLessThanOrEqual(6.11)
  })
})

it('plans the rest of a night anew: the same cost while nothing changes, less energy where some was delivered', async () => {
  const of = readCase(randomNight(1))
  const { plan, cost } = await planCharging(of, solver.solve)
  let spent = 0
  const delivered: Record<string, number> = {}
  const slot = 40
  plan.forEach(({ pile, kw }) => {
    delivered[pile] = kw.slice(0, slot).reduce((a, b) => a + b, 0) / 4
    spent += kw.slice(0, slot).reduce((sum, power, index) => sum + power * (of.price_cny_per_kwh[index] ?? 0) / 4, 0)
  })
  const { rest, setPoints } = await replan(of, { slot, delivered }, solver.solve)
  expect(rest.unserved).toBe(0)
  expect(spent + Number(rest.cost)).toBeLessThan(Number(cost) * 1.005)
  expect(Object.keys(setPoints)).toEqual(of.evs.filter((one) => one.depart_slot > slot).map(({ pile }) => pile))
  const careful = await replan(of, { slot, delivered, marginKw: 5 }, solver.solve)
  expect(careful.rest.peak).toBeLessThanOrEqual(limitAt(of, slot) + 1e-9)
})

it('refuses what cannot be meant, with the reason', () => {
  const refusal = (changes: Record<string, unknown>): string => {
    try {
      readCase(night(changes))
      return 'taken'
    } catch (error) {
      return `${(error as { code: string }).code} ${(error as Error).message}`
    }
  }
  const ev = { pile: 'P1', plug_slot: 0, depart_slot: 4, energy_kwh: 5, max_kw: 7, min_kw: 1.4 }
  expect(refusal({ base_kw: [1, 2] })).toMatch(/DATA_REFUSED base_kw has 2 values for 32 slots/)
  expect(refusal({ base_kw: Array.from({ length: 32 }, () => 10_000) })).toMatch(/DATA_REFUSED .*unit/)
  expect(refusal({ evs: [{ ...ev, energy_kwh: -1 }] })).toMatch(/BODY_INVALID .*energy_kwh/)
  expect(refusal({ evs: [{ ...ev, depart_slot: 0 }] })).toMatch(/DATA_REFUSED P1 departs/)
  expect(refusal({ evs: [ev, { ...ev, plug_slot: 2, depart_slot: 6 }] })).toMatch(/DATA_REFUSED .*two vehicles/)
  expect(refusal({ evs: [{ ...ev, min_kw: 8 }] })).toMatch(/DATA_REFUSED/)
  expect(refusal({ price_cny_per_kwh: undefined })).toMatch(/BODY_INVALID .*price/)
})

it('counts a base load over the limit as a broken limit, and charges nothing there', async () => {
  const of = readCase(night({ base_kw: Array.from({ length: 32 }, (_, slot) => (slot < 4 ? 50 : 10)), evs: [{ pile: 'P1', plug_slot: 0, depart_slot: 32, energy_kwh: 7, max_kw: 7, min_kw: 1.4 }] }))
  const plan = await planCharging(of, solver.solve)
  expect(plan.violations).toHaveLength(4)
  expect(plan.plan[0]?.kw.slice(0, 4)).toEqual([0, 0, 0, 0])
  expect(plan.unserved).toBe(0)
})

it('property: the heuristic keeps every limit whatever the night', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 1e6 }), fc.double({ min: 0.2, max: 1, noNaN: true }), (seed, tightness) => {
    const raw = randomNight(seed)
    const of = readCase({ ...raw, transformer_limit_kw: Math.max(...raw.base_kw) + 30 * tightness })
    expect(judge(of, wholeWatts(of, greedyPowers(of))).violations).toEqual([])
  }), { numRuns: 30 })
})
