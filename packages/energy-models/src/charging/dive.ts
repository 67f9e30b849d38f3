import { hoursOf, limitAt, windowOf } from './case.js'
import type { ChargingCase } from './case.js'
import type { Decision, Powers } from './program.js'

const NOISE_KW = 1e-6

/** Nothing decided yet, by vehicle. */
export function undecided(night: ChargingCase): Map<number, Decision>[] {
  return night.evs.map(() => new Map())
}

/**
 * Decides on the powers that are neither 0 nor at least the smallest: from half of it up they are switched on, the others off; what was not
 * decided stays free, so that the next program finds the next cheapest place for what was taken away.
 * @returns how many were decided
 */
export function decideLow(night: ChargingCase, powers: Powers, decided: Map<number, Decision>[]): number {
  const floorOf = (index: number, slot: number): number => (decided[index]?.get(slot) === 'on' ? night.evs[index]?.min_kw ?? 0 : 0)
  const floors = night.base_kw.map((_, slot) => night.evs.reduce((sum, _one, index) => sum + floorOf(index, slot), 0))
  let count = 0
  night.evs.forEach((one, index) => {
    let own = [...decided[index]?.values() ?? []].filter((decision) => decision === 'on').length
    const most = Math.floor(one.energy_kwh / hoursOf(night) / Math.max(one.min_kw, NOISE_KW))
    for (const slot of windowOf(night, one)) {
      const kw = powers[index]?.[slot] ?? 0
      if (kw <= NOISE_KW || kw >= one.min_kw - NOISE_KW) continue
      const fits = limitAt(night, slot) - (night.base_kw[slot] ?? 0) - (floors[slot] ?? 0) >= one.min_kw && own < most
      const on = fits && kw >= one.min_kw / 2
      decided[index]?.set(slot, on ? 'on' : 'off')
      if (on) {
        floors[slot] = (floors[slot] ?? 0) + one.min_kw
        own++
      }
      count++
    }
  })
  return count
}

/** Every slot decided: on where the pattern says so, off elsewhere. */
export function decidedBy(night: ChargingCase, on: readonly ReadonlySet<number>[]): Map<number, Decision>[] {
  return night.evs.map((one, index) => new Map(windowOf(night, one).map((slot) => [slot, on[index]?.has(slot) ? 'on' : 'off'])))
}
