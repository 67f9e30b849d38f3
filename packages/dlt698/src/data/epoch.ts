import type { DateTime, DateTimeS, Ti } from './time.js'

/**
 * Milliseconds since 1970 of a wire time in a zone `offsetMinutes` east of UTC.
 * `undefined` when a part is unspecified (FF) or no such date exists.
 */
export function dateTimeSToEpoch(v: DateTimeS, offsetMinutes: number): number | undefined {
  return epochOf(v, 0, offsetMinutes)
}

/** As dateTimeSToEpoch; an unspecified millisecond (FFFF) counts as 0. The weekday is never looked at (reference §3). */
export function dateTimeToEpoch(v: DateTime, offsetMinutes: number): number | undefined {
  const millisecond = v.millisecond === 0xffff ? 0 : v.millisecond
  return millisecond > 999 ? undefined : epochOf(v, millisecond, offsetMinutes)
}

function epochOf(v: DateTimeS, millisecond: number, offsetMinutes: number): number | undefined {
  if (v.year === 0xffff || v.month < 1 || v.month > 12 || v.day < 1 || v.hour > 23 || v.minute > 59 || v.second > 59) return undefined
  if (v.day > daysIn(v.year, v.month)) return undefined
  // Date.UTC takes years 0..99 as 1900..1999; no meter means those.
  if (v.year < 100) return undefined
  return Date.UTC(v.year, v.month - 1, v.day, v.hour, v.minute, v.second, millisecond) - offsetMinutes * 60_000
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Wall-clock time in the zone `offsetMinutes` east of UTC; milliseconds are cut off. */
export function epochToDateTimeS(epochMs: number, offsetMinutes: number): DateTimeS {
  const d = new Date(epochMs + offsetMinutes * 60_000)
  return {
    year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate(),
    hour: d.getUTCHours(), minute: d.getUTCMinutes(), second: d.getUTCSeconds(),
  }
}

/**
 * As epochToDateTimeS with milliseconds.
 *
 * @param sunday its weekday: 0 is the reading most sources share, one recorded frame has 7 (UNSURE, reference §3)
 */
export function epochToDateTime(epochMs: number, offsetMinutes: number, sunday: 0 | 7 = 0): DateTime {
  const d = new Date(epochMs + offsetMinutes * 60_000)
  const { year, month, day, hour, minute, second } = epochToDateTimeS(epochMs, offsetMinutes)
  return { year, month, day, weekday: d.getUTCDay() || sunday, hour, minute, second, millisecond: d.getUTCMilliseconds() }
}

const TI_MS = [1_000, 60_000, 3_600_000, 86_400_000]

/** Length of an interval in milliseconds; `undefined` for months and years, whose length is not fixed, and for unknown units. */
export function tiToMs(ti: Ti): number | undefined {
  const unit = TI_MS[ti.unit]
  return unit === undefined ? undefined : unit * ti.value
}
