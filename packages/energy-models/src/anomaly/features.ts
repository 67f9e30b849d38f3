import { correlation, mean, median, quantileOf, sortedFinite } from '../linear/statistics.js'

/** One customer: what it used before, and the time to be judged. Full days of `perDay` values, NaN where missing. */
export interface Customer {
  history: Float64Array
  recent: Float64Array
  perDay: number
  /** By day of `recent`: what the area used against its own history, so that weather and holidays speak against nobody. 1 when unknown. */
  area: Float64Array
}

const QUANTILES = [0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99]
const BANDS = 8
const TINY = 1e-9

/** Names of the features, in their order; a model is used only with the very same. */
export const FEATURES: readonly string[] = [
  'energy', 'energy-late', 'drop', 'drop-strength', 'drop-place', 'trend', 'trend-late',
  ...QUANTILES.map((q) => `q${q * 100}`), ...QUANTILES.map((q) => `late-q${q * 100}`), 'quantile-spread', 'late-quantile-spread',
  ...Array.from({ length: BANDS }, (_, band) => `band${band}`), 'band-spread', 'band-low', 'band-high', 'evening-rest', 'night-rest', 'noon-rest',
  'zero-share', 'zero-change', 'zero-run', 'low-change', 'base', 'top-share', 'top-share-change', 'maximum', 'maximum-to-q95',
  'profile', 'profile-reversed', 'profile-late', 'day-variation', 'day-variation-change', 'low-days', 'low-days-late', 'two-levels',
  'roughness', 'roughness-late', 'within-variation', 'lag1', 'lag1-change', 'scale-fit', 'missing', 'missing-change',
  ...['base', 'level', 'peak'].flatMap((name) => [`${name}-step`, `${name}-step-strength`, `${name}-step-sharp`, `${name}-trend`, `${name}-trend-sure`, `${name}-at-drop`]),
  'peak-variation', 'steps-spread', 'steps-together', 'inside-q10', 'inside-q50', 'inside-q90', 'inside-spread', 'base-lowest',
]

const log = (a: number, b: number): number => Math.log((a + TINY) / (b + TINY))
const safe = (value: number): number => (Number.isFinite(value) ? Math.max(-20, Math.min(20, value)) : NaN)

/**
 * A customer against its own history: ratios, shapes and changes inside of the time judged. Missing values are left out and counted, never
 * filled.
 */
export function featuresOf({ history, recent, perDay, area }: Customer): Float64Array {
  const days = recent.length / perDay
  const unit = Math.max(mean(history), TINY)
  const before = history.map((value) => value / unit)
  // What the whole area uses more or less is taken off, day by day.
  const now = recent.map((value, time) => value / unit / (area[Math.floor(time / perDay)] ?? 1))
  const daily = dayMeans(now, perDay)
  const dailyBefore = dayMeans(before, perDay)
  const split = changeDay(daily)
  const late = now.subarray(Math.min(split.day, Math.floor(days * 0.75)) * perDay)
  const early = now.subarray(0, Math.max(7, Math.min(split.day, days)) * perDay)

  const [sortedBefore, sortedNow, sortedLate] = [sortedFinite(before), sortedFinite(now), sortedFinite(late)]
  const ratios = QUANTILES.map((q) => log(quantileOf(sortedNow, q) + 0.02, quantileOf(sortedBefore, q) + 0.02))
  const lateRatios = QUANTILES.map((q) => log(quantileOf(sortedLate, q) + 0.02, quantileOf(sortedBefore, q) + 0.02))
  const profileBefore = profile(before, perDay)
  const profileNow = profile(now, perDay)
  const profileLate = profile(late, perDay)
  const reference = profile(early, perDay).map((value, slot) => (Number.isFinite(value) ? 0.5 * value + 0.5 * profileBefore[slot]! : profileBefore[slot]!))
  const bands = Array.from({ length: BANDS }, (_, band) => {
    const cut = (values: Float64Array): number => mean(values.subarray((band * perDay) / BANDS, ((band + 1) * perDay) / BANDS))
    return log(cut(profileLate) + 0.02, cut(reference) + 0.02)
  })
  const hours = (from: number, to: number): number => {
    const inside = (slot: number): boolean => slot >= (from * perDay) / 24 && slot < (to * perDay) / 24
    const part = (values: Float64Array, wanted: boolean): number => mean(values.filter((_, slot) => inside(slot) === wanted))
    return log(part(profileLate, true), part(reference, true)) - log(part(profileLate, false), part(reference, false))
  }
  const top = (sorted: Float64Array): number => {
    const limit = 0.97 * (sorted.at(-1) ?? 0)
    return sorted.filter((value) => value >= limit).length / Math.max(1, sorted.length)
  }
  const rough = (values: Float64Array): number => meanStep(values) / Math.max(mean(values), TINY)
  const low = (values: Float64Array, share: number): number => values.filter((value) => value < share).length / Math.max(1, values.filter(Number.isFinite).length)
  const dayMedian = median(dailyBefore)
  const lateDaily = daily.subarray(Math.min(split.day, Math.floor(days * 0.75)))
  const maximum = (sorted: Float64Array): number => quantileOf(sorted, 0.998)
  const missing = (values: Float64Array): number => values.filter((value) => !Number.isFinite(value)).length / values.length

  // A factor moves base load, middle and peaks of a day on the same day by the same share; life rarely does.
  const steady = [0.1, 0.5, 0.97].map((q) => dayQuantiles(now, perDay, q))
  const steps = steady.map(changeDay)
  const sharp = (values: Float64Array, day: number): number => log(median(values.subarray(day, day + 4)) + 0.02, median(values.subarray(Math.max(0, day - 4), day)) + 0.02)
  const atDrop = (values: Float64Array): number => log(median(values.subarray(split.day)) + 0.02, median(values.subarray(0, split.day)) + 0.02)
  const sortedEarly = sortedFinite(early)
  const inside = [0.1, 0.25, 0.5, 0.75, 0.9].map((q) => log(quantileOf(sortedLate, q) + 0.02, quantileOf(sortedEarly, q) + 0.02))
  const peaksBefore = dayQuantiles(before, perDay, 0.97)

  return Float64Array.from([
    log(mean(now), 1), log(mean(late), 1), split.drop, split.strength, split.day / days, trend(daily), trend(lateDaily),
    ...ratios, ...lateRatios, spread(ratios.slice(2)), spread(lateRatios.slice(2)),
    ...bands, spread(bands), Math.min(...bands), Math.max(...bands), hours(17, 23), hours(0, 6), hours(9, 17),
    low(now, TINY), low(late, TINY) - low(before, TINY), zeroRun(late) / perDay, low(late, 0.5 * quantileOf(sortedBefore, 0.02)) - 0.02, log(quantileOf(sortedLate, 0.02) + 0.02, quantileOf(sortedBefore, 0.02) + 0.02),
    top(sortedLate), top(sortedLate) - top(sortedBefore), log(maximum(sortedLate), maximum(sortedBefore)),
    log(maximum(sortedLate), quantileOf(sortedLate, 0.95)) - log(maximum(sortedBefore), quantileOf(sortedBefore, 0.95)),
    correlation(profileNow, profileBefore), correlation(profileLate, profileBefore.slice().reverse()), correlation(profileLate, profileBefore),
    variation(daily), variation(lateDaily) - variation(dailyBefore), low(daily, 0.6 * dayMedian), low(lateDaily, 0.6 * median(daily)), twoLevels(lateDaily),
    log(rough(now), rough(before)), log(rough(late), rough(before)), within(late, perDay) - within(before, perDay), lag1(late), lag1(late) - lag1(before),
    scaleFit(sortedLate, sortedBefore), missing(recent), missing(recent) - missing(history),
    ...steady.flatMap((values, index) => [steps[index]!.drop, steps[index]!.strength, sharp(values, steps[index]!.day), trend(values), correlation(values, values.map((_, day) => day)), atDrop(values)]),
    variation(steady[2]!.subarray(split.day)) - variation(peaksBefore), spread(steps.map(({ drop }) => drop)), spread(steps.map(({ day }) => day / days)),
    inside[0]!, inside[2]!, inside[4]!, spread(inside), log(quantileOf(sortedFinite(steady[0]!), 0.05) + 0.02, quantileOf(sortedFinite(dayQuantiles(before, perDay, 0.1)), 0.05) + 0.02),
  ].map(safe))
}

export function dayMeans(values: Float64Array, perDay: number): Float64Array {
  return Float64Array.from({ length: Math.floor(values.length / perDay) }, (_, day) => {
    const part = values.subarray(day * perDay, (day + 1) * perDay).filter(Number.isFinite)
    return part.length < perDay / 2 ? NaN : mean(part)
  })
}

function dayQuantiles(values: Float64Array, perDay: number, q: number): Float64Array {
  return Float64Array.from({ length: Math.floor(values.length / perDay) }, (_, day) => {
    const sorted = sortedFinite(values.subarray(day * perDay, (day + 1) * perDay))
    return sorted.length < perDay / 2 ? NaN : quantileOf(sorted, q)
  })
}

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

/** The day that parts the time best into two levels of daily use: log of late over early, and how sure that is. */
function changeDay(daily: Float64Array): { day: number; drop: number; strength: number } {
  const logs = daily.map((value) => Math.log(Math.max(value, 1e-3)))
  let best = { day: Math.floor(daily.length / 2), drop: 0, strength: 0 }
  for (let day = 7; day <= daily.length - 7; day++) {
    const [early, late] = [logs.subarray(0, day), logs.subarray(day)]
    const drop = mean(late) - mean(early)
    const strength = drop / Math.sqrt(deviation(early) ** 2 / early.length + deviation(late) ** 2 / late.length + 1e-6)
    if (strength < best.strength) best = { day, drop, strength }
  }
  return best
}

function deviation(values: ArrayLike<number>): number {
  const all = Array.from(values).filter(Number.isFinite)
  const middle = mean(all)
  return Math.sqrt(mean(all.map((value) => (value - middle) ** 2)))
}

function spread(values: readonly number[]): number {
  return deviation(values)
}

function variation(values: Float64Array): number {
  return deviation(values) / Math.max(mean(values), TINY)
}

function trend(daily: Float64Array): number {
  const place = daily.map((_, day) => day)
  const r = correlation(daily, place)
  return (r * deviation(daily) * daily.length) / Math.max(deviation(place), TINY) / Math.max(mean(daily), TINY)
}

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

function zeroRun(values: Float64Array): number {
  let [run, longest] = [0, 0]
  for (const value of values) {
    run = value <= TINY ? run + 1 : 0
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

/** Of sorted values: how well late quantiles are a multiple of the earlier ones: error about the best factor. */
function scaleFit(late: Float64Array, before: Float64Array): number {
  const places = Array.from({ length: 19 }, (_, index) => (index + 1) / 20)
  const pairs = places.map((p) => [quantileOf(before, p), quantileOf(late, p)] as const)
  const factor = pairs.reduce((sum, [a, b]) => sum + a * b, 0) / Math.max(pairs.reduce((sum, [a]) => sum + a * a, 0), TINY)
  return Math.sqrt(mean(pairs.map(([a, b]) => (b - factor * a) ** 2))) / Math.max(factor, 0.02)
}
