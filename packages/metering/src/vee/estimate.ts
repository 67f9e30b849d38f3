import { STATE, isUsable } from './series.js'
import type { Intervals } from './series.js'

const HOUR_MS = 3_600_000
/** Up to here the line is nearer than the profile (analytics §2, measured there). */
export const LINE_UP_TO_MS = 2 * HOUR_MS
/** Same weekdays a profile is made of. */
export const PROFILE_DAYS = 4

export type Method = 'line' | 'profile' | 'even'

/** Intervals without a usable energy, `to` excluded. */
export interface Gap {
  from: number
  to: number
}

export interface Estimate {
  method: Method
  /** Both registers were known: the sum is exactly their difference, only the shape is estimated. */
  scaled: boolean
  /** By interval of the gap, whole digits. */
  energy: Int32Array
}
export type EstimateResult = { kind: 'estimate'; estimate: Estimate } | { kind: 'refused'; reason: string }

export function gapsOf({ states }: Intervals): Gap[] {
  const gaps: Gap[] = []
  for (let from = 0; from < states.length; from++) {
    if (isUsable(states[from] as number)) continue
    let to = from + 1
    while (to < states.length && !isUsable(states[to] as number)) to++
    gaps.push({ from, to })
    from = to
  }
  return gaps
}

/**
 * Fills one gap: up to 2 h on the line between the neighbours, longer ones by the profile. With both registers the values are scaled so that
 * their sum is exactly the difference, whatever the shape (analytics §2). Nothing is made up from nothing: without registers, neighbours and
 * profile the gap stays.
 * @param total register difference over the gap in whole digits; undefined when one of the two is not known
 * @param profile expected energies by interval of the gap in digits, NaN where no like day tells
 */
export function estimateGap({ energy, states }: Intervals, { from, to }: Gap, stepMs: number, total: number | undefined, profile: ArrayLike<number> | undefined): EstimateResult {
  if (total !== undefined && total < 0) return { kind: 'refused', reason: 'the registers around the gap go backwards' }
  const slots = to - from
  const left = from > 0 && isUsable(states[from - 1] as number) ? energy[from - 1] : undefined
  const right = to < energy.length && isUsable(states[to] as number) ? energy[to] : undefined
  const line = lineOf(left, right, slots)
  const shape = slots * stepMs <= LINE_UP_TO_MS ? line ?? wholeProfile(profile, slots) : wholeProfile(profile, slots) ?? line
  if (!shape && total === undefined) return { kind: 'refused', reason: 'no register, no neighbour and no like day tells anything' }
  const method: Method = !shape ? 'even' : shape === line ? 'line' : 'profile'
  const values = shape ?? new Float64Array(slots).fill(1)
  return { kind: 'estimate', estimate: { method, scaled: total !== undefined, energy: total === undefined ? Int32Array.from(values, (one) => Math.max(0, Math.round(one))) : splitExactly(total, values) } }
}

function lineOf(left: number | undefined, right: number | undefined, slots: number): Float64Array | undefined {
  const [a, b] = [left ?? right, right ?? left]
  if (a === undefined || b === undefined) return undefined
  return Float64Array.from({ length: slots }, (_, n) => a + ((b - a) * (n + 1)) / (slots + 1))
}

/** A profile that tells at least three quarters of the gap; the others are its mean. */
function wholeProfile(profile: ArrayLike<number> | undefined, slots: number): Float64Array | undefined {
  if (!profile) return undefined
  let [sum, count] = [0, 0]
  for (let n = 0; n < slots; n++) {
    if (Number.isNaN(profile[n] as number)) continue
    sum += profile[n] as number
    count++
  }
  return count < slots * 0.75 || count === 0 ? undefined : Float64Array.from({ length: slots }, (_, n) => (Number.isNaN(profile[n] as number) ? sum / count : (profile[n] as number)))
}

/** Whole numbers that are in proportion to the weights and whose sum is exactly `total`. Weights under 0 count as 0; all of them zero: even. */
export function splitExactly(total: number, weights: ArrayLike<number>): Int32Array {
  const parts = new Int32Array(weights.length)
  let all = 0
  for (let n = 0; n < weights.length; n++) all += Math.max(0, weights[n] as number)
  const even = !(all > 0) || !Number.isFinite(all)
  if (even) all = weights.length
  let [weight, before] = [0, 0]
  for (let n = 0; n < weights.length; n++) {
    weight += even ? 1 : Math.max(0, weights[n] as number)
    // Rounded at every boundary, so that no error is carried on; the last boundary is the total itself.
    const upTo = n === weights.length - 1 ? total : Math.min(total, Math.max(before, Math.round((total * weight) / all)))
    parts[n] = upTo - before
    before = upTo
  }
  return parts
}

/** Median by slot over like days (analytics §2: the last four same weekdays). NaN where under two of them have a usable value. */
export function profileOf(likeDays: readonly Intervals[], from: number, to: number): Float64Array {
  const days = likeDays.slice(0, PROFILE_DAYS)
  const known: number[] = []
  return Float64Array.from({ length: to - from }, (_, n) => {
    known.length = 0
    for (const { energy, states } of days) {
      const state = states[from + n]
      // Measured values only: an estimate must not stand on an estimate.
      if (state === STATE.measured || state === STATE.recollected || state === STATE.edited) known.push(energy[from + n] as number)
    }
    if (known.length < 2) return NaN
    known.sort((a, b) => a - b)
    const middle = known.length >> 1
    return known.length % 2 === 1 ? (known[middle] as number) : ((known[middle - 1] as number) + (known[middle] as number)) / 2
  })
}

/** Puts an estimate into its gap. */
export function putEstimate(intervals: Intervals, { from }: Gap, { energy }: Estimate): void {
  intervals.energy.set(energy, from)
  intervals.states.fill(STATE.estimated, from, from + energy.length)
}
