import { mean } from '../linear/statistics.js'

/** Gaps: up to 2 h on the line between neighbours, longer ones from the same slot of other days; what nothing tells is 0. Changes `values`. */
export function fillGaps(values: Float64Array, slots: number): void {
  const length = values.length
  const longest = Math.ceil(slots / 12)
  const bySlot = (slot: number): number => mean(Array.from({ length: length / slots }, (_, day) => values[day * slots + slot] as number))
  for (let from = 0; from < length; from++) {
    if (Number.isFinite(values[from] as number)) continue
    let to = from
    while (to < length && !Number.isFinite(values[to] as number)) to++
    const [left, right] = [values[from - 1], values[to]]
    for (let time = from; time < to; time++) {
      const line = left !== undefined && right !== undefined && to - from <= longest ? left + ((right - left) * (time - from + 1)) / (to - from + 1) : bySlot(time % slots)
      values[time] = Number.isFinite(line) ? line : left ?? right ?? 0
    }
    from = to
  }
}

/**
 * How far the line between neighbours is off, by time: the mean square of what it misses at values that are there, in bands of 3 h of the day.
 * @returns by slot of the day, in squares of the unit
 */
export function gapVariance(values: Float64Array, slots: number): Float64Array {
  const bands = 8
  const sums = Array.from({ length: bands + 1 }, () => [0, 0] as [number, number])
  for (let time = 1; time + 1 < values.length; time++) {
    const miss = ((values[time - 1] as number) + (values[time + 1] as number)) / 2 - (values[time] as number)
    if (!Number.isFinite(miss)) continue
    for (const one of [sums[Math.floor(((time % slots) * bands) / slots)], sums[bands]]) {
      (one as [number, number])[0] += miss * miss
      ;(one as [number, number])[1] += 1
    }
  }
  const all = sums[bands] as [number, number]
  const square = mean(values.map((value) => value * value)) || 0
  const usual = all[1] > 0 ? all[0] / all[1] : square
  // Few values say little about a band: half of what all bands say counts as four of them.
  return Float64Array.from({ length: slots }, (_, slot) => {
    const [sum, count] = sums[Math.floor((slot * bands) / slots)] as [number, number]
    return (sum + 4 * usual) / (count + 4)
  })
}
