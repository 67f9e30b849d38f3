import { HesError } from '@zhuzhan/core'
import { times } from './exact.js'
import type { Exact } from './exact.js'

export const INTERVAL_MS = 900_000
/** Intervals in an hour: kWh of one interval times this is its mean power in kW. */
export const PER_HOUR = 4n

/** A register value of the 15-minute curve. */
export interface CurvePoint {
  /** Epoch ms. */
  time: number
  /** kWh as the register shows it, before transformer ratios. */
  value: Exact
  estimated: boolean
}

/** Energy of one quarter hour, transformer ratios included. */
export interface Interval {
  /** Begin, epoch ms; it ends 15 minutes later. */
  from: number
  energy: Exact
  /** One of its two registers was estimated or edited. */
  estimated: boolean
}

/** A month of quarter hours in columns: an object each would be most of the work of an audit. The energy of one is `digits` x `unit`, exactly. */
export interface Intervals {
  /** Begins, epoch ms, rising. */
  from: Float64Array
  /** Safe integers, not negative. */
  digits: Float64Array
  /** 1: estimated or edited. */
  estimated: Uint8Array
  unit: Exact
}

export interface Curve {
  intervals: Intervals
  /** Pairs of registers that went backwards; they give no interval. */
  backwards: number
}

/**
 * Energy between neighbouring registers, exactly a quarter hour apart: across a gap nothing is said.
 * @param points by time, on quarter hours
 * @param ratio ctRatio x ptRatio
 */
export function intervalsOf(points: readonly CurvePoint[], ratio: Exact): Curve {
  const list: Interval[] = []
  let backwards = 0
  points.forEach((point, index) => {
    const before = points[index - 1]
    if (!before || point.time - before.time !== INTERVAL_MS) return
    if (point.value < before.value) backwards++
    else list.push({ from: before.time, energy: times(point.value - before.value, ratio), estimated: before.estimated || point.estimated })
  })
  return { intervals: inColumns(list), backwards }
}

/** @param list by time @throws HesError DATA_REFUSED when the energies have more digits between them than can be counted */
export function inColumns(list: readonly Interval[]): Intervals {
  const unit = list.reduce((common, { energy }) => divisor(common, energy), 0n) || 1n
  const digits = Float64Array.from(list, ({ energy }) => Number(energy / unit))
  if (!digits.every(Number.isSafeInteger)) throw new HesError('DATA_REFUSED', 'energies of quarter hours have more digits than can be counted exactly')
  return { from: Float64Array.from(list, ({ from }) => from), digits, estimated: Uint8Array.from(list, ({ estimated }) => Number(estimated)), unit }
}

/** Greatest common divisor; of 0 and a number that number. */
export function divisor(a: Exact, b: Exact): Exact {
  while (b !== 0n) [a, b] = [b, a % b]
  return a < 0n ? -a : a
}

export function intervalAt({ from, digits, estimated, unit }: Intervals, n: number): Interval {
  return { from: from[n] as number, energy: BigInt(digits[n] as number) * unit, estimated: estimated[n] === 1 }
}

export function inList(intervals: Intervals): Interval[] {
  return Array.from(intervals.from, (_, n) => intervalAt(intervals, n))
}

/** Kept by intervals: several figures ask for the same numbers. */
const numbers = new WeakMap<Intervals, Float64Array>()

/** kWh of each, for statistics. Not to be written to. */
export function numbersOf(intervals: Intervals): Float64Array {
  const kept = numbers.get(intervals)
  if (kept) return kept
  const { digits } = intervals
  const [scale, kWh] = [Number(intervals.unit), new Float64Array(digits.length)]
  for (let n = 0; n < kWh.length; n += 1) kWh[n] = ((digits[n] as number) * scale) / 1e12
  numbers.set(intervals, kWh)
  return kWh
}

/** Energies added up by group, exactly. @param groupOf number of the group of the n-th, under `groups` */
export function addUp({ digits, unit }: Intervals, groups: number, groupOf: (n: number) => number): Exact[] {
  const [sums, whole] = [new Float64Array(groups), Array.from({ length: groups }, () => 0n)]
  for (let n = 0; n < digits.length; n += 1) {
    const group = groupOf(n)
    const added = (sums[group] as number) + (digits[n] as number)
    if (added <= Number.MAX_SAFE_INTEGER) sums[group] = added
    else {
      whole[group] = (whole[group] as Exact) + BigInt(sums[group] as number)
      sums[group] = digits[n] as number
    }
  }
  return whole.map((one, group) => (one + BigInt(sums[group] as number)) * unit)
}

/** Quarter hours from `from` to `to`, both included and on the quarter hour; 0 when `to` lies before. */
export function slotsBetween(from: number, to: number): number {
  return Math.max(0, Math.floor(to / INTERVAL_MS) - Math.ceil(from / INTERVAL_MS) + 1)
}

/** @param from, to places of the first and of the one behind the last, all of them unless said */
export function energyOf({ digits, unit }: Intervals, from = 0, to = digits.length): Exact {
  let [total, whole] = [0, 0n]
  for (let n = from; n < to; n += 1) {
    const added = total + (digits[n] as number)
    if (added <= Number.MAX_SAFE_INTEGER) total = added
    else {
      whole += BigInt(total)
      total = digits[n] as number
    }
  }
  return (whole + BigInt(total)) * unit
}
