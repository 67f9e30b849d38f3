import { STATE } from './series.js'

/** A validated day as it is stored: whole digits of the register by interval, null where none is known, and a state for each. */
export interface StoredIntervals {
  best: readonly (number | null)[]
  states: Uint8Array
  decimals: number
  /** ctRatio x ptRatio. */
  ratio: number
}

/**
 * Mean power of each interval in kW; NaN where it was not measured, so that an estimate is never taken for a measurement.
 * @param stepMs length of an interval
 */
export function measuredPower({ best, states, decimals, ratio }: StoredIntervals, stepMs: number): Float64Array {
  const factor = (ratio * 3_600_000) / stepMs / 10 ** decimals
  return Float64Array.from(best, (digits, slot) => (digits !== null && MEASURED.has(states[slot] as number) ? digits * factor : NaN))
}

const MEASURED: ReadonlySet<number> = new Set([STATE.measured, STATE.recollected, STATE.edited])
