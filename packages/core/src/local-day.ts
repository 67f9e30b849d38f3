/** A calendar day of a terminal, `2026-10-05`. Offsets are fixed: the wire knows no daylight saving. */
export type LocalDay = string

export const MINUTE_MS = 60_000
export const DAY_MS = 86_400_000

/** The local day an instant lies in. */
export function localDay(epochMs: number, offsetMinutes: number): LocalDay {
  return new Date(epochMs + offsetMinutes * MINUTE_MS).toISOString().slice(0, 10)
}

/** Local midnight at the day's begin, epoch ms. */
export function dayStart(day: LocalDay, offsetMinutes: number): number {
  return Date.parse(`${day}T00:00:00Z`) - offsetMinutes * MINUTE_MS
}

/** The day `days` later (or earlier, when negative). */
export function addDays(day: LocalDay, days: number): LocalDay {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)
}

/** First day of the month after `month` (`2026-10`). */
export function nextMonth(month: string): string {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return new Date(Date.UTC(year, number, 1)).toISOString().slice(0, 7)
}
