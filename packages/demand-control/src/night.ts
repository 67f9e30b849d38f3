import { limitAt } from '@zhuzhan/energy-models'
import type { ChargingCase } from '@zhuzhan/energy-models'
import { longestRamp } from './batch.js'
import type { ChargingPiles, PileReading } from './command.js'
import type { ChargingControl } from './control.js'
import type { PlanRequest, SlotPlan } from './planner.js'
import type { LoopSettings } from './settings.js'

export interface NightPoint {
  at: number
  baseKw: number
  /** What the plan of the slot asks of the piles. */
  plannedKw: number
  commandedKw: number
  /** Undefined while no pile can be read. */
  measuredKw: number | undefined
  limitKw: number
}

export interface NightRun {
  night: ChargingCase
  startAt: number
  settings: LoopSettings
  control: ChargingControl
  piles: ChargingPiles
  plan: (request: PlanRequest) => Promise<SlotPlan>
  /** Brings time to an instant; the run does nothing in between. */
  advance(to: number): Promise<void>
  clock(): number
  /** Called at every instant, after commands went out. */
  onTick?: (at: number) => void
}

/** From a slot's end backwards: room for the first steps of a ramp and a repeat of what was lost. */
const SPARE_REPEATS = 3

/** How long before a slot its batch is made: the longest ramp, and repeats of what was lost. */
export function leadOf({ rampShare, stepMs, repeatMs }: Pick<LoopSettings, 'rampShare' | 'stepMs' | 'repeatMs'>): number {
  return longestRamp({ rampShare, stepMs }) + SPARE_REPEATS * repeatMs
}

/** Runs the loop over a whole night: a batch for each slot before it begins, repeats, read-backs, judgements. */
export async function runNight({ night, startAt, settings, control, piles, plan, advance, clock, onTick }: NightRun): Promise<NightPoint[]> {
  const slotMs = night.slot_minutes * 60_000
  const lead = leadOf(settings)
  const points: NightPoint[] = []
  const names = [...settings.safeKw.keys()]
  const plannedKw: number[] = []
  let readings: ReadonlyMap<string, PileReading> | undefined
  let readAt = startAt
  let next = 0

  for (let now = startAt - Math.ceil(lead / settings.stepMs) * settings.stepMs; now < startAt + night.slots * slotMs; now += settings.stepMs) {
    await advance(now)
    if ((now - startAt) % settings.intervalMs === 0) {
      readings = await piles.power().catch(() => undefined)
      if (readings) readAt = now
      control.readBack(readings, clock())
    }
    control.tick(now)
    const start = startAt + next * slotMs
    if (next < night.slots && now >= start - lead) {
      if (!control.aborted) {
        const { setPoints, ...note } = await plan({ slot: next, readings, underway: underwayOf({ control, piles: names, readings, readAt, start, now }), why: control.takeReplan() })
        plannedKw[next] = [...setPoints.values()].reduce((a, b) => a + b, 0)
        control.propose(setPoints, { start, end: start + slotMs }, note, now)
      }
      next++
    }
    for (const command of control.due(now)) piles.set(command).then((answer) => control.acknowledged(command.id, answer, clock()), () => undefined)
    if (now >= startAt) points.push(pointOf(night, Math.floor((now - startAt) / slotMs), now, { plannedKw, readings, commandedKw: names.reduce((sum, pile) => sum + control.commandedKw(pile, now), 0) }))
    onTick?.(now)
  }
  await advance(startAt + night.slots * slotMs)
  control.tick(startAt + night.slots * slotMs)
  return points
}

/** What each pile still gets before a slot begins, kWh: as far as it is known from the last read-back. */
export function underwayOf({ control, piles, readings, readAt, start, now }: {
  control: Pick<ChargingControl, 'commandedKw'>; piles: readonly string[]; readings: ReadonlyMap<string, PileReading> | undefined; readAt: number; start: number; now: number
}): Map<string, number> {
  return new Map(piles.map((pile) => [pile, underwayKwh(readings?.get(pile)?.kw ?? 0, control.commandedKw(pile, now), start - readAt)]))
}

/** What a vehicle that draws now gets between the read-back and the slot; nothing without a read-back. */
function underwayKwh(measuredKw: number, commandedKw: number, ms: number): number {
  return Math.max(0, ms / 3_600_000) * Math.min(measuredKw, commandedKw)
}

function pointOf(night: ChargingCase, slot: number, at: number, { plannedKw, commandedKw, readings }: { plannedKw: readonly number[]; commandedKw: number; readings: ReadonlyMap<string, PileReading> | undefined }): NightPoint {
  const baseKw = night.base_kw[slot] ?? 0
  const measuredKw = readings && [...readings.values()].reduce((sum, { kw }) => sum + kw, 0)
  return { at, baseKw, plannedKw: plannedKw[slot] ?? 0, commandedKw, measuredKw, limitKw: limitAt(night, slot) }
}
