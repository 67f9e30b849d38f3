import { HesError } from '@zhuzhan/core'
import { PHASES, limitAt, phaseBase, windowOf } from './case.js'
import type { ChargingCase } from './case.js'
import { wattsNeeded } from './watts.js'

export interface Judgement {
  /** CNY to four decimals, exact for the plan and the prices as printed. */
  cost: string
  /** kWh. */
  unserved: number
  unservedByPile: { pile: string; kwh: number }[]
  /** Highest base load and charging together, kW. */
  peak: number
  violations: string[]
}

/** Price digits that count: 10^-6 CNY. */
const PRICE_UNIT = 1_000_000

/** What anyone can recompute from a plan in watts: cost, energy not served, peak, and every limit that is not kept. */
export function judge(night: ChargingCase, watts: readonly (readonly number[])[]): Judgement {
  const violations: string[] = []
  const unservedByPile: { pile: string; kwh: number }[] = []
  let cost = 0n
  let missing = 0
  night.evs.forEach((one, index) => {
    const row = watts[index] ?? []
    const window = new Set(windowOf(night, one))
    row.forEach((watt, slot) => {
      if (watt === 0) return
      cost += BigInt(Math.round((night.price_cny_per_kwh[slot] ?? 0) * PRICE_UNIT)) * BigInt(watt)
      if (!window.has(slot)) violations.push(`${one.pile} charges in slot ${slot}, when it is not there`)
      if (watt > Math.round(one.max_kw * 1_000)) violations.push(`${one.pile} over its largest power in slot ${slot}`)
      if (watt < Math.round(one.min_kw * 1_000)) violations.push(`${one.pile} under its smallest power in slot ${slot}`)
    })
    const short = wattsNeeded(night, one.energy_kwh) - row.reduce((a, b) => a + b, 0)
    if (short <= 0) return
    missing += short
    unservedByPile.push({ pile: one.pile, kwh: kwhOf(night, short) })
  })
  let peak = 0
  night.base_kw.forEach((base, slot) => {
    const total = totalOf(watts, slot)
    peak = Math.max(peak, base + total / 1_000)
    if (base + total / 1_000 > limitAt(night, slot) + 1e-9) violations.push(total > 0 ? `slot ${slot} over the transformer's limit` : `slot ${slot}: the base load alone is over the transformer's limit`)
    violations.push(...phaseViolations(night, watts, slot))
  })
  return { cost: moneyText(cost, night), unserved: kwhOf(night, missing), unservedByPile, peak: Math.round(peak * 1_000) / 1_000, violations }
}

function phaseViolations(night: ChargingCase, watts: readonly (readonly number[])[], slot: number): string[] {
  const { phase_limit_kw: limit, phase_difference_limit_kw: difference } = night
  if (limit === undefined && difference === undefined) return []
  const phases = PHASES.map((phase) => {
    const charging = night.evs.reduce((sum, one, index) => sum + (one.phase === phase ? watts[index]?.[slot] ?? 0 : 0), 0)
    return { phase, charging, base: phaseBase(night, phase, slot), total: phaseBase(night, phase, slot) + charging / 1_000 }
  })
  const over = phases.filter(({ charging, total }) => limit !== undefined && charging > 0 && total > limit + 0.002).map(({ phase }) => `slot ${slot}, phase ${phase} over its limit`)
  const apart = phases.flatMap((a) => phases.filter((b) => difference !== undefined && a.charging > 0 && a.total - b.total > Math.max(difference, a.base - b.base) + 0.1).map((b) => `slot ${slot}, phase ${a.phase} too far over ${b.phase}`))
  return [...over, ...apart]
}

function totalOf(watts: readonly (readonly number[])[], slot: number): number {
  return watts.reduce((sum, row) => sum + (row[slot] ?? 0), 0)
}

function kwhOf({ slot_minutes: minutes }: ChargingCase, wattSlots: number): number {
  return Math.round((wattSlots * minutes) / 60) / 1_000
}

/** From 10^-6 CNY/kWh x watt x slots; half up. */
function moneyText(sum: bigint, { slot_minutes: minutes }: ChargingCase): string {
  if (!Number.isInteger(minutes)) throw new HesError('DATA_REFUSED', 'A slot is a whole number of minutes.')
  // x minutes / 60 / 1000 W gives 10^-6 CNY; two more digits off give 10^-4.
  const divisor = 60n * 1_000n * 100n
  const scaled = sum * BigInt(minutes)
  const count = scaled >= 0n ? (scaled + divisor / 2n) / divisor : -((-scaled + divisor / 2n) / divisor)
  const digits = (count < 0n ? -count : count).toString().padStart(5, '0')
  return `${count < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}
