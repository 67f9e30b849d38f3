import type { Intervals } from './series.js'
import type { Thresholds } from './thresholds.js'

/** Rated phases of one day, NaN where nothing came; as long as the day's intervals. */
export interface Electrical {
  /** V, by phase. */
  voltage: readonly Float64Array[]
  /** A, by phase, primary side or as the meter shows it: `currentRatio` makes it primary. */
  current: readonly Float64Array[]
  powerFactor: Float64Array | undefined
}

/** A meter's clock less the station's, ms. The truth lies within the uncertainty on either side. */
export interface ClockDeviation {
  deviationMs: number
  uncertaintyMs: number
}

/** Everything the checks of one channel's day look at. */
export interface DayInput {
  stepMs: number
  intervals: Intervals
  /** Decimals of the register. */
  decimals: number
  /** ctRatio x ptRatio, for thresholds only; energies stay in register digits. */
  ratio: number
  /** Digits at which the register starts again from zero. */
  fullScale: number
  /** How far the meter's clock was off that day; undefined when nobody knows: check 1 does not run. */
  clock: ClockDeviation | undefined
  /** Intervals one of whose values came twice with another value. */
  duplicates: readonly number[]
  /** Intervals that lie partly over others. */
  overlaps: readonly number[]
  /** Registers at the day's begin and end, digits: total, then the rates. NaN where not there. */
  registers: { begin: readonly number[]; end: readonly number[] } | undefined
  /** Energy of earlier days in digits, the latest first, NaN where it is not known from measured values. */
  history: readonly number[]
  /** The same for the last three like weekdays. */
  likeDays: readonly number[]
  electrical: Electrical | undefined
  thresholds: Thresholds
}

/** `reject`: the values are not used. `flag`: the day is shown as doubtful and drives nothing. `note`: worth knowing. */
export type Effect = 'reject' | 'flag' | 'note'

export interface Finding {
  code: RuleCode
  effect: Effect
  /** Intervals concerned, `to` excluded. */
  from: number
  to: number
  value: number
  limit: number
  text: string
}

export const RULE_CODES = [
  'VEE-1-CLOCK', 'VEE-2-DUPLICATE', 'VEE-2-OVERLAP', 'VEE-2-UNIT', 'VEE-3-RANGE', 'VEE-4-BACKWARDS', 'VEE-4-ROLLOVER', 'VEE-4-STEP',
  'VEE-5-RATES', 'VEE-6-SPIKE', 'VEE-7-HIGH', 'VEE-7-LOW', 'VEE-8-CONSISTENCY', 'VEE-9-ZEROS', 'VEE-9-STUCK',
] as const
export type RuleCode = (typeof RULE_CODES)[number]
