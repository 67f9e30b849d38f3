import { replan } from '@zhuzhan/energy-models'
import type { ChargingCase, SolveProgram, Vehicle } from '@zhuzhan/energy-models'
import type { PileReading } from './command.js'

export interface SlotPlan {
  setPoints: ReadonlyMap<string, number>
  version: number
  reason: string
  /** Piles whose vehicles have hardly more time than they need: others wait for ramps before they do. */
  hurried: ReadonlySet<string>
  /** Why it does not bring what was asked for. */
  short?: string
}

export interface PlanRequest {
  /** The slot that is planned; the one before it is fixed by what was commanded for it. */
  slot: number
  readings: ReadonlyMap<string, PileReading> | undefined
  /** kWh that each pile still gets before the slot begins. */
  underway: ReadonlyMap<string, number>
  /** Why a new plan is asked for. */
  why: string | undefined
  /** From the read-back to the start of the slot. */
  sinceReadMs?: number
  /** Loads that did not follow what they were told. */
  unable?: ReadonlySet<string>
}

/** What a planner remembers of a night, as JSON. */
export interface PlannerState {
  version: number
  standing?: { slot: number; kw: [string, number[]][]; seen: string } | undefined
  plugged: string[]
  kwh: [string, number][]
}

/** Set-points of one slot after another. `save` gives back what it must remember. */
export interface SlotPlanner<State> {
  (request: PlanRequest): Promise<SlotPlan>
  save(): State
}
export type NightPlanner = SlotPlanner<PlannerState>

export interface PlannerOptions {
  saved?: PlannerState | undefined
  /** Solved anew at the latest after so many slots. */
  everySlots?: number
  /** 95th percentile of the base load's forecast error, kW. */
  marginKw?: number
}

/** Planned beyond what a vehicle lacks, kW over a slot: it ends by itself, and what whole watts and registers round off is not left over. */
const SURPLUS_KW = 0.02

/** A vehicle that lacks less is full. */
const FULL_KWH = 1e-6

/** What a vehicle may lack, kW over a slot, before the plan is made anew for its sake; nothing when it leaves in so many slots. */
const LACK_KW = 0.8
const SOON_SLOTS = 6

/** A vehicle with less time to spare is the last to wait for a ramp, in slots. */
const PATIENT_SLOTS = 2

/** Set-points slot after slot from one announced night: the plan is made anew when the loop asks, a vehicle is not as announced, or energy is short. */
export function createNightPlanner(night: ChargingCase, solve: SolveProgram, { everySlots = 1, marginKw = 0, saved }: PlannerOptions = {}): NightPlanner {
  let version = saved?.version ?? 0
  let standing: { slot: number; kw: Map<string, number[]>; seen: string } | undefined = saved?.standing && { ...saved.standing, kw: new Map(saved.standing.kw) }
  let wasPlugged = new Set<string>(saved?.plugged)
  const lastKwh = new Map<string, number>(saved?.kwh)
  const hours = night.slot_minutes / 60

  const plan = async ({ slot, readings, underway, why }: PlanRequest): Promise<SlotPlan> => {
    // Of a pile that did not answer the last answer counts.
    const plugged = new Set([...new Set([...(readings?.keys() ?? []), ...wasPlugged])].filter((pile) => readings?.get(pile)?.plugged ?? wasPlugged.has(pile)))
    const vehicles = night.evs.map((one): Vehicle => (readings === undefined || one.depart_slot <= slot ? one : asSeen(one, slot, plugged.has(one.pile), wasPlugged.has(one.pile))))
    wasPlugged = plugged
    for (const [pile, { sessionKwh }] of readings ?? []) lastKwh.set(pile, sessionKwh)
    const delivered = Object.fromEntries([...lastKwh].map(([pile, kwh]) => [pile, kwh + (underway.get(pile) ?? 0)]))
    const lacking = (one: Vehicle): number => one.energy_kwh - (one.plug_slot <= slot ? delivered[one.pile] ?? 0 : 0)
    const seen = vehicles.filter((one, index) => one !== night.evs[index]).map((one) => `${one.pile} ${one.energy_kwh === 0 ? 'gone' : one.plug_slot > slot ? 'late' : 'early'}`).join(', ')

    const from = standing
    const lacks = from && vehicles.find((one) => {
      const rest = (from.kw.get(one.pile) ?? []).slice(slot - from.slot).reduce((sum, kw) => sum + kw * hours, 0)
      const bearable = one.depart_slot - slot > SOON_SLOTS ? LACK_KW * hours : FULL_KWH
      return one.plug_slot <= slot && one.depart_slot > slot && lacking(one) - rest > bearable
    })
    const reason = why ?? (from === undefined ? 'first plan' : slot - from.slot >= everySlots ? 'a plan is not kept longer' : from.seen !== seen ? `vehicles are not there as announced: ${seen || 'now they are'}` : lacks ? `${lacks.pile} would lack energy` : undefined)
    if (reason !== undefined || standing === undefined) {
      version++
      const evs = vehicles.map((one) => ({ ...one, energy_kwh: wanted(one, slot, lacking(one)) }))
      const { rest } = await replan({ ...night, evs }, { slot, delivered: {}, marginKw }, solve, { preferEarly: true })
      const kw = new Map<string, number[]>()
      for (const one of rest.plan) kw.set(one.pile, one.kw.map((power, index) => power + (kw.get(one.pile)?.[index] ?? 0)))
      standing = { slot, kw, seen }
    }
    const current = standing
    const hurried = vehicles.filter((one) => one.plug_slot <= slot && one.depart_slot > slot && lacking(one) > FULL_KWH && slotsToSpare(one, slot, lacking(one)) < PATIENT_SLOTS)
    return {
      version,
      reason: reason ?? `as planned from slot ${current.slot} on`,
      setPoints: new Map([...current.kw].map(([pile, kw]) => [pile, kw[slot - current.slot] ?? 0])),
      hurried: new Set(hurried.map(({ pile }) => pile)),
    }
  }
  return Object.assign(plan, { save: (): PlannerState => ({ version, standing: standing && { ...standing, kw: [...standing.kw] }, plugged: [...wasPlugged], kwh: [...lastKwh] }) })

  /** Energy to plan, kWh. Less than the smallest power in one slot cannot be planned: a little more is, and the vehicle ends by itself. */
  function wanted(one: Vehicle, slot: number, missing: number): number {
    if (missing <= FULL_KWH) return 0
    const most = Math.max(0, one.depart_slot - Math.max(slot, one.plug_slot)) * one.max_kw * hours
    return Math.max(missing, Math.min(most, Math.max(missing + SURPLUS_KW * hours, one.min_kw * hours * 1.001)))
  }

  function slotsToSpare(one: Vehicle, slot: number, missing: number): number {
    return one.depart_slot - slot - missing / (one.max_kw * hours)
  }
}

/** A vehicle that came early, has not come, or has gone. */
function asSeen(one: Vehicle, slot: number, plugged: boolean, before: boolean): Vehicle {
  if (plugged) return one.plug_slot > slot ? { ...one, plug_slot: slot } : one
  if (one.plug_slot >= slot) return one
  return before ? { ...one, energy_kwh: 0 } : { ...one, plug_slot: Math.min(slot + 1, one.depart_slot - 1) }
}
