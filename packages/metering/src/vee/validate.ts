import type { DayInput, Finding, RuleCode } from './day.js'
import { highLow, rates, register } from './register-rules.js'
import { MISSING, STATE } from './series.js'
import type { Intervals } from './series.js'
import { clock, consistency, range, spike, structure, stuck, zeros } from './value-rules.js'
import type { Rule } from './value-rules.js'

/** The checks in the order of the reference (analytics §2). What one rejects, those after it do not see. */
export const RULES: readonly { number: number; name: string; codes: readonly RuleCode[]; check: Rule }[] = [
  { number: 1, name: 'clock', codes: ['VEE-1-CLOCK'], check: clock },
  { number: 2, name: 'structure', codes: ['VEE-2-DUPLICATE', 'VEE-2-OVERLAP', 'VEE-2-UNIT'], check: structure },
  { number: 3, name: 'range', codes: ['VEE-3-RANGE'], check: range },
  { number: 4, name: 'register', codes: ['VEE-4-BACKWARDS', 'VEE-4-ROLLOVER', 'VEE-4-STEP'], check: register },
  { number: 5, name: 'register sum', codes: ['VEE-5-RATES'], check: rates },
  { number: 6, name: 'spike', codes: ['VEE-6-SPIKE'], check: spike },
  { number: 7, name: 'high/low', codes: ['VEE-7-HIGH', 'VEE-7-LOW'], check: highLow },
  { number: 8, name: 'consistency', codes: ['VEE-8-CONSISTENCY'], check: consistency },
  { number: 9, name: 'zeros', codes: ['VEE-9-ZEROS', 'VEE-9-STUCK'], check: (day) => [...zeros(day), ...stuck(day)] },
]

export interface Verdict {
  /** The day's intervals with `rejected` where a rule says so; the rejected energies stay visible in the input. */
  intervals: Intervals
  findings: Finding[]
  /** Something but a note was found. */
  flagged: boolean
}

/** Runs every check over a day. The input is left as it is. An edited value was judged by a person: only structure and clock reject it. */
export function validateDay(day: DayInput): Verdict {
  const intervals: Intervals = { energy: day.intervals.energy.slice(), states: day.intervals.states.slice() }
  const seen: DayInput = { ...day, intervals }
  const findings: Finding[] = []
  for (const { check, number } of RULES) {
    const found = check(seen)
    for (const one of found) {
      findings.push(one)
      if (one.effect === 'reject') reject(intervals, one, number > 2)
    }
  }
  return { intervals, findings, flagged: findings.some(({ effect }) => effect !== 'note') }
}

function reject({ energy, states }: Intervals, { from, to }: Finding, spareEdited: boolean): void {
  for (let slot = from; slot < to; slot++) {
    if (states[slot] === STATE.missing || (spareEdited && states[slot] === STATE.edited)) continue
    states[slot] = STATE.rejected
    energy[slot] = MISSING
  }
}
