import { INTERVAL_MS, PER_HOUR, energyOf, intervalAt, numbersOf } from './curve.js'
import type { Intervals } from './curve.js'
import { toNumber } from './exact.js'
import type { Exact } from './exact.js'

const DAY_INTERVALS = 96

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

/** @param dayOf number of the local day of an instant @returns undefined when nothing was measured */
export function loadOf(intervals: Intervals, dayOf: (time: number) => number): Load | undefined {
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
  const sorted = numbersOf(intervals, Number(PER_HOUR)).sort()
  const base = percentileOfSorted(sorted, 0.05)
  return {
    maximum: { power: most.energy * PER_HOUR, from: most.from, to: most.from + INTERVAL_MS, estimated: most.estimated },
    minimum: { power: least.energy * PER_HOUR, from: least.from, to: least.from + INTERVAL_MS },
    mean: energy / hours,
    sorted,
    loadFactor: top === 0 ? null : energy / hours / top,
    dailyLoadFactor: dailyLoadFactor(intervals, dayOf),
    peakValley: { difference: (most.energy - least.energy) * PER_HOUR, ratio: top === 0 ? null : toNumber((most.energy - least.energy) * PER_HOUR) / top },
    baseLoad: { power: base, share: energy === 0 ? null : (base * hours) / energy },
  }
}

function dailyLoadFactor(intervals: Intervals, dayOf: (time: number) => number): Load['dailyLoadFactor'] {
  const kWh = numbersOf(intervals)
  const factors: number[] = []
  for (let n = 0; n < kWh.length;) {
    const day = dayOf(intervals.from[n] as number)
    let [total, top, count] = [0, 0, 0]
    for (; n < kWh.length && dayOf(intervals.from[n] as number) === day; n += 1) {
      total += kWh[n] as number
      top = Math.max(top, kWh[n] as number)
      count += 1
    }
    if (count === DAY_INTERVALS && top > 0) factors.push(total / DAY_INTERVALS / top)
  }
  return { value: factors.length === 0 ? null : factors.reduce((a, b) => a + b) / factors.length, days: factors.length }
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
