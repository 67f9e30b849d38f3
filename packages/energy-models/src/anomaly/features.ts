import { correlation, mean, median, quantileOf, sortedFinite } from '../linear/statistics.js'
import { STATISTICS } from './daily.js'
import type { Daily } from './daily.js'
import { hoursOf, levelShift, plateau, straight } from './levels.js'
import { lowDays, stepsOf } from './steps.js'

/** One customer: what it used before, and the time to be judged. Full days of `perDay` values, NaN where missing. */
export interface Customer {
  history: Float64Array
  recent: Float64Array
  perDay: number
  /** The same by day and statistic. */
  before: Daily
  now: Daily
  /** What the area used by day and statistic against its own histories, so that weather and holidays speak against nobody. */
  area: { before: Daily; now: Daily }
}

const TINY = 1e-9
const NAMES = STATISTICS as readonly string[]
const CORE = NAMES.slice(0, 6)

/** Names of the features, in their order; a model is used only with the very same. */
export const FEATURES: readonly string[] = [
  'place', 'joint', 'joint-size', 'consistency', 'sharp', 'sharp-size', 'sharp-place', 'here', 'here-size',
  ...NAMES.flatMap((name) => [`${name}-size`, `${name}-strength`, `${name}-least`, `${name}-late`, `${name}-early`, `${name}-fall`]), ...CORE.map((name) => `${name}-ramp`),
  'band-low', 'band-high', 'band-low-rest', 'band-spread', 'core-highest', 'core-highest-late', 'floors-to-mean', 'low-days', 'low-days-night', 'low-days-floor', 'night-spread', 'floor-spread', 'floor-with-mean',
  'evening-rest', 'night-rest', 'noon-rest',
  'shift', 'shift-gain', 'shift-fit', 'night-shift', 'night-shift-gain', 'end-shift', 'end-shift-gain', 'end-night-shift', 'end-night-shift-gain',
  'factor', 'part', 'straight-error', 'end-factor', 'end-part', 'end-straight-error',
  'plateau', 'plateau-change', 'end-plateau', 'cap', 'end-cap', 'cap-before', 'maximum', 'zero-share', 'zero-change', 'zero-run', 'night-zeros', 'noon-zeros', 'lowest',
  'profile', 'profile-reversed', 'day-variation', 'two-levels', 'roughness', 'within-variation', 'lag1-change',
  'end-zeros', 'end-zero-run', 'end-profile', 'end-profile-reversed', 'end-reversed-more', 'end-roughness', 'end-within', 'end-lag1', 'end-maximum', 'missing', 'missing-change',
]

const log = (a: number, b: number): number => Math.log((a + TINY) / (b + TINY))
const safe = (value: number): number => (Number.isFinite(value) ? Math.round(Math.max(-60, Math.min(60, value)) * 1e4) / 1e4 : NaN)

/**
 * A customer against its own history: ratios, shapes and changes inside of the time judged. Missing values are left out and counted, never
 * filled.
 */
export function featuresOf({ history, recent, perDay, before, now, area }: Customer): Float64Array {
  const unit = Math.max(mean(history), TINY)
  const days = recent.length / perDay
  const steps = stepsOf(before, now, area)
  const { sizes, strengths, own, late, early, ramps, tracks, day } = steps
  const join = (a: Float64Array, b: Float64Array): Float64Array => { const out = new Float64Array(a.length + b.length); out.set(a); out.set(b, a.length); return out }
  const past = history.subarray(Math.max(0, history.length - 30 * perDay))
  const pre = join(past, recent.subarray(0, day * perDay))
  const post = recent.subarray(day * perDay)
  const start = join(history.subarray(Math.max(0, history.length - 20 * perDay)), recent.subarray(0, 12 * perDay))
  const end = recent.subarray(Math.max(0, days - 21) * perDay)
  const [sortedPre, sortedPost, sortedStart, sortedEnd, sortedHistory] = [pre, post, start, end, history].map(sortedFinite) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]

  const bands = sizes.slice(6)
  const rest = bands.map((size, index) => size - median(bands.filter((_, other) => other !== index)))
  const core = sizes.slice(0, 6)
  const postTracks = tracks.map((values) => values.subarray(before[0]!.length + day))
  const preTracks = tracks.map((values) => values.subarray(Math.max(0, before[0]!.length - 30), before[0]!.length + day))
  const width = (values: Float64Array): number => { const sorted = sortedFinite(values); return quantileOf(sorted, 0.9) - quantileOf(sorted, 0.1) }

  const profiles = [pre, post].map((values) => profile(values, perDay)) as [Float64Array, Float64Array]
  const hours = (from: number, to: number): number => {
    const inside = (slot: number): boolean => slot >= (from * perDay) / 24 && slot < (to * perDay) / 24
    const part = (values: Float64Array, wanted: boolean): number => mean(values.filter((_, slot) => inside(slot) === wanted)) / unit + 0.05
    return log(part(profiles[1], true), part(profiles[0], true)) - log(part(profiles[1], false), part(profiles[0], false))
  }
  const shifts = [[pre, post], [start, end]].map(([a, b]) => {
    const [all, night] = [levelShift(a!, b!, unit), levelShift(hoursOf(a!, perDay, 0, 6), hoursOf(b!, perDay, 0, 6), unit)]
    return { all, night }
  }) as [{ all: ReturnType<typeof levelShift>; night: ReturnType<typeof levelShift> }, { all: ReturnType<typeof levelShift>; night: ReturnType<typeof levelShift> }]
  const lines = [straight(sortedPost, sortedPre, unit), straight(sortedEnd, sortedStart, unit)] as const
  const [flatPost, flatEnd, flatPre] = [plateau(sortedPost), plateau(sortedEnd), plateau(sortedHistory)]
  const zero = (sorted: Float64Array): number => { let count = 0; while (count < sorted.length && sorted[count]! <= 0.003 * unit) count++; return count / Math.max(1, sorted.length) }
  const rough = (values: Float64Array): number => meanStep(values) / Math.max(mean(values), TINY)
  const daily = postTracks[0]!
  const [endProfile, usual] = [profile(end, perDay), profile(history, perDay)]
  const backwards = correlation(endProfile, usual.slice().reverse())
  return Float64Array.from([
    steps.place, steps.joint, steps.jointSize, steps.consistency, ...steps.local,
    ...NAMES.flatMap((_, index) => [sizes[index]!, strengths[index]!, own[index]!, late[index]!, early[index]!, late[index]! - early[index]!]), ...ramps,
    Math.min(...bands), Math.max(...bands), Math.min(...rest), spread(bands), Math.max(...core), Math.max(...late.slice(0, 6)), (sizes[1]! + sizes[2]!) / 2 - sizes[0]!, ...lowDays(tracks, before[0]!.length + day),
    width(postTracks[1]!) - width(preTracks[1]!), width(postTracks[2]!) - width(preTracks[2]!), correlation(postTracks[0]!, postTracks[2]!) - correlation(preTracks[0]!, preTracks[2]!),
    hours(17, 23), hours(0, 6), hours(9, 17),
    ...shifts.flatMap(({ all, night }, index) => (index === 0 ? [all.shift, all.gain, all.fit, night.shift, night.gain] : [all.shift, all.gain, night.shift, night.gain])),
    ...lines.flatMap(({ factor, part, error }) => [factor, part, error]),
    flatPost.share, flatPost.share - flatPre.share, flatEnd.share - flatPre.share, flatPost.top, flatEnd.top, flatPre.top, log(quantileOf(sortedPost, 0.998), quantileOf(sortedPre, 0.998)),
    zero(sortedPost), zero(sortedPost) - zero(sortedPre), longestRun(post, 0.003 * unit) / perDay, zero(sortedFinite(hoursOf(post, perDay, 0, 6))), zero(sortedFinite(hoursOf(post, perDay, 10, 16))), log(quantileOf(sortedPost, 0.02) / unit + 0.02, quantileOf(sortedPre, 0.02) / unit + 0.02),
    correlation(profiles[1], profiles[0]), correlation(profiles[1], profiles[0].slice().reverse()), width(daily) - width(preTracks[0]!), twoLevels(daily.map(Math.exp)),
    log(rough(post), rough(pre)), within(post, perDay) - within(pre, perDay), lag1(post) - lag1(pre),
    zero(sortedEnd) - zero(sortedHistory), longestRun(end, 0.003 * unit) / perDay, correlation(endProfile, usual), backwards, backwards - correlation(endProfile, usual), log(rough(end), rough(past)), log(within(end, perDay), within(past, perDay)), lag1(end) - lag1(past),
    log(quantileOf(sortedEnd, 0.998), quantileOf(sortedHistory, 0.998)), missing(recent), missing(recent) - missing(history),
  ].map(safe))
}

const missing = (values: Float64Array): number => values.filter((value) => !Number.isFinite(value)).length / values.length

function profile(values: Float64Array, perDay: number): Float64Array {
  const [sums, counts] = [new Float64Array(perDay), new Float64Array(perDay)]
  for (let time = 0; time < values.length; time++) {
    const value = values[time]!
    if (!Number.isFinite(value)) continue
    sums[time % perDay]! += value
    counts[time % perDay]! += 1
  }
  return sums.map((sum, slot) => sum / counts[slot]!)
}

function deviation(values: ArrayLike<number>): number {
  const all = Array.from(values).filter(Number.isFinite)
  const middle = mean(all)
  return Math.sqrt(mean(all.map((value) => (value - middle) ** 2)))
}

const spread = (values: readonly number[]): number => deviation(values)
const variation = (values: Float64Array): number => deviation(values) / Math.max(mean(values), TINY)

/** How far two heaps of days are apart against their own width: days with and without something. */
function twoLevels(daily: Float64Array): number {
  const sorted = daily.filter(Number.isFinite).sort()
  let best = 0
  for (let cut = 3; cut <= sorted.length - 3; cut++) {
    const [low, high] = [sorted.subarray(0, cut), sorted.subarray(cut)]
    best = Math.max(best, (mean(high) - mean(low)) / (deviation(low) + deviation(high) + 0.05 * mean(sorted)))
  }
  return best
}

function longestRun(values: Float64Array, limit: number): number {
  let [run, longest] = [0, 0]
  for (const value of values) {
    run = value <= limit ? run + 1 : 0
    longest = Math.max(longest, run)
  }
  return longest
}

function meanStep(values: Float64Array): number {
  return mean(values.map((value, time) => (time === 0 ? NaN : Math.abs(value - (values[time - 1] as number)))))
}

function within(values: Float64Array, perDay: number): number {
  return mean(Array.from({ length: Math.floor(values.length / perDay) }, (_, day) => variation(values.subarray(day * perDay, (day + 1) * perDay))))
}

function lag1(values: Float64Array): number {
  return correlation(values.subarray(1), values.subarray(0, values.length - 1))
}
