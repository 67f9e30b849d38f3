import { INTERVAL_MS, PER_HOUR } from './curve.js'
import { divided, exact, squareRoot, times, toNumber } from './exact.js'
import type { Exact } from './exact.js'

/** Name plate; kVA, kW. GB/T 13462. */
export interface TransformerPlate {
  rated: Exact
  noLoadLoss: Exact
  loadLoss: Exact
}

/** beta over which a transformer is overloaded or heavy, under which it is light (analytics §3). */
export const TRANSFORMER_LIMITS = { overload: 1, heavy: 0.8, light: 0.2 } as const
const HOURS = INTERVAL_MS / 3_600_000

export interface TransformerUse {
  intervals: number
  mean: number
  highest: { beta: number; time: number }
  /** beta > 1; > 0.8 (with the overloaded); < 0.2. */
  overloadHours: number
  heavyHours: number
  lightHours: number
  /** sum of (P0 + beta^2 Pk) x dt, kWh, and its two parts. */
  loss: Exact
  noLoad: Exact
  load: Exact
  /** sqrt(P0 / Pk). */
  economicBeta: number | null
}

/** @param powerFactor of an interval, 0 to 1; intervals without one are left out @returns undefined when none is left */
export function transformerUse(intervals: readonly { from: number; energy: Exact; powerFactor: Exact | undefined }[], plate: TransformerPlate): TransformerUse | undefined {
  let [count, added, overload, heavy, light] = [0, 0, 0, 0, 0]
  let highest = { beta: -1, time: 0 }
  let load = 0n
  for (const { from, energy, powerFactor } of intervals) {
    if (powerFactor === undefined || powerFactor <= 0n) continue
    const share = divided(divided(energy * PER_HOUR, powerFactor), plate.rated)
    load += times(times(share, share), plate.loadLoss) / PER_HOUR
    const beta = toNumber(share)
    count++
    added += beta
    if (beta > TRANSFORMER_LIMITS.overload) overload++
    if (beta > TRANSFORMER_LIMITS.heavy) heavy++
    if (beta < TRANSFORMER_LIMITS.light) light++
    if (beta > highest.beta) highest = { beta, time: from }
  }
  if (count === 0) return undefined
  const noLoad = (plate.noLoadLoss * BigInt(count)) / PER_HOUR
  return {
    intervals: count, mean: added / count, highest,
    overloadHours: overload * HOURS, heavyHours: heavy * HOURS, lightHours: light * HOURS,
    loss: noLoad + load, noLoad, load, economicBeta: economicBeta(plate),
  }
}

export function economicBeta({ noLoadLoss, loadLoss }: TransformerPlate): number | null {
  return loadLoss === 0n ? null : toNumber(squareRoot(divided(noLoadLoss, loadLoss)))
}

/** Exact one, for plates read from text. */
export function plateOf(texts: { rated: string; noLoadLoss: string; loadLoss: string }): TransformerPlate {
  return { rated: exact(texts.rated), noLoadLoss: exact(texts.noLoadLoss), loadLoss: exact(texts.loadLoss) }
}
