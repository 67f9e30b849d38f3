import { limitAt } from '@zhuzhan/energy-models'
import type { ChargingCase, SolveProgram } from '@zhuzhan/energy-models'
import { createChargingControl } from '../control.js'
import { runNight } from '../night.js'
import { createNightPlanner } from '../planner.js'
import { LOOP_DEFAULTS } from '../settings.js'
import type { LoopSettings } from '../settings.js'
import { createSimulatedPiles } from './piles.js'
import type { SimulatedOptions } from './piles.js'

/** A night that needs no date begins here. */
export const START = Date.UTC(2026, 0, 5, 4)

export interface SimulatedFaults extends Pick<SimulatedOptions, 'fate' | 'gatewayDown' | 'restarts'> {
  /** Vehicles as they really come, where that is not as announced. */
  sessions?: SimulatedOptions['sessions']
  /** kW by pile; 0 unless said. */
  safeKw?: number
}

/** The whole loop on simulated piles, and what anyone can measure of it. */
export async function runSimulatedNight(night: ChargingCase, solve: SolveProgram, { safeKw: safe = 0, ...faults }: SimulatedFaults = {}) {
  const slotMs = night.slot_minutes * 60_000
  const slotOf = (at: number): number => Math.min(night.slots - 1, Math.max(0, Math.floor((at - START) / slotMs)))
  const safeKw = new Map(night.evs.map(({ pile }) => [pile, safe]))
  const settings: LoopSettings = { ...LOOP_DEFAULTS, safeKw, areaKw: Math.max(...night.base_kw.map((_, slot) => limitAt(night, slot))), roomKw: (at) => Math.max(0, limitAt(night, slotOf(at)) - (night.base_kw[slotOf(at)] as number)) }
  const sessions = faults.sessions ?? night.evs.map((one) => ({ pile: one.pile, from: START + one.plug_slot * slotMs, to: START + one.depart_slot * slotMs, kwh: one.energy_kwh, maxKw: one.max_kw, minKw: one.min_kw }))
  const over: { at: number; kw: number }[] = []
  const steps: number[] = []
  /** kWh by session at the start of each slot. */
  const deliveredAt: number[][] = []
  const powers: { at: number; setPointsKw: number; powerKw: number }[] = []
  let clock = START - 3_600_000
  const piles = createSimulatedPiles({
    ...faults, safeKw, sessions, startAt: clock,
    watch: (at, setPointsKw, powerKw) => {
      if (at < START) return
      deliveredAt[slotOf(at)] ??= [...piles.delivered]
      if (setPointsKw > settings.roomKw(at) + 1e-6) over.push({ at, kw: setPointsKw })
      steps.push(setPointsKw - (powers.at(-1)?.setPointsKw ?? 0))
      powers.push({ at, setPointsKw, powerKw })
    },
  })
  const control = createChargingControl(settings)
  const points = await runNight({
    night, startAt: START, settings, control, piles, plan: createNightPlanner(night, solve, { everySlots: 24 }), clock: () => clock,
    advance: async (to) => { await piles.advance(to); clock = to },
  })
  const cost = piles.drawn.reduce((sum, { at, kwh }) => sum + kwh * (night.price_cny_per_kwh[slotOf(at)] as number), 0)
  const unserved = sessions.reduce((sum, one, index) => sum + one.kwh - (piles.delivered[index] as number), 0)
  return { control, piles, points, deliveredAt, powers, over, steps, cost, unserved, settings, sessions }
}
