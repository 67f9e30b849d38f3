import { replan } from '@zhuzhan/energy-models'
import type { ChargingCase, SolveProgram, Vehicle } from '@zhuzhan/energy-models'
import type { PileReading } from './command.js'

export interface SlotPlan {
  setPoints: ReadonlyMap<string, number>
  version: number
  reason: string
}

export interface PlanRequest {
  /** The slot that is planned; the one before it is fixed by what was commanded for it. */
  slot: number
  readings: ReadonlyMap<string, PileReading> | undefined
  /** kWh that each pile still gets before the slot begins. */
  underway: ReadonlyMap<string, number>
  /** Why a new plan is asked for. */
  why: string | undefined
}

export interface PlannerOptions {
  /** Solved anew at the latest after so many slots. */
  everySlots?: number
  /** 95th percentile of the base load's forecast error, kW. */
  marginKw?: number
}

/** What a plan may lack before it is made anew, kWh of a vehicle. */
const LACK_KWH = 0.002

/** A vehicle that lacks less is full. */
const FULL_KWH = 0.001

/** Set-points slot after slot from one announced night: the plan is made anew when the loop asks, a vehicle is not as announced, or energy is short. */
export function createNightPlanner(night: ChargingCase, solve: SolveProgram, { everySlots = 1, marginKw = 0 }: PlannerOptions = {}): (request: PlanRequest) => Promise<SlotPlan> {
  let version = 0
  let planned: { slot: number; kw: Map<string, number[]>; seen: string } | undefined
  let wasPlugged = new Set<string>()
  let lastKwh = new Map<string, number>()
  const hours = night.slot_minutes / 60

  return async ({ slot, readings, underway, why }) => {
    const plugged = readings ? new Set([...readings].filter(([, reading]) => reading.plugged).map(([pile]) => pile)) : wasPlugged
    const vehicles = night.evs.map((one): Vehicle => (readings === undefined || one.depart_slot <= slot ? one : asSeen(one, slot, plugged.has(one.pile), wasPlugged.has(one.pile))))
    wasPlugged = plugged
    if (readings) lastKwh = new Map([...readings].map(([pile, { sessionKwh }]) => [pile, sessionKwh]))
    const delivered = Object.fromEntries([...lastKwh].map(([pile, kwh]) => [pile, kwh + (underway.get(pile) ?? 0)]))
    // Less than the smallest power in one slot cannot be planned: a little more is, and the vehicle ends by itself.
    for (const one of vehicles) {
      const missing = one.energy_kwh - (delivered[one.pile] ?? 0)
      if (one.plug_slot <= slot && one.depart_slot > slot && missing > FULL_KWH) delivered[one.pile] = one.energy_kwh - Math.max(missing, one.min_kw * hours * 1.001)
    }
    // A plug is used to the last slot before it is pulled only when there is no other way: what is lost there cannot be made good.
    const early = vehicles.map((one) => {
      const first = Math.max(slot, one.plug_slot)
      const missing = one.energy_kwh - (one.plug_slot <= slot ? delivered[one.pile] ?? 0 : 0)
      return first < one.depart_slot - 1 && (one.depart_slot - 1 - first) * one.max_kw * hours >= missing ? { ...one, depart_slot: one.depart_slot - 1 } : one
    })
    const seen = vehicles.filter((one, index) => one !== night.evs[index]).map((one) => `${one.pile} ${one.energy_kwh === 0 ? 'gone' : one.plug_slot > slot ? 'late' : 'early'}`).join(', ')

    const from = planned
    const lacks = from && vehicles.find((one) => {
      const rest = (from.kw.get(one.pile) ?? []).slice(slot - from.slot).reduce((sum, kw) => sum + kw * hours, 0)
      return one.plug_slot <= slot && one.depart_slot > slot && one.energy_kwh - (delivered[one.pile] ?? 0) - rest > LACK_KWH
    })
    const reason = why ?? (from === undefined ? 'first plan' : slot - from.slot >= everySlots ? 'a plan is not kept longer' : from.seen !== seen ? `vehicles are not there as announced: ${seen || 'now they are'}` : lacks ? `${lacks.pile} would lack energy` : undefined)
    if (reason !== undefined || planned === undefined) {
      version++
      let { rest } = await replan({ ...night, evs: early }, { slot, delivered, marginKw }, solve)
      if (rest.unserved > 0) ({ rest } = await replan({ ...night, evs: vehicles }, { slot, delivered, marginKw }, solve))
      const kw = new Map<string, number[]>()
      for (const one of rest.plan) kw.set(one.pile, one.kw.map((power, index) => power + (kw.get(one.pile)?.[index] ?? 0)))
      planned = { slot, kw, seen }
    }
    const current = planned
    return {
      version,
      reason: reason ?? `as planned from slot ${current.slot} on`,
      setPoints: new Map([...current.kw].map(([pile, kw]) => [pile, kw[slot - current.slot] ?? 0])),
    }
  }
}

/** A vehicle that came early, has not come, or has gone. */
function asSeen(one: Vehicle, slot: number, plugged: boolean, before: boolean): Vehicle {
  if (plugged) return one.plug_slot > slot ? { ...one, plug_slot: slot } : one
  if (one.plug_slot >= slot) return one
  return before ? { ...one, energy_kwh: 0 } : { ...one, plug_slot: Math.min(slot + 1, one.depart_slot - 1) }
}
