import { sum, times } from './exact.js'
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

export interface Curve {
  intervals: Interval[]
  /** Pairs of registers that went backwards; they give no interval. */
  backwards: number
}

/**
 * Energy between neighbouring registers, exactly a quarter hour apart: across a gap nothing is said.
 * @param points by time, on quarter hours
 * @param ratio ctRatio x ptRatio
 */
export function intervalsOf(points: readonly CurvePoint[], ratio: Exact): Curve {
  const curve: Curve = { intervals: [], backwards: 0 }
  points.forEach((point, index) => {
    const before = points[index - 1]
    if (!before || point.time - before.time !== INTERVAL_MS) return
    if (point.value < before.value) curve.backwards++
    else curve.intervals.push({ from: before.time, energy: times(point.value - before.value, ratio), estimated: before.estimated || point.estimated })
  })
  return curve
}

/** Quarter hours from `from` to `to`, both included and on the quarter hour; 0 when `to` lies before. */
export function slotsBetween(from: number, to: number): number {
  return Math.max(0, Math.floor(to / INTERVAL_MS) - Math.ceil(from / INTERVAL_MS) + 1)
}

export function energyOf(intervals: readonly Interval[]): Exact {
  return sum(intervals.map(({ energy }) => energy))
}
