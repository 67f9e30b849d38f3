import { HesError } from '@zhuzhan/core'

export interface BaselineDay {
  date: string
  /** Workday, weekend, holiday: only days like the event's count. */
  kind: string
  /** kW by slot. */
  kw: readonly number[]
  /** A day with an event of its own says nothing about ordinary load. */
  event?: boolean
}

/** Mean of the highest 4 of the last 5 like days unless set otherwise (analytics §7). */
export interface BaselineRule {
  highest: number
  of: number
}
export const BASELINE_RULE: BaselineRule = { highest: 4, of: 5 }

export interface DemandEvent {
  date: string
  kind: string
  /** Slots of the day, `to` excluded. */
  fromSlot: number
  toSlot: number
  reductionKw: number
}

/**
 * kW for each slot of the event. Which days are highest is decided by their energy within the event's slots.
 * @throws HesError DATA_REFUSED with fewer like days than the rule asks for, or days that lack slots
 */
export function baseline(event: DemandEvent, days: readonly BaselineDay[], { highest, of }: BaselineRule = BASELINE_RULE): number[] {
  const like = days.filter((day) => day.date < event.date && day.kind === event.kind && day.event !== true).sort((a, b) => b.date.localeCompare(a.date)).slice(0, of)
  if (highest < 1 || highest > of || like.length < of) throw new HesError('DATA_REFUSED', `A baseline of the highest ${highest} of ${of} days needs ${of} like days before ${event.date}, there are ${like.length}.`)
  const inEvent = like.map((day) => day.kw.slice(event.fromSlot, event.toSlot))
  if (inEvent.some((kw) => kw.length !== event.toSlot - event.fromSlot || !kw.every(Number.isFinite))) throw new HesError('DATA_REFUSED', 'A day of the baseline lacks slots of the event.')
  const sum = (kw: readonly number[]): number => kw.reduce((a, b) => a + b, 0)
  const chosen = inEvent.sort((a, b) => sum(b) - sum(a)).slice(0, highest)
  return Array.from({ length: event.toSlot - event.fromSlot }, (_, slot) => chosen.reduce((total, kw) => total + (kw[slot] as number), 0) / highest)
}

/** The limits of a night with an event in it: never more than baseline less reduction in the event's slots. */
export function limitsInEvent(limitKw: readonly number[], event: DemandEvent, baselineKw: readonly number[]): number[] {
  return limitKw.map((limit, slot) => (slot < event.fromSlot || slot >= event.toSlot ? limit : Math.max(0, Math.min(limit, (baselineKw[slot - event.fromSlot] as number) - event.reductionKw))))
}

export interface EventResult {
  /** Baseline less load, mean over the event's slots and least of them, kW. */
  meanKw: number
  leastKw: number
  met: boolean
}

/** @param loadKw measured, for each slot of the event. Met when the mean reduction is no less than was asked for. */
export function eventResult({ reductionKw }: DemandEvent, baselineKw: readonly number[], loadKw: readonly number[]): EventResult {
  if (loadKw.length !== baselineKw.length || loadKw.length === 0) throw new HesError('DATA_REFUSED', 'Load and baseline of an event have other lengths.')
  const reductions = baselineKw.map((kw, slot) => kw - (loadKw[slot] as number))
  const meanKw = reductions.reduce((a, b) => a + b, 0) / reductions.length
  return { meanKw, leastKw: Math.min(...reductions), met: meanKw >= reductionKw - 1e-9 }
}
