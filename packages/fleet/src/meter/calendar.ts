/** Local days and quarter hours of a meter. Times are milliseconds since 1970 (UTC); `zone` is minutes east of UTC. */

// Bound once: in a test runner's context each look-up of a global costs more than the arithmetic.
const { floor } = Math

export const MINUTE_MS = 60_000
export const SLOT_MS = 15 * MINUTE_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
export const SLOTS_A_DAY = 96

/** Number of the local day since 1970-01-01 that contains `timeMs`. */
export function localDay(timeMs: number, zone: number): number {
  return floor((timeMs + zone * MINUTE_MS) / DAY_MS)
}

/** When local day number `day` begins. */
export function dayStart(day: number, zone: number): number {
  return day * DAY_MS - zone * MINUTE_MS
}

/** 1970-01-01 was a Thursday. Saturday and Sunday are the weekend; public holidays are not modelled. */
export function isWeekend(day: number): boolean {
  const weekday = (((day + 4) % 7) + 7) % 7
  return weekday === 0 || weekday === 6
}

/** Months since January of year 0 for the local time: year * 12 + month (0-11). */
export function localMonth(timeMs: number, zone: number): number {
  const d = new Date(timeMs + zone * MINUTE_MS)
  return d.getUTCFullYear() * 12 + d.getUTCMonth()
}

/** When month number `month` (see localMonth) begins in the zone. */
export function monthStart(month: number, zone: number): number {
  return Date.UTC(floor(month / 12), month % 12, 1) - zone * MINUTE_MS
}

/** Month (0-11) and day of the month (1-31) of a local day number. */
export function monthAndDay(day: number): { month: number; date: number } {
  const d = new Date(day * DAY_MS)
  return { month: d.getUTCMonth(), date: d.getUTCDate() }
}
