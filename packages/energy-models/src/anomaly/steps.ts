import { median, quantile } from '../linear/statistics.js'
import { STATISTICS } from './daily.js'
import type { Daily } from './daily.js'

/** A factor moves all of these together. */
const TOGETHER = [0, 1, 2, 3, 4, 5]
const WINSOR = 3

/** One statistic of one customer: what it used by day over what it and its area usually do; history first, then the days judged. */
interface Track {
  values: Float64Array
  /** Spread of a day, and how much longer noise lasts than a day. */
  sigma: number
  inflation: number
}

export interface Steps {
  place: number
  joint: number
  jointSize: number
  consistency: number
  sizes: number[]
  strengths: number[]
  own: number[]
  local: number[]
  late: number[]
  early: number[]
  ramps: number[]
  day: number
  tracks: Float64Array[]
}

/**
 * The day that parts the time judged best into a time before (with the history) and a time of less, for all statistics together: a change of
 * the meter moves floors and peaks on one day, life moves some of them.
 */
export function stepsOf(before: Daily, now: Daily, area: { before: Daily; now: Daily }): Steps {
  const known = before[0]!.length
  const days = now[0]!.length
  const tracks = STATISTICS.map((_, index) => trackOf(before[index]!, now[index]!, area.before[index]!, area.now[index]!))
  const sums = tracks.map(({ values }) => prefix(values))
  // The history tells as much as its last 30 days: what is older is of another season.
  const start = Math.max(0, known - 30)
  const first = Math.min(7, days - 7)
  const between = (index: number, from: number, to: number): { mean: number; count: number } => {
    const { sum, count } = sums[index]!
    const n = count[to]! - count[from]!
    return { mean: n === 0 ? NaN : (sum[to]! - sum[from]!) / n, count: n }
  }
  const stepAt = (index: number, day: number, from = start, to = known + days): { size: number; variance: number } => {
    const [a, b] = [between(index, from, known + day), between(index, known + day, to)]
    const { sigma, inflation } = tracks[index]!
    return { size: b.mean - a.mean, variance: sigma ** 2 * inflation * (1 / Math.max(1, a.count) + 1 / Math.max(1, b.count)) + 0.003 }
  }
  const joint = (day: number, from = start, to = known + days): { size: number; t: number } => {
    let [top, bottom] = [0, 0]
    for (const index of TOGETHER) {
      const { size, variance } = stepAt(index, day, from, to)
      if (!Number.isFinite(size)) continue
      top += size / variance
      bottom += 1 / variance
    }
    return { size: top / bottom, t: top / Math.sqrt(bottom) }
  }
  let best = { day: Math.floor(days / 2), t: Infinity, size: 0 }
  for (let day = first; day <= days - 6; day++) {
    const found = joint(day)
    if (found.t < best.t) best = { day, ...found }
  }
  const { day } = best
  const at = tracks.map((_, index) => stepAt(index, day))
  const consistency = Math.sqrt(TOGETHER.reduce((total, index) => total + (Number.isFinite(at[index]!.size) ? (at[index]!.size - best.size) ** 2 / at[index]!.variance : 0), 0) / TOGETHER.length)
  const own = tracks.map((_, index) => {
    let least = Infinity
    for (let one = first; one <= days - 6; one++) {
      const { size, variance } = stepAt(index, one)
      if (size / Math.sqrt(variance) < least) least = size / Math.sqrt(variance)
    }
    return least
  })
  // Sharp: a fortnight against the fortnight before, without the history.
  let sharp = { t: Infinity, size: 0, day: 0 }
  for (let one = first; one <= days - 6; one++) {
    const found = joint(one, Math.max(start, known + one - 14), Math.min(known + days, known + one + 14))
    if (found.t < sharp.t) sharp = { ...found, day: one }
  }
  const here = joint(day, Math.max(start, known + day - 10), Math.min(known + days, known + day + 10))
  const ramps = TOGETHER.map((index) => rampOf(tracks[index]!, known, days))
  const late = tracks.map(({ values }) => median(values.subarray(known + days - 14)))
  const early = tracks.map(({ values }) => median(values.subarray(known, known + 12)))
  return {
    place: day / days, joint: best.t, jointSize: best.size, consistency, day,
    sizes: at.map(({ size }) => size), strengths: at.map(({ size, variance }) => size / Math.sqrt(variance)), own,
    local: [sharp.t, sharp.size, sharp.day / days, here.t, here.size], late, early, ramps, tracks: tracks.map(({ values }) => values),
  }
}

function trackOf(before: Float64Array, now: Float64Array, areaBefore: Float64Array, areaNow: Float64Array): Track {
  const values = new Float64Array(before.length + now.length)
  values.set(before.map((value, day) => value - areaBefore[day]!))
  values.set(now.map((value, day) => value - areaNow[day]!), before.length)
  const past = values.subarray(0, before.length)
  const middle = median(past)
  const sigma = Math.max(0.03, 1.48 * median(past.map((value) => Math.abs(value - middle))))
  for (let day = 0; day < values.length; day++) values[day] = Math.max(-WINSOR * sigma - 1.5, Math.min(WINSOR * sigma, values[day]! - middle))
  let [cross, square] = [0, 0]
  for (let day = 1; day < past.length; day++) {
    const [a, b] = [past[day]!, past[day - 1]!]
    if (!Number.isFinite(a) || !Number.isFinite(b)) continue
    cross += a * b
    square += a * a
  }
  const r = Math.max(0, Math.min(0.8, cross / Math.max(square, 1e-9)))
  return { values, sigma, inflation: (1 + r) / (1 - r) }
}

/** How sure a fall that goes on is: flat, then a line from some day of the time judged to its end. */
function rampOf({ values, sigma, inflation }: Track, known: number, days: number): number {
  let best = 0
  for (let from = 0; from <= Math.min(35, days - 14); from += 5) {
    let [x2, xy] = [0, 0]
    for (let day = from; day < days; day++) {
      const value = values[known + day]!
      if (!Number.isFinite(value)) continue
      const x = (day - from) / (days - from)
      x2 += x * x
      xy += x * value
    }
    best = Math.min(best, xy / Math.sqrt(x2 * sigma ** 2 * inflation + 1e-9))
  }
  return best
}

function prefix(values: Float64Array): { sum: Float64Array; count: Float64Array } {
  const [sum, count] = [new Float64Array(values.length + 1), new Float64Array(values.length + 1)]
  values.forEach((value, index) => {
    const there = Number.isFinite(value)
    sum[index + 1] = sum[index]! + (there ? value : 0)
    count[index + 1] = count[index]! + (there ? 1 : 0)
  })
  return { sum, count }
}

/** Low days against the others, once less is used: is the floor lower on them too? */
export function lowDays(tracks: readonly Float64Array[], from: number): number[] {
  const [mean, night, floor] = [tracks[0]!.subarray(from), tracks[1]!.subarray(from), tracks[2]!.subarray(from)]
  const limit = quantile(mean, 0.35)
  const split = (values: Float64Array): number => median(values.filter((_, day) => mean[day]! <= limit)) - median(values.filter((_, day) => mean[day]! > limit))
  return [split(mean), split(night), split(floor)]
}
