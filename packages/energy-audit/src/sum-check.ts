import { INTERVAL_MS, energyOf } from './curve.js'
import type { Intervals } from './curve.js'
import { exact, rounded, times } from './exact.js'
import type { Exact } from './exact.js'
import type { RegisterResult } from './registers.js'

/** Sum of the intervals against the registers, kWh; it holds when the difference is not over the tolerance. */
export interface SumCheck {
  difference: Exact
  tolerance: Exact
}

/** |sum of intervals - (R2 - R1) x ratio| against max(0.5 %, one register digit x ratio) (analytics §1), where no interval is missing. */
export function checkSum(registers: RegisterResult, intervals: Intervals, ratio: Exact): SumCheck | undefined {
  if (registers.kind !== 'energy') return undefined
  const placeOf = (time: number): number => {
    let place = 0
    while (place < intervals.from.length && (intervals.from[place] as number) < time) place += 1
    return place
  }
  const [from, to] = [placeOf(registers.from), placeOf(registers.to)]
  if (to - from !== (registers.to - registers.from) / INTERVAL_MS) return undefined
  const inside = energyOf(intervals, from, to)
  const gap = inside - registers.total
  const [share, digit] = [registers.total / 200n, times(exact('0.01'), ratio)]
  return { difference: rounded(gap < 0n ? -gap : gap, 6), tolerance: share > digit ? share : digit }
}
