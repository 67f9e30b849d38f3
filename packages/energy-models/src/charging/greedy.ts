import { hoursOf, limitAt, phaseBase, windowOf } from './case.js'
import type { ChargingCase } from './case.js'
import { weightOf } from './program.js'

/**
 * The plan without a solver: vehicles by weight and by how little time they have to spare, each into its cheapest slots with room,
 * whole powers first. Keeps every limit; it may serve less than could be served.
 */
export function greedyPowers(night: ChargingCase): number[][] {
  const hours = hoursOf(night)
  const powers = night.evs.map(() => Array.from({ length: night.slots }, () => 0))
  const used = { all: zeros(night.slots), A: zeros(night.slots), B: zeros(night.slots), C: zeros(night.slots) }
  const spare = (index: number): number => {
    const one = night.evs[index] as ChargingCase['evs'][number]
    return windowOf(night, one).length - one.energy_kwh / (one.max_kw * hours)
  }
  const order = night.evs.map((_, index) => index).sort((a, b) => spare(a) - spare(b) || weightOf(night.evs[b] as never) - weightOf(night.evs[a] as never))

  for (const index of order) {
    const one = night.evs[index] as ChargingCase['evs'][number]
    const room = (slot: number): number => {
      const all = limitAt(night, slot) - (night.base_kw[slot] ?? 0) - (used.all[slot] ?? 0)
      if (one.phase === undefined) return all
      const own = phaseBase(night, one.phase, slot) + (used[one.phase][slot] ?? 0)
      const byLimit = night.phase_limit_kw === undefined ? all : night.phase_limit_kw - own
      const others = (['A', 'B', 'C'] as const).filter((phase) => phase !== one.phase).map((phase) => phaseBase(night, phase, slot) + (used[phase][slot] ?? 0))
      const byDifference = night.phase_difference_limit_kw === undefined ? all : Math.min(...others) + night.phase_difference_limit_kw - own
      return Math.min(all, byLimit, byDifference)
    }
    let needed = one.energy_kwh / hours
    const slots = windowOf(night, one).sort((a, b) => (night.price_cny_per_kwh[a] ?? 0) - (night.price_cny_per_kwh[b] ?? 0) || room(b) - room(a))
    for (const [position, slot] of slots.entries()) {
      if (needed <= 1e-9) break
      const full = Math.min(one.max_kw, room(slot))
      // Never leave a rest below the smallest power for a later slot, when this one can be shortened for it.
      const rest = needed - full
      const kw = rest <= 0 ? needed : rest < one.min_kw && position + 1 < slots.length ? full - (one.min_kw - rest) : full
      if (kw < one.min_kw || kw <= 0) continue
      ;(powers[index] as number[])[slot] = kw
      needed -= kw
      used.all[slot] = (used.all[slot] ?? 0) + kw
      if (one.phase !== undefined) used[one.phase][slot] = (used[one.phase][slot] ?? 0) + kw
    }
  }
  return powers
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0)
}
