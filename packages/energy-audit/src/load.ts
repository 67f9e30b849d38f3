import { INTERVAL_MS, PER_HOUR, energyOf } from './curve.js'
import type { Interval } from './curve.js'
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
  /** 5th percentile of the 15-minute powers, and its share: base x hours / energy. */
  baseLoad: { power: number; share: number | null }
}

/** @param dayOf number of the local day of an instant @returns undefined when nothing was measured */
export function loadOf(intervals: readonly Interval[], dayOf: (time: number) => number): Load | undefined {
  const [first] = intervals
  if (!first) return undefined
  let [most, least] = [first, first]
  for (const interval of intervals) {
    if (interval.energy > most.energy) most = interval
    if (interval.energy < least.energy) least = interval
  }
  const powers = intervals.map(({ energy }) => toNumber(energy * PER_HOUR))
  const energy = toNumber(energyOf(intervals))
  const hours = intervals.length / Number(PER_HOUR)
  const top = toNumber(most.energy * PER_HOUR)
  const base = percentile(powers, 0.05)
  return {
    maximum: { power: most.energy * PER_HOUR, from: most.from, to: most.from + INTERVAL_MS, estimated: most.estimated },
    minimum: { power: least.energy * PER_HOUR, from: least.from, to: least.from + INTERVAL_MS },
    mean: energy / hours,
    loadFactor: top === 0 ? null : energy / hours / top,
    dailyLoadFactor: dailyLoadFactor(intervals, dayOf),
    peakValley: { difference: (most.energy - least.energy) * PER_HOUR, ratio: top === 0 ? null : toNumber((most.energy - least.energy) * PER_HOUR) / top },
    baseLoad: { power: base, share: energy === 0 ? null : (base * hours) / energy },
  }
}

function dailyLoadFactor(intervals: readonly Interval[], dayOf: (time: number) => number): Load['dailyLoadFactor'] {
  const days = new Map<number, { total: number; top: number; count: number }>()
  for (const { from, energy } of intervals) {
    const day = dayOf(from)
    const so = days.get(day) ?? { total: 0, top: 0, count: 0 }
    const kWh = toNumber(energy)
    days.set(day, { total: so.total + kWh, top: Math.max(so.top, kWh), count: so.count + 1 })
  }
  const factors = [...days.values()].filter(({ count, top }) => count === DAY_INTERVALS && top > 0).map(({ total, top }) => total / DAY_INTERVALS / top)
  return { value: factors.length === 0 ? null : factors.reduce((a, b) => a + b) / factors.length, days: factors.length }
}

/** Linear between order statistics: with n values the p-th lies at position p x (n - 1). */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const position = p * (sorted.length - 1)
  const low = sorted[Math.floor(position)] ?? 0
  const high = sorted[Math.ceil(position)] ?? low
  return low + (high - low) * (position - Math.floor(position))
}
