import { DAY_MS, MINUTE_MS, addDays } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'

/** Whose calendar cuts days and tariff windows: the fixed offset of a terminal, or a zone whose clocks may be moved. */
export type Zone = { offsetMinutes: number } | { iana: string }

const formats = new Map<string, Intl.DateTimeFormat>()

/** Minutes that the wall clock is ahead of UTC. @throws RangeError when there is no such zone */
export function offsetAt(zone: Zone, time: number): number {
  if ('offsetMinutes' in zone) return zone.offsetMinutes
  let format = formats.get(zone.iana)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', { timeZone: zone.iana, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' })
    formats.set(zone.iana, format)
  }
  const part = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, Number(value)]))
  const wall = Date.UTC(part['year'] as number, (part['month'] as number) - 1, part['day'], part['hour'], part['minute'], part['second'])
  return Math.round((wall - Math.floor(time / 1_000) * 1_000) / MINUTE_MS)
}

/** First instant of a local day. Where clocks are moved at midnight it is the first that exists. */
export function startOfDay(day: LocalDay, zone: Zone): number {
  const wall = Date.parse(`${day}T00:00:00Z`)
  if ('offsetMinutes' in zone) return wall - zone.offsetMinutes * MINUTE_MS
  // Around a change two offsets come into question; the earliest instant that shows this day is the begin.
  const offsets = [...new Set([offsetAt(zone, wall - DAY_MS), offsetAt(zone, wall + DAY_MS)])]
  const candidates = offsets.map((offset) => wall - offset * MINUTE_MS).sort((a, b) => a - b)
  return candidates.find((time) => localDayOf(time, zone) === day && localDayOf(time - 1, zone) < day) ?? (candidates.at(-1) as number)
}

export function localDayOf(time: number, zone: Zone): LocalDay {
  return new Date(time + offsetAt(zone, time) * MINUTE_MS).toISOString().slice(0, 10)
}

/** Begin and end of a local day, and its intervals: 96 quarter hours, 92 and 100 where clocks are moved by an hour. */
export function dayOf(day: LocalDay, zone: Zone, stepMs: number): { start: number; end: number; slots: number } {
  const [start, end] = [startOfDay(day, zone), startOfDay(addDays(day, 1), zone)]
  return { start, end, slots: Math.round((end - start) / stepMs) }
}

/** Month and minute of the local day that clocks show, for windows of a tariff. */
export function wallMinute(time: number, zone: Zone): { month: number; minute: number } {
  const wall = new Date(time + offsetAt(zone, time) * MINUTE_MS)
  return { month: wall.getUTCMonth() + 1, minute: wall.getUTCHours() * 60 + wall.getUTCMinutes() }
}
