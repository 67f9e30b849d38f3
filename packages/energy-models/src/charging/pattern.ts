import { hoursOf, limitAt, windowOf } from './case.js'
import type { ChargingCase } from './case.js'
import type { Powers } from './program.js'

const NOISE_KW = 1e-6

/**
 * Minimum power by rounding: for each vehicle the slots that stay on. A slot below the smallest power goes to slots that are on already or to
 * the next cheapest free one; where only a rest below the smallest power is left, it is raised and as much taken from the vehicle's dearest
 * slots. What powers then are is computed anew for the slots that are on.
 */
export function slotsOn(night: ChargingCase, powers: Powers): Set<number>[] {
  const free = freePower(night, powers)
  return night.evs.map((one, index) => {
    const kw = [...powers[index] ?? []]
    const price = (slot: number): number => night.price_cny_per_kwh[slot] ?? 0
    const byPrice = windowOf(night, one).sort((a, b) => price(a) - price(b) || (free[b] ?? 0) - (free[a] ?? 0))
    const low = byPrice.filter((slot) => (kw[slot] ?? 0) > NOISE_KW && (kw[slot] ?? 0) < one.min_kw - NOISE_KW)
    let loose = 0
    const move = (slot: number, by: number): void => {
      kw[slot] = (kw[slot] ?? 0) + by
      free[slot] = (free[slot] ?? 0) - by
    }
    for (const slot of low) {
      loose += kw[slot] ?? 0
      move(slot, -(kw[slot] ?? 0))
    }
    for (const slot of byPrice) {
      if (loose <= NOISE_KW) break
      const isOn = (kw[slot] ?? 0) >= one.min_kw - NOISE_KW && (kw[slot] ?? 0) > NOISE_KW
      const room = Math.min(one.max_kw - (kw[slot] ?? 0), free[slot] ?? 0, loose)
      if (room <= NOISE_KW) continue
      if (isOn || room >= one.min_kw) {
        move(slot, room)
        loose -= room
      }
    }
    if (loose > NOISE_KW) raise(one.min_kw)
    return new Set(byPrice.filter((slot) => (kw[slot] ?? 0) > NOISE_KW))

    /** A rest below the smallest power: a further slot at the smallest power, the difference from the dearest slots that can give it. */
    function raise(least: number): void {
      const slot = byPrice.find((candidate) => (kw[candidate] ?? 0) <= NOISE_KW && (free[candidate] ?? 0) >= least)
      if (slot === undefined) return
      let give = least - loose
      for (const dear of [...byPrice].reverse()) {
        const can = Math.min(give, (kw[dear] ?? 0) - least)
        if (can <= 0) continue
        move(dear, -can)
        give -= can
      }
      move(slot, least)
    }
  })
}

/** What the transformer has left in each slot, kW. */
export function freePower(night: ChargingCase, powers: Powers): number[] {
  return night.base_kw.map((base, slot) => limitAt(night, slot) - base - powers.reduce((sum, kw) => sum + (kw[slot] ?? 0), 0))
}

/** More slots for vehicles that were not served in full: where something is free, cheapest first. @returns false when there are none */
export function widen(night: ChargingCase, on: Set<number>[], powers: Powers): boolean {
  const free = freePower(night, powers)
  let widened = false
  night.evs.forEach((one, index) => {
    const slots = on[index] as Set<number>
    let missing = one.energy_kwh / hoursOf(night) - (powers[index] ?? []).reduce((a, b) => a + b, 0)
    if (missing <= NOISE_KW * night.slots) return
    const price = (slot: number): number => night.price_cny_per_kwh[slot] ?? 0
    for (const slot of windowOf(night, one).filter((candidate) => !slots.has(candidate) && (free[candidate] ?? 0) >= one.min_kw).sort((a, b) => price(a) - price(b))) {
      if (missing <= 0) break
      slots.add(slot)
      free[slot] = (free[slot] ?? 0) - one.min_kw
      missing -= Math.min(one.max_kw, Math.max(one.min_kw, free[slot] ?? 0))
      widened = true
    }
  })
  return widened
}
