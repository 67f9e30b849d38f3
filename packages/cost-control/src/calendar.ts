import { DAY_MS, addDays } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { z } from 'zod'

const Day = z.iso.date()

/**
 * Holidays of one year, and the Saturdays and Sundays that are worked for them. The State Council gives them out each year: they are
 * the operator's to fill in, with the document they stand in. None is built in.
 */
export const HolidayYear = z.strictObject({
  year: z.number().int().min(2_000).max(2_200),
  source: z.string().trim().min(1).max(400).describe('The notice the days were read from'),
  holidays: z.array(Day).max(60),
  workingDays: z.array(Day).max(30).describe('Make-up working days'),
}).superRefine(({ year, holidays, workingDays }, context) => {
  for (const day of [...holidays, ...workingDays]) if (!day.startsWith(`${year}-`)) context.addIssue({ code: 'custom', message: `${day} is not in ${year}` })
  for (const day of workingDays) if (holidays.includes(day)) context.addIssue({ code: 'custom', message: `${day} cannot be both` })
})
export type HolidayYear = z.infer<typeof HolidayYear>

export type DayKind = 'working' | 'weekend' | 'holiday' | 'unknown'

export interface Calendar {
  /** `unknown` in a year nobody filled in: nothing is cut off then. */
  kindOf(day: LocalDay): DayKind
  /** Is a holiday among the days up to the next working day? `unknown` when a day on the way is. */
  eveOf(day: LocalDay): boolean | 'unknown'
}

/** No row of days off is longer. */
const LONGEST_REST = 20

export interface LocalTime {
  day: LocalDay
  /** Of the day, from 0. */
  minute: number
}

export function localTime(at: number, offsetMinutes: number): LocalTime {
  const local = at + offsetMinutes * 60_000
  return { day: new Date(local).toISOString().slice(0, 10), minute: Math.floor((local % DAY_MS) / 60_000) }
}

export function createCalendar(years: readonly HolidayYear[]): Calendar {
  const known = new Map(years.map((one) => [one.year, { holidays: new Set(one.holidays), workingDays: new Set(one.workingDays) }]))
  const kindOf = remembered((day): DayKind => {
    const year = known.get(Number(day.slice(0, 4)))
    if (!year) return 'unknown'
    if (year.holidays.has(day)) return 'holiday'
    if (year.workingDays.has(day)) return 'working'
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
    return weekday === 0 || weekday === 6 ? 'weekend' : 'working'
  })
  return {
    kindOf,
    eveOf: remembered((day) => {
      for (let ahead = 1; ahead <= LONGEST_REST; ahead++) {
        const kind = kindOf(addDays(day, ahead))
        if (kind === 'unknown') return 'unknown'
        if (kind === 'holiday') return true
        if (kind === 'working') return false
      }
      return 'unknown'
    }),
  }
}

/** The same few days are asked for by every meter. */
function remembered<T>(of: (day: LocalDay) => T): (day: LocalDay) => T {
  const known = new Map<LocalDay, T>()
  return (day) => {
    const before = known.get(day)
    if (before !== undefined) return before
    const found = of(day)
    known.set(day, found)
    return found
  }
}
