import { quantileOf, sortedFinite } from '../linear/statistics.js'

/** What is taken of each day: floors, middle, peaks, and the means of six bands of four hours. */
export const STATISTICS = ['mean', 'night', 'floor', 'middle', 'high', 'top', 'h0', 'h4', 'h8', 'h12', 'h16', 'h20'] as const
const BANDS = 6
/** Added before the logarithm, as a share of the mean of the history: under it nothing is told apart. */
export const SMALL = 0.02

/** By statistic, then by day: log of the share of the history's mean. NaN for days with too few readings. */
export type Daily = Float64Array[]

/** @param values full days @param unit mean of the history */
export function dailyOf(values: Float64Array, perDay: number, unit: number): Daily {
  const days = Math.floor(values.length / perDay)
  const out = STATISTICS.map(() => new Float64Array(days).fill(NaN))
  const hour = perDay / 24
  for (let day = 0; day < days; day++) {
    const own = values.subarray(day * perDay, (day + 1) * perDay)
    const sorted = sortedFinite(own)
    if (sorted.length < 0.4 * perDay) continue
    const put = (statistic: number, value: number): void => { out[statistic]![day] = Math.log(Math.max(0, value) / unit + SMALL) }
    // The night is taken from 0 to 6, when least is switched.
    put(1, quantileOf(sortedFinite(own.subarray(0, 6 * hour)), 0.25))
    put(2, quantileOf(sorted, 0.1))
    put(3, quantileOf(sorted, 0.5))
    put(4, quantileOf(sorted, 0.85))
    put(5, quantileOf(sorted, 0.975))
    let [sum, there] = [0, 0]
    for (let band = 0; band < BANDS; band++) {
      const part = middleOf(own.subarray((band * perDay) / BANDS, ((band + 1) * perDay) / BANDS))
      put(6 + band, part)
      if (Number.isFinite(part)) { sum += part; there++ }
    }
    // Bands with lost readings count as much as the others.
    put(0, sum / there)
  }
  return out
}

function middleOf(values: Float64Array): number {
  let [sum, count] = [0, 0]
  for (const value of values) if (Number.isFinite(value)) { sum += value; count++ }
  return count < values.length / 4 ? NaN : sum / count
}
