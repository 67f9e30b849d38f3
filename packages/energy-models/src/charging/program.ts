import { PHASES, hoursOf, limitAt, phaseBase, windowOf } from './case.js'
import type { ChargingCase } from './case.js'

/** kW by vehicle and slot. */
export type Powers = readonly (readonly number[])[]

export interface ProgramOptions {
  /** Decisions by vehicle and slot: on (from the smallest power up) or off. What is not decided may have any power from 0. */
  decided?: readonly ReadonlyMap<number, Decision>[]
  /** Every vehicle gets at least this share of its energy. */
  leastShare?: number
  /** The largest least share, in place of the least cost. */
  objective?: 'cost' | 'share'
  /** See PlanOptions. */
  preferEarly?: boolean
}

export type Decision = 'on' | 'off'

/** Price of a kWh not served at weight 1, far over any tariff. */
const UNSERVED_CNY = 100

/** CNY/kWh that decide between slots of one price: under any difference of tariffs, over the solver's tolerance. */
const EARLIER_CNY = 4e-6
const LAST_SLOTS = 3
const LAST_CNY = 2e-4

/** Weight by priority and by how much a user was cut before (analytics §7). */
export function weightOf({ priority, deficit_kwh: deficit }: ChargingCase['evs'][number]): number {
  return 1 + priority + deficit
}

/**
 * The linear program of a night as CPLEX LP text. Columns: `x<vehicle>_<slot>` kW, `u<vehicle>` kWh not served, `z` the peak in kW, `s` the
 * least share served.
 */
export function programText(night: ChargingCase, { decided, leastShare = 0, objective = 'cost', preferEarly = false }: ProgramOptions = {}): string {
  const hours = hoursOf(night)
  const costs: string[] = []
  const rows: string[] = []
  const bounds: string[] = []
  const bySlot = new Map<number, { name: string; phase: string | undefined }[]>()

  night.evs.forEach((one, index) => {
    const names: string[] = []
    for (const slot of windowOf(night, one)) {
      const decision = decided?.[index]?.get(slot)
      if (decision === 'off') continue
      const name = `x${index}_${slot}`
      names.push(name)
      bounds.push(` ${number(decision === 'on' ? one.min_kw : 0)} <= ${name} <= ${number(one.max_kw)}`)
      const late = preferEarly ? slot * EARLIER_CNY + Math.max(0, LAST_SLOTS + slot - one.depart_slot + 1) * LAST_CNY : 0
      costs.push(term(((night.price_cny_per_kwh[slot] ?? 0) + late) * hours, name))
      const there = bySlot.get(slot)
      if (there) there.push({ name, phase: one.phase })
      else bySlot.set(slot, [{ name, phase: one.phase }])
    }
    rows.push(` e${index}: ${names.map((name) => term(hours, name)).join(' ')} + u${index} = ${number(one.energy_kwh)}`)
    bounds.push(` 0 <= u${index} <= ${number(one.energy_kwh * (1 - leastShare))}`)
    costs.push(term(UNSERVED_CNY * weightOf(one), `u${index}`))
    if (objective === 'share' && one.energy_kwh > 0) rows.push(` f${index}: u${index} + ${number(one.energy_kwh)} s <= ${number(one.energy_kwh)}`)
  })

  for (const [slot, columns] of bySlot) {
    const all = columns.map(({ name }) => term(1, name)).join(' ')
    rows.push(` l${slot}: ${all} <= ${number(room(limitAt(night, slot), night.base_kw[slot] ?? 0))}`)
    if (night.demand_price_cny_per_kw > 0) rows.push(` p${slot}: ${all} - z <= ${number(-(night.base_kw[slot] ?? 0))}`)
    const phases = PHASES.map((phase) => ({ phase, base: phaseBase(night, phase, slot), sum: columns.filter((one) => one.phase === phase).map(({ name }) => name) }))
    if (night.phase_limit_kw !== undefined) {
      for (const { phase, base, sum } of phases) if (sum.length > 0) rows.push(` l${phase}${slot}: ${sum.map((name) => term(1, name)).join(' ')} <= ${number(room(night.phase_limit_kw, base))}`)
    }
    if (night.phase_difference_limit_kw === undefined) continue
    for (const a of phases) {
      for (const b of phases) {
        if (a === b || a.sum.length === 0) continue
        // Where the base load alone is further apart, charging must not widen it.
        const allowed = Math.max(night.phase_difference_limit_kw - (a.base - b.base), 0)
        rows.push(` d${a.phase}${b.phase}${slot}: ${a.sum.map((name) => term(1, name)).join(' ')} ${b.sum.map((name) => term(-1, name)).join(' ')} <= ${number(allowed)}`)
      }
    }
  }
  if (night.demand_price_cny_per_kw > 0) costs.push(term(night.demand_price_cny_per_kw, 'z'))
  if (objective === 'share') bounds.push(' 0 <= s <= 1')
  const goal = objective === 'share' ? 'Maximize\n goal: s' : `Minimize\n goal: ${costs.join('\n ')}`
  return `${goal}\nSubject To\n${rows.join('\n')}\nBounds\n${bounds.join('\n')}\nEnd\n`
}

/** The powers among the columns of an answer, noise of the solver taken off. */
export function powersOf(night: ChargingCase, values: Readonly<Record<string, number>>): number[][] {
  return night.evs.map((one, index) => Array.from({ length: night.slots }, (_, slot) => {
    const kw = values[`x${index}_${slot}`] ?? 0
    return kw < 1e-7 ? 0 : Math.min(kw, one.max_kw)
  }))
}

function room(limit: number, base: number): number {
  return Math.max(0, limit - base)
}

function term(factor: number, name: string): string {
  return `${factor < 0 ? '-' : '+'} ${number(Math.abs(factor))} ${name}`
}

/** LP text knows no exponents that every reader takes. */
function number(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, '') || '0'
}
