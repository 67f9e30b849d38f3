import type { ChargingCase } from './case.js'
import { decideLow, decidedBy, undecided } from './dive.js'
import { greedyPowers } from './greedy.js'
import { judge } from './judge.js'
import type { Judgement } from './judge.js'
import { slotsOn, widen } from './pattern.js'
import { powersOf, programText } from './program.js'
import type { Powers } from './program.js'
import { wholeWatts } from './watts.js'

/** Solves one linear program; the solver itself is somebody else's (packages/lp-solver). */
export type SolveProgram = (problem: string, limitMs: number) => Promise<
  | { kind: 'optimal'; values: Readonly<Record<string, number>>; objective: number }
  | { kind: 'infeasible' }
  | { kind: 'unfinished'; why: string }>

export interface PlanOptions {
  /** For all programs of a plan together: an emergency brake, not a budget. */
  limitMs?: number
  /** Who is cut when not all can be served: by weights, or so that the least share served is as large as can be. */
  fairness?: 'weights' | 'max-min'
  /** Of slots with one price the earlier, the last before a departure only at need: what is charged already no fault can take. */
  preferEarly?: boolean
}

export interface ChargingPlan extends Judgement {
  /** `rounded`: by the solver, then rounded to the smallest powers. `heuristic`: without a solver. */
  method: 'rounded' | 'heuristic'
  /** Why there was no solver, or why a rounded plan was not improved as far as it is otherwise: only then the time taken decides on the plan. */
  why: string | undefined
  /** No plan that serves everybody can cost less, CNY; unknown without a solver, and where not everybody can be served. */
  bound: number | undefined
  /** In the order of the case's vehicles. */
  plan: { pile: string; kw: number[] }[]
}

/** Near enough to the bound that nothing more is tried, share of the cost. */
const CLOSE = 0.0005
/**
 * Programs that decide on powers below the smallest, and those for a set of slots that are on, while a vehicle lacks slots. Counted, not timed:
 * a night has one plan, on whatever machine and however busy.
 */
const DIVES = 6
const ROUNDS = 4
/** What a solver may leave over without meaning it. */
const UNSERVED_KWH = 1e-6
const PLAN_LIMIT_MS = 30_000

/** A plan for a night. Never fails for the solver's sake: what it does not finish in time is planned by the heuristic. */
export async function planCharging(night: ChargingCase, solve: SolveProgram, { limitMs = PLAN_LIMIT_MS, fairness = 'weights', preferEarly = false }: PlanOptions = {}): Promise<ChargingPlan> {
  const until = Date.now() + limitMs
  const left = (): number => Math.max(1, until - Date.now())
  const byHeuristic = (why: string, bound?: number): ChargingPlan => finished(night, greedyPowers(night), { method: 'heuristic', why, bound })
  if (night.evs.length === 0) return finished(night, [], { method: 'rounded', why: undefined, bound: 0 })

  let leastShare = 0
  if (fairness === 'max-min') {
    const share = await solve(programText(night, { objective: 'share' }), left())
    // A hair below, so that rounding of the solver does not make the next program infeasible.
    if (share.kind === 'optimal') leastShare = Math.max(0, share.objective - 1e-6)
  }
  const first = await solve(programText(night, { leastShare, preferEarly }), left())
  if (first.kind !== 'optimal') return byHeuristic(reason(first))
  const bound = servesAll(night, first.values) ? costOf(night, first.values) : undefined

  const relaxed = powersOf(night, first.values)
  const straight = await fromPattern(night, slotsOn(night, relaxed), preferEarly, solve, left)
  if (!('plan' in straight)) return byHeuristic(reason(straight), bound)
  let best = { ...straight, bound }
  if (isClose(best, bound)) return best

  // Dearer than need be: decide step by step in place of all at once.
  const decided = undecided(night)
  let powers = relaxed
  for (let dive = 0; dive < DIVES && decideLow(night, powers, decided) > 0; dive++) {
    const answer = await solve(programText(night, { decided, preferEarly }), left())
    if (answer.kind === 'unfinished') return { ...best, why: `not improved further, ${reason(answer)}` }
    if (answer.kind !== 'optimal') return best
    powers = powersOf(night, answer.values)
  }
  const dived = await fromPattern(night, slotsOn(night, powers), preferEarly, solve, left)
  if (!('plan' in dived)) return dived.kind === 'unfinished' ? { ...best, why: `not improved further, ${reason(dived)}` } : best
  if (isBetter(dived, best)) best = { ...dived, bound }
  return best
}

/** The best plan in which exactly these slots are on; more of them are switched on while a vehicle is not served in full. */
async function fromPattern(night: ChargingCase, on: Set<number>[], preferEarly: boolean, solve: SolveProgram, left: () => number): Promise<ChargingPlan | Unsolved> {
  let best: ChargingPlan | undefined
  for (let round = 0; round < ROUNDS; round++) {
    const answer = await solve(programText(night, { decided: decidedBy(night, on), preferEarly }), left())
    if (answer.kind !== 'optimal') return best ?? answer
    const powers = powersOf(night, answer.values)
    const plan = finished(night, powers, { method: 'rounded', why: undefined, bound: undefined })
    if (!best || isBetter(plan, best)) best = plan
    if (plan.unserved === 0 || !widen(night, on, powers)) break
  }
  return best as ChargingPlan
}

function isBetter(one: Judgement, other: Judgement): boolean {
  return one.unserved < other.unserved || (one.unserved === other.unserved && Number(one.cost) < Number(other.cost))
}

function isClose({ cost, unserved }: Judgement, bound: number | undefined): boolean {
  return bound !== undefined && unserved === 0 && Number(cost) - bound <= CLOSE * Math.abs(bound) + 1e-4
}

type Unsolved = Exclude<Awaited<ReturnType<SolveProgram>>, { kind: 'optimal' }>

function reason(answer: Unsolved): string {
  return answer.kind === 'infeasible' ? 'the linear program has no solution' : `the solver did not finish: ${answer.why}`
}

function finished(night: ChargingCase, powers: Powers, how: Pick<ChargingPlan, 'method' | 'why' | 'bound'>): ChargingPlan {
  const watts = wholeWatts(night, powers)
  return { ...judge(night, watts), ...how, plan: night.evs.map(({ pile }, index) => ({ pile, kw: (watts[index] ?? []).map((watt) => watt / 1_000) })) }
}

function servesAll(night: ChargingCase, values: Readonly<Record<string, number>>): boolean {
  return night.evs.every((_, index) => (values[`u${index}`] ?? 0) < UNSERVED_KWH)
}

/** Energy cost alone, without what the goal adds for energy not served and for the peak. */
function costOf(night: ChargingCase, values: Readonly<Record<string, number>>): number {
  const hours = night.slot_minutes / 60
  const sum = powersOf(night, values).reduce((total, row) => total + row.reduce((part, kw, slot) => part + kw * hours * (night.price_cny_per_kwh[slot] ?? 0), 0), 0)
  return Math.round(sum * 10_000) / 10_000
}
