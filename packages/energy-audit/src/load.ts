import { INTERVAL_MS, PER_HOUR, energyOf, intervalAt, numbersOf } from './curve.js'
import type { Intervals } from './curve.js'
import { toNumber } from './exact.js'
import type { Exact } from './exact.js'
import { SLOTS } from './local-days.js'
import type { LocalDays } from './local-days.js'

/** Figures of the load curve (analytics §3). Powers in kW are means over 15 minutes (block demand). */
export interface Load {
  maximum: { power: Exact; from: number; to: number; estimated: boolean }
  minimum: { power: Exact; from: number; to: number }
  /** Mean over the measured intervals. */
  mean: number
  /** mean P / Pmax over all measured intervals. */
  loadFactor: number | null
  /** Mean of the load factors of days with all 96 intervals, and how many those were. */
  dailyLoadFactor: { value: number | null; days: number }
  /** Pmax - Pmin, and (Pmax - Pmin) / Pmax. */
  peakValley: { difference: Exact; ratio: number | null }
  /** Powers of the intervals, kW, rising. */
  sorted: Float64Array
  /** 5th percentile of the 15-minute powers, and its share: base x hours / energy. */
  baseLoad: { power: number; share: number | null }
}

/** @param days of these intervals @returns undefined when nothing was measured */
export function loadOf(intervals: Intervals, days: LocalDays): Load | undefined {
  const { digits } = intervals
  if (digits.length === 0) return undefined
  let [highest, lowest] = [0, 0]
  for (let n = 1; n < digits.length; n += 1) {
    if ((digits[n] as number) > (digits[highest] as number)) highest = n
    if ((digits[n] as number) < (digits[lowest] as number)) lowest = n
  }
  const [most, least] = [intervalAt(intervals, highest), intervalAt(intervals, lowest)]
  const energy = toNumber(energyOf(intervals))
  const hours = digits.length / Number(PER_HOUR)
  const top = toNumber(most.energy * PER_HOUR)
  const kWh = numbersOf(intervals)
  const sorted = sortedPowers(kWh, digits, digits[lowest] as number, digits[highest] as number)
  const base = percentileOfSorted(sorted, 0.05)
  return {
    maximum: { power: most.energy * PER_HOUR, from: most.from, to: most.from + INTERVAL_MS, estimated: most.estimated },
    minimum: { power: least.energy * PER_HOUR, from: least.from, to: least.from + INTERVAL_MS },
    mean: energy / hours,
    sorted,
    loadFactor: top === 0 ? null : energy / hours / top,
    dailyLoadFactor: dailyLoadFactor(kWh, days),
    peakValley: { difference: (most.energy - least.energy) * PER_HOUR, ratio: top === 0 ? null : toNumber((most.energy - least.energy) * PER_HOUR) / top },
    baseLoad: { power: base, share: energy === 0 ? null : (base * hours) / energy },
  }
}

/** kW, rising. Meters show few different energies, and counting those takes a fifth of the time that sorting all takes. */
function sortedPowers(kWh: Float64Array, digits: Float64Array, least: number, most: number): Float64Array {
  const sorted = new Float64Array(kWh.length)
  if (most - least > kWh.length) {
    for (let n = 0; n < kWh.length; n += 1) sorted[n] = (kWh[n] as number) * Number(PER_HOUR)
    return sorted.sort()
  }
  const [counts, values] = [new Uint32Array(most - least + 1), new Float64Array(most - least + 1)]
  for (let n = 0; n < kWh.length; n += 1) {
    const place = (digits[n] as number) - least
    counts[place] = (counts[place] as number) + 1
    values[place] = (kWh[n] as number) * Number(PER_HOUR)
  }
  for (let place = 0, at = 0; place < counts.length; place += 1) {
    const end = at + (counts[place] as number)
    sorted.fill(values[place] as number, at, end)
    at = end
  }
  return sorted
}

function dailyLoadFactor(kWh: Float64Array, { whole }: LocalDays): Load['dailyLoadFactor'] {
  let [added, count] = [0, 0]
  for (const { at } of whole) {
    let [total, top] = [0, 0]
    for (let n = at; n < at + SLOTS; n += 1) {
      const one = kWh[n] as number
      total += one
      if (one > top) top = one
    }
    if (top === 0) continue
    added += total / SLOTS / top
    count += 1
  }
  return { value: count === 0 ? null : added / count, days: count }
}

/** Linear between order statistics: with n values the p-th lies at position p x (n - 1). */
export function percentile(values: ArrayLike<number>, p: number): number {
  return percentileOfSorted(Float64Array.from(values).sort(), p)
}

export function percentileOfSorted(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1)
  const low = sorted[Math.floor(position)] ?? 0
  const high = sorted[Math.ceil(position)] ?? low
  return low + (high - low) * (position - Math.floor(position))
}
