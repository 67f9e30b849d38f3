import { quantileOf } from '../linear/statistics.js'

const BIN = 0.02
const LOW = -5
const BINS = 400

/**
 * How far the levels a customer draws (standby, refrigerator, lamps) have moved: the shift of the logarithms at which the fine histograms of
 * both times fit best. A factor moves all levels by the same share.
 */
export function levelShift(before: Float64Array, now: Float64Array, unit: number): { shift: number; gain: number; fit: number } {
  const [a, b] = [histogram(before, unit), histogram(now, unit)]
  const fits: number[] = []
  const first = Math.round(-0.7 / BIN)
  for (let shift = first; shift <= 0.3 / BIN; shift++) fits.push(fitOf(a, b, shift))
  let best = -first
  fits.forEach((fit, index) => { if (fit > fits[best]! + 1e-9) best = index })
  return { shift: (best + first) * BIN, gain: fits[best]! - fits[-first]!, fit: fits[best]! }
}

function fitOf(a: Float64Array, b: Float64Array, shift: number): number {
  let sum = 0
  for (let bin = Math.max(0, shift); bin < BINS + Math.min(0, shift); bin++) sum += Math.sqrt(b[bin]! * a[bin - shift]!)
  return sum
}

/** Shares by bin of the logarithm, smoothed over five bins. */
function histogram(values: Float64Array, unit: number): Float64Array {
  const counts = new Float64Array(BINS)
  let total = 0
  for (const value of values) {
    if (!(value > 0)) continue
    const bin = (Math.log(value / unit) - LOW) / BIN
    if (bin < 2 || bin >= BINS - 3) continue
    const place = Math.floor(bin)
    for (let near = -2; near <= 2; near++) counts[place + near]! += near === 0 ? 3 : Math.abs(near) === 1 ? 2 : 1
    total += 9
  }
  return counts.map((count) => count / Math.max(1, total))
}

/**
 * Of sorted values: the largest share of readings within 1.5 % of each other in the upper part, and the same with no more than 1.5 % of the
 * readings over it: a cap, which a few wrong readings do not hide.
 */
export function plateau(sorted: Float64Array): { share: number; top: number } {
  const start = Math.floor(0.55 * sorted.length)
  let [share, top, to] = [0, 0, start]
  for (let from = start; from < sorted.length; from++) {
    to = Math.max(to, from)
    while (to < sorted.length && sorted[to]! <= sorted[from]! * 1.015) to++
    share = Math.max(share, to - from)
    if (sorted.length - to <= 0.015 * sorted.length) top = Math.max(top, to - from)
  }
  return { share: share / Math.max(1, sorted.length), top: top / Math.max(1, sorted.length) }
}

/** Late quantiles as factor x earlier ones + a part, robust against the highest and lowest: a factor has no part, a steady part no factor. */
export function straight(late: Float64Array, before: Float64Array, unit: number): { factor: number; part: number; error: number } {
  const places = Array.from({ length: 25 }, (_, index) => 0.2 + 0.032 * index)
  const [x, y] = [places.map((p) => quantileOf(before, p) / unit), places.map((p) => quantileOf(late, p) / unit)]
  const weights = x.map((value) => 1 / (0.1 + value) ** 2)
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0]
  x.forEach((value, index) => {
    if (y[index]! <= 0) return
    const weight = weights[index]!
    w += weight; wx += weight * value; wy += weight * y[index]!; wxx += weight * value * value; wxy += weight * value * y[index]!
  })
  const factor = (w * wxy - wx * wy) / Math.max(w * wxx - wx * wx, 1e-9)
  const part = (wy - factor * wx) / Math.max(w, 1e-9)
  let error = 0
  x.forEach((value, index) => { if (y[index]! > 0) error += weights[index]! * (y[index]! - factor * value - part) ** 2 })
  return { factor, part, error: Math.sqrt(error / Math.max(w, 1e-9)) }
}

/** Readings of some hours, over days. */
export function hoursOf(values: Float64Array, perDay: number, from: number, to: number): Float64Array {
  return values.filter((_, time) => { const hour = ((time % perDay) * 24) / perDay; return hour >= from && hour < to })
}
