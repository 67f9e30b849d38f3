import { divided, rounded, times, toNumber } from './exact.js'
import type { Exact } from './exact.js'

/** Under: propose charging by demand or less capacity. Over: risk of over-demand (analytics §3, capacity use). */
export const CAPACITY_LOW = 0.4
export const CAPACITY_FULL = 1

export interface TwoPart {
  capacityFee: Exact
  demandFee: Exact
  cheaper: 'capacity' | 'demand' | 'equal'
  /** CNY a month, never negative. */
  difference: Exact
}

export interface CapacityContract {
  /** kVA */
  capacity?: Exact | undefined
  /** CNY a month for each kVA of capacity, and for each kW of demand. */
  capacityPrice?: Exact | undefined
  demandPrice?: Exact | undefined
}

/** Pmax / S. */
export function capacityUse(maximum: Exact, capacity: Exact | undefined): number | undefined {
  return capacity === undefined || capacity === 0n ? undefined : toNumber(divided(maximum, capacity))
}

/** Capacity fee x S against demand fee x Pmax, CNY to 0.01. @returns undefined when one of the three is not known */
export function twoPartOf(maximum: Exact, { capacity, capacityPrice, demandPrice }: CapacityContract): TwoPart | undefined {
  if (capacity === undefined || capacityPrice === undefined || demandPrice === undefined) return undefined
  const [capacityFee, demandFee] = [rounded(times(capacity, capacityPrice), 2), rounded(times(maximum, demandPrice), 2)]
  const gap = capacityFee - demandFee
  return { capacityFee, demandFee, cheaper: gap === 0n ? 'equal' : gap < 0n ? 'capacity' : 'demand', difference: gap < 0n ? -gap : gap }
}
