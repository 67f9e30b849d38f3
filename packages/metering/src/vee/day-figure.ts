import type { DayInput, Finding } from './day.js'
import { registerDifference } from './difference.js'
import { estimateGap, gapsOf, profileOf, putEstimate } from './estimate.js'
import type { Gap, Method } from './estimate.js'
import { sumOfUsable } from './register-rules.js'
import { LARGEST, STATE, STATES, intervalsOfCurve } from './series.js'
import type { Intervals, RegisterCurve, State } from './series.js'
import { validateDay } from './validate.js'
import { capacityDigits } from './value-rules.js'

/** One channel's day as it came. */
export interface DayReadings extends Omit<DayInput, 'intervals'> {
  /** Registers at the ends of the intervals. */
  curve: RegisterCurve
  /** Validated intervals of earlier like days, the latest first. */
  profileDays: readonly Intervals[]
}

export interface FilledGap extends Gap {
  /** Why the values are not there: nothing came, or the codes of the rules that rejected them. */
  reason: string
  /** How it was filled, or why it was not. */
  method: Method | null
  /** The sum of the estimates is exactly the difference of the registers around the gap. */
  scaled: boolean
  refused: string | null
}

export interface DayFigure {
  counts: Record<State, number>
  findings: Finding[]
  gaps: FilledGap[]
  /** What was validated: rejected and missing ones without energy. Others' profiles are made of these. */
  validated: Intervals
  /** The best value of every interval. */
  best: Intervals
  /** Energy of the day in whole digits; null with the reason. */
  energy: number | null
  whyNot: string | null
  /** `registers`: the difference of the day's registers; `intervals`: a sum with estimates that nothing scales. */
  basis: 'registers' | 'intervals' | null
  /** Share of the intervals that is estimated, 0 to 1. */
  estimatedShare: number
  /** All intervals and both registers of the day came and no rule objects (analytics §1). */
  complete: boolean
  /** Nothing estimated, edited by hand or doubtful stands behind it: only then may something be switched or charged on its strength. */
  mayAct: boolean
}

/** What a rule says about values makes the registers around them doubtful as well. */
const REGISTERS_DOUBTED: ReadonlySet<string> = new Set(['VEE-2-UNIT', 'VEE-4-BACKWARDS', 'VEE-4-STEP'])

/** Validates, estimates and sums up one channel's day. Pure: the same readings in any order of coming give the same figure. */
export function dayFigure(readings: DayReadings): DayFigure {
  const { curve, thresholds, fullScale } = readings
  const raw = intervalsOfCurve(curve, fullScale, thresholds.nearFullScale)
  const { intervals: validated, findings, flagged } = validateDay({ ...readings, intervals: raw })
  const best: Intervals = { energy: validated.energy.slice(), states: validated.states.slice() }
  const gaps = gapsOf(validated).map((gap) => fillGap(readings, validated, best, gap, findings))
  const counts = countStates(validated.states, best.states)
  const slots = best.states.length
  const sum = energyOf(readings, best, findings)
  const complete = counts.estimated === 0 && counts.missing === 0 && counts.rejected === 0 && !Number.isNaN(curve.values[0]) && !flagged
  return {
    counts, findings, gaps, validated, best, ...sum,
    estimatedShare: slots === 0 ? 0 : counts.estimated / slots,
    complete,
    mayAct: complete && counts.edited === 0 && sum.energy !== null,
  }
}

/** Intervals by the state of their best value; those that were missing or rejected are counted as that too when they were estimated. */
function countStates(validated: Uint8Array, best: Uint8Array): Record<State, number> {
  const counts = new Uint32Array(STATES.length)
  for (let slot = 0; slot < best.length; slot++) {
    const [is, was] = [best[slot] as number, validated[slot] as number]
    counts[is]!++
    if (is !== was) counts[was]!++
  }
  return Object.fromEntries(STATES.map((name, n) => [name, counts[n] as number])) as Record<State, number>
}

function fillGap(readings: DayReadings, validated: Intervals, best: Intervals, gap: Gap, findings: readonly Finding[]): FilledGap {
  const rejecting = [...new Set(findings.filter(({ effect, from, to }) => effect === 'reject' && from < gap.to && to > gap.from).map(({ code }) => code))]
  const came = validated.states.subarray(gap.from, gap.to).some((state) => state === STATE.rejected)
  const reason = rejecting.length > 0 && came ? rejecting.join(', ') : 'nothing came'
  const total = rejecting.some((code) => REGISTERS_DOUBTED.has(code)) ? undefined : totalOver(readings, gap)
  const profile = profileOf(readings.profileDays, gap.from, gap.to)
  const result = estimateGap(validated, gap, readings.stepMs, total, profile)
  if (result.kind === 'refused') return { ...gap, reason, method: null, scaled: false, refused: result.reason }
  putEstimate(best, gap, result.estimate)
  return { ...gap, reason, method: result.estimate.method, scaled: result.estimate.scaled, refused: null }
}

/** Register difference over a gap, unless more than the customer can take: then a register has flown away and tells nothing. */
function totalOver(readings: DayReadings, { from, to }: Gap): number | undefined {
  const { curve: { values }, fullScale, thresholds, stepMs } = readings
  const difference = registerDifference(values[from] as number, values[to] as number, fullScale, thresholds.nearFullScale)
  if (difference.kind === 'none') return undefined
  // Backwards: handed on, so that the gap is refused and not filled as if nothing were known.
  if (difference.kind === 'backwards') return difference.digits
  return difference.digits > Math.min(capacityDigits(readings, stepMs * (to - from)), LARGEST) ? undefined : difference.digits
}

function energyOf({ curve: { values }, fullScale, thresholds }: DayReadings, best: Intervals, findings: readonly Finding[]): Pick<DayFigure, 'energy' | 'whyNot' | 'basis'> {
  const refusing = findings.filter(({ effect, code }) => effect === 'reject' && REGISTERS_DOUBTED.has(code))
  if (refusing.length > 0) return { energy: null, whyNot: refusing.map(({ code, text }) => `${code}: ${text}`).join('; '), basis: null }
  const [begin, end] = [values[0] as number, values.at(-1) as number]
  const difference = registerDifference(begin, end, fullScale, thresholds.nearFullScale)
  const sum = sumOfUsable(best.energy, best.states)
  if (difference.kind === 'backwards') return { energy: null, whyNot: 'VEE-4-BACKWARDS: the register went backwards', basis: null }
  if (difference.kind === 'none') {
    if (sum !== undefined) return { energy: sum, whyNot: null, basis: 'intervals' }
    return { energy: null, whyNot: best.states.every((state) => state === STATE.missing) ? 'no readings' : 'a register of the day and some intervals are not there', basis: null }
  }
  // Analytics §1: intervals and registers may differ by 0.5 % or one digit.
  if (sum !== undefined && Math.abs(sum - difference.digits) > Math.max(difference.digits / 200, 1)) {
    return { energy: null, whyNot: `the intervals add up to ${sum} digits, the registers differ by ${difference.digits}`, basis: null }
  }
  return { energy: difference.digits, whyNot: null, basis: 'registers' }
}
