import { limitAt, phaseBase, windowOf } from './case.js'
import type { ChargingCase } from './case.js'
import type { Powers } from './program.js'

/**
 * Powers as whole watts, so that the plan as printed is the plan as computed: rounded down, and what that takes from a vehicle's energy put
 * back where a slot that is on has room. No slot goes over a limit by rounding.
 */
export function wholeWatts(night: ChargingCase, powers: Powers): number[][] {
  const limits = night.base_kw.map((base, slot) => Math.floor((limitAt(night, slot) - base) * 1_000 + 1e-6))
  const watts = night.evs.map((one, index) => (powers[index] ?? []).map((kw) => {
    const floor = Math.floor(kw * 1_000 + 1e-4)
    return floor > 0 && floor < Math.round(one.min_kw * 1_000) ? Math.round(one.min_kw * 1_000) : floor
  }))
  const sums = night.base_kw.map((_, slot) => watts.reduce((sum, row) => sum + (row[slot] ?? 0), 0))
  night.evs.forEach((one, index) => {
    const row = watts[index] as number[]
    const meant = Math.ceil((powers[index] ?? []).reduce((a, b) => a + b, 0) * 1_000 - 1e-3)
    let missing = Math.min(wattsNeeded(night, one.energy_kwh), meant) - row.reduce((a, b) => a + b, 0)
    const price = (slot: number): number => night.price_cny_per_kwh[slot] ?? 0
    const on = windowOf(night, one).filter((slot) => (row[slot] ?? 0) > 0).sort((a, b) => price(a) - price(b))
    const shift = (slot: number, by: number): void => {
      row[slot] = (row[slot] ?? 0) + by
      sums[slot] = (sums[slot] ?? 0) + by
      missing -= by
    }
    for (const slot of on) {
      if (missing > 0) shift(slot, Math.max(0, Math.min(missing, Math.round(one.max_kw * 1_000) - (row[slot] ?? 0), (limits[slot] ?? 0) - (sums[slot] ?? 0), phaseRoom(night, watts, index, slot))))
    }
    for (const slot of [...on].reverse()) {
      if (missing < 0) shift(slot, -Math.max(0, Math.min(-missing, (row[slot] ?? 0) - Math.round(one.min_kw * 1_000))))
    }
  })
  return watts
}

function phaseRoom(night: ChargingCase, watts: readonly (readonly number[])[], vehicle: number, slot: number): number {
  const phase = night.evs[vehicle]?.phase
  if (night.phase_limit_kw === undefined || phase === undefined) return Infinity
  const used = watts.reduce((sum, row, index) => sum + (night.evs[index]?.phase === phase ? row[slot] ?? 0 : 0), 0)
  return Math.floor((night.phase_limit_kw - phaseBase(night, phase, slot)) * 1_000 + 1e-6) - used
}

/** Watts x slots that make an energy; up to a whole watt, so that nothing is left unserved by rounding. */
export function wattsNeeded({ slot_minutes: minutes }: ChargingCase, kwh: number): number {
  return Math.ceil((kwh * 60_000) / minutes - 1e-6)
}
