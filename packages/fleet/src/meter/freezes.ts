import type { Ti } from '@zhuzhan/dlt698'
import { DAY_MS, HOUR_MS, MINUTE_MS, SLOT_MS, dayStart, localDay, localMonth, monthStart } from './calendar.js'

/**
 * What a meter freezes and how long it remembers: one row a freeze object. Reference §8.4.
 * A stamp is the time written in column 20210200; the values are those of that moment.
 */
export interface Freeze {
  oi: string
  name: FreezeKind
  /** Stamps are whole multiples of this from local midnight; `month` for the first of a month, 00:00. */
  every: number | 'month'
  /** How many stamps are kept. */
  depth: number
  /** Older than `depth` stamps only these are kept on, up to so many of them: the coarse list of the same object. */
  coarse?: { every: number; depth: number }
  /** Maximum demands are frozen with the billing periods only. */
  demand: boolean
}

export type FreezeKind = 'minute' | 'hour' | 'day' | 'settlement' | 'month'

export const FREEZES: readonly Freeze[] = [
  { oi: '5002', name: 'minute', every: MINUTE_MS, depth: 2 * 1440, coarse: { every: SLOT_MS, depth: 62 * 96 }, demand: false },
  { oi: '5003', name: 'hour', every: HOUR_MS, depth: 31 * 24, demand: false },
  { oi: '5004', name: 'day', every: DAY_MS, depth: 62, demand: true },
  { oi: '5005', name: 'settlement', every: 'month', depth: 12, demand: true },
  { oi: '5006', name: 'month', every: 'month', depth: 13, demand: true },
]

export function freezeOf(oi: string): Freeze | undefined {
  return FREEZES.find((f) => f.oi === oi)
}

/** Whose memory is asked: its clock now, its first day, its zone. */
export interface MemoryOwner {
  zone: number
  installedAt: number
}

/** The `n` newest stamps, newest first. */
export function recentStamps(freeze: Freeze, owner: MemoryOwner, nowMs: number, n: number): number[] {
  const out: number[] = []
  let stamp = stampAt(freeze, owner.zone, nowMs, nowMs)
  while (out.length < n && remembers(freeze, owner, stamp, nowMs)) {
    out.push(stamp)
    stamp = stampAt(freeze, owner.zone, stamp - 1, nowMs)
  }
  return out
}

/**
 * Stamps t of the memory with from <= t < to, ascending; with an interval only whole multiples of it counted from
 * local midnight (months: from January). Reference §13.
 */
export function stampsBetween(freeze: Freeze, owner: MemoryOwner, nowMs: number, from: number, to: number, interval?: Ti): number[] {
  const out: number[] = []
  let stamp = stampAt(freeze, owner.zone, Math.min(nowMs, to - 1), nowMs)
  while (stamp >= from && remembers(freeze, owner, stamp, nowMs)) {
    if (onInterval(stamp, owner.zone, interval)) out.push(stamp)
    stamp = stampAt(freeze, owner.zone, stamp - 1, nowMs)
  }
  return out.reverse()
}

/** Is `stamp` a stamp of this freeze that the memory still holds at `nowMs`? */
export function remembers(freeze: Freeze, owner: MemoryOwner, stamp: number, nowMs: number): boolean {
  if (stamp > nowMs || stamp < owner.installedAt) return false
  if (freeze.every === 'month') {
    const age = localMonth(nowMs, owner.zone) - localMonth(stamp, owner.zone)
    return monthStart(localMonth(stamp, owner.zone), owner.zone) === stamp && age < freeze.depth
  }
  const inDay = stamp - dayStart(localDay(stamp, owner.zone), owner.zone)
  if (inDay % freeze.every === 0 && nowMs - stamp < freeze.depth * freeze.every) return true
  const { coarse } = freeze
  return coarse !== undefined && inDay % coarse.every === 0 && nowMs - stamp < coarse.depth * coarse.every
}

/** How many stamps passed since the meter was installed: the freeze record number, 20230200. */
export function freezeNumber(freeze: Freeze, owner: MemoryOwner, stamp: number): number {
  if (freeze.every === 'month') return localMonth(stamp, owner.zone) - localMonth(owner.installedAt, owner.zone)
  const begin = dayStart(localDay(owner.installedAt, owner.zone), owner.zone)
  return Math.floor((stamp - begin) / freeze.every) - Math.floor((owner.installedAt - begin) / freeze.every)
}

/** The last stamp at or before `timeMs`; among the old ones only the coarse list counts. Every step divides a day. */
function stampAt(freeze: Freeze, zone: number, timeMs: number, nowMs: number): number {
  if (freeze.every === 'month') return monthStart(localMonth(timeMs, zone), zone)
  const midnight = dayStart(localDay(timeMs, zone), zone)
  const fine = midnight + Math.floor((timeMs - midnight) / freeze.every) * freeze.every
  if (freeze.coarse === undefined || nowMs - fine < freeze.depth * freeze.every) return fine
  return midnight + Math.floor((timeMs - midnight) / freeze.coarse.every) * freeze.coarse.every
}

function onInterval(stamp: number, zone: number, interval: Ti | undefined): boolean {
  if (interval === undefined || interval.value === 0) return true
  if (interval.unit >= 4) return localMonth(stamp, zone) % (interval.unit === 4 ? interval.value : 12 * interval.value) === 0
  if (interval.unit === 3) return stamp === dayStart(localDay(stamp, zone), zone) && localDay(stamp, zone) % interval.value === 0
  const step = [1_000, MINUTE_MS, HOUR_MS][interval.unit]! * interval.value
  return (stamp - dayStart(localDay(stamp, zone), zone)) % step === 0
}
