import { mean, median } from '../linear/statistics.js'

/** A slot is compared with this many of the slots around it in which everything was measured. */
const AROUND = 12
/** Measured slots a phase needs before its balance says anything. */
const LEAST_TRUSTED = 16
/** Power is short in a phase from this share of the supply of three hours on. */
const LEAST_SHORT = 0.01
/** Noise of the shortage of a slot, kW. */
export const NOISE_KW = 0.02

/** Is power short in any three hours of the day, over all days? */
export function shortSomewhere(short: Float64Array, supply: Float64Array, trusted: Uint8Array, slots: number): boolean {
  const sums = Array.from({ length: 8 }, () => [0, 0] as [number, number])
  short.forEach((kw, time) => {
    if (trusted[time] !== 1) return
    const band = sums[Math.floor(((time % slots) * 8) / slots)] as [number, number]
    band[0] += kw
    band[1] += supply[time] as number
  })
  return sums.some(([missing, all]) => missing > LEAST_SHORT * all)
}

export type Around = (time: number) => { level: number; variance: number }

/**
 * Level and variance of a shortage around a slot, from the nearest slots in which everything was measured, itself left out.
 * @param robust by medians, so that wrong readings do not move them; else by means, because theft is unsteady and a median would lose its peaks
 */
export function levels(short: Float64Array, trusted: Uint8Array, robust: boolean): Around | undefined {
  const times = Array.from(short, (_, time) => time).filter((time) => trusted[time] === 1)
  if (times.length < LEAST_TRUSTED) return undefined
  return (time) => {
    let [low, high] = [lowerBound(times, time) - 1, lowerBound(times, time)]
    const values: number[] = []
    while (values.length < AROUND && (low >= 0 || high < times.length)) {
      const takeHigh = low < 0 || (high < times.length && times[high]! - time <= time - times[low]!)
      const at = takeHigh ? times[high++]! : times[low--]!
      if (at !== time) values.push(short[at] as number)
    }
    const level = robust ? median(values) : mean(values)
    const apart = values.map((value) => value - level)
    const width = robust ? (1.48 * median(apart.map(Math.abs))) ** 2 : mean(apart.map((one) => one * one))
    return { level, variance: Math.max(width, NOISE_KW ** 2) }
  }
}

function lowerBound(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] as number) < value) low = middle + 1
    else high = middle
  }
  return low
}
