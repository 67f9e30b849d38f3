import { HesError } from '@zhuzhan/core'
import { registerDifference } from './difference.js'

/** How an interval's energy came to be (analytics §1), and `rejected`: measured, and a rule forbids to use it. */
export const STATES = ['measured', 'recollected', 'estimated', 'edited', 'missing', 'rejected'] as const
export type State = (typeof STATES)[number]
export const STATE = Object.fromEntries(STATES.map((name, index) => [name, index])) as Record<State, number>

/** No energy is known. */
export const MISSING = -(2 ** 31)
/** The largest energy an interval may have. */
export const LARGEST = 2 ** 31 - 1

/** Register values of the ends of a day's intervals: `slots + 1` of them. */
export interface RegisterCurve {
  /** Whole digits of the register, safe integers (so that sums and differences are exact); NaN where none came. */
  values: Float64Array
  /** Index into STATES; `missing` where none came. */
  states: Uint8Array
}

/** Energy of intervals, whole digits of the register before ratios, or MISSING. */
export interface Intervals {
  energy: Int32Array
  states: Uint8Array
}

export const isUsable = (state: number): boolean => state < (STATE.missing as number)

/**
 * A register as a count of its last digit: `1234.5` with two decimals is 123450.
 * @throws HesError DATA_REFUSED for what is no decimal, has more decimals than given (unless zeros), or is too large to be counted exactly
 */
export function digitsOf(text: string, decimals: number): number {
  let [digits, after, point, at] = [0, 0, false, text.startsWith('-') ? 1 : 0]
  const start = at
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 46 && !point) point = true
    else if (code < 48 || code > 57) throw new HesError('DATA_REFUSED', `'${text}' is no decimal number`)
    else if (!point || after < decimals) {
      digits = digits * 10 + code - 48
      if (point) after++
    } else if (code !== 48) throw new HesError('DATA_REFUSED', `'${text}' has more than ${decimals} decimals`)
  }
  for (; after < decimals; after++) digits *= 10
  if (at === start || !Number.isSafeInteger(digits)) throw new HesError('DATA_REFUSED', `'${text}' cannot be counted in digits`)
  return start === 1 ? -digits : digits
}

/** The decimal number that a count of last digits stands for. */
export function digitsText(digits: number | bigint, decimals: number): string {
  const whole = digits < 0 ? (-BigInt(digits)).toString() : digits.toString()
  const padded = whole.padStart(decimals + 1, '0')
  return `${digits < 0 ? '-' : ''}${padded.slice(0, padded.length - decimals)}${decimals === 0 ? '' : `.${padded.slice(-decimals)}`}`
}

export function emptyCurve(slots: number): RegisterCurve {
  return { values: new Float64Array(slots + 1).fill(NaN), states: new Uint8Array(slots + 1).fill(STATE.missing) }
}

/**
 * Differences of neighbouring registers, over a roll-over where one explains the fall; `missing` next to a register that is not there. A
 * difference too large to be an interval's is `rejected`.
 */
export function intervalsOfCurve({ values, states }: RegisterCurve, fullScale: number, nearFullScale: number): Intervals {
  const slots = values.length - 1
  const intervals = { energy: new Int32Array(slots).fill(MISSING), states: new Uint8Array(slots).fill(STATE.missing) }
  for (let slot = 0; slot < slots; slot++) {
    let difference = (values[slot + 1] as number) - (values[slot] as number)
    if (Number.isNaN(difference)) continue
    if (difference < 0) {
      const over = registerDifference(values[slot] as number, values[slot + 1] as number, fullScale, nearFullScale)
      if (over.kind === 'energy') difference = over.digits
    }
    const fits = Math.abs(difference) <= LARGEST
    if (fits) intervals.energy[slot] = difference
    intervals.states[slot] = fits ? Math.max(states[slot] as number, states[slot + 1] as number) : STATE.rejected
  }
  return intervals
}
