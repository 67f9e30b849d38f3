import type { ChargingCase } from './case.js'
import { planCharging } from './plan.js'
import type { ChargingPlan, PlanOptions, SolveProgram } from './plan.js'

export interface Progress {
  /** The slot that begins now. */
  slot: number
  /** kWh delivered so far, by pile, to the vehicle that is there now. */
  delivered: Readonly<Record<string, number>>
  /** 95th percentile of the base load's forecast error, kW: kept free. */
  marginKw?: number
}

export interface NextStep {
  /** Plan of the rest of the night; index 0 is the slot that begins now. */
  rest: ChargingPlan
  /** Set-points of the slot that begins now, kW by pile. These are sent; the rest is planned anew in the next slot. */
  setPoints: Record<string, number>
}

/** Plans anew from a slot on, as every slot and every plug-in asks for (analytics §7). Vehicles that have gone are left out. */
export async function replan(night: ChargingCase, { slot, delivered, marginKw = 0 }: Progress, solve: SolveProgram, options?: PlanOptions): Promise<NextStep> {
  const rest = await planCharging(remaining(night, { slot, delivered, marginKw }), solve, options)
  return { rest, setPoints: Object.fromEntries(rest.plan.map(({ pile, kw }) => [pile, kw[0] ?? 0])) }
}

function remaining(night: ChargingCase, { slot, delivered, marginKw }: Required<Progress>): ChargingCase {
  const { transformer_limit_kw: limit, base_kw_by_phase: byPhase } = night
  return {
    ...night,
    slots: night.slots - slot,
    // The load of the slot that begins now is known best; what is uncertain comes after it, but a set-point must hold for all of it.
    base_kw: night.base_kw.slice(slot).map((kw) => kw + marginKw),
    price_cny_per_kwh: night.price_cny_per_kwh.slice(slot),
    transformer_limit_kw: typeof limit === 'number' ? limit : limit.slice(slot),
    ...(byPhase && { base_kw_by_phase: { A: byPhase.A.slice(slot), B: byPhase.B.slice(slot), C: byPhase.C.slice(slot) } }),
    evs: night.evs.filter(({ depart_slot: depart }) => depart > slot).map((one) => ({
      ...one,
      plug_slot: Math.max(0, one.plug_slot - slot),
      depart_slot: one.depart_slot - slot,
      energy_kwh: one.plug_slot <= slot ? Math.max(0, one.energy_kwh - (delivered[one.pile] ?? 0)) : one.energy_kwh,
    })),
  }
}
