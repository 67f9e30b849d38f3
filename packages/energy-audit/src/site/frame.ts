import { DAY_MS, addDays, dayStart, isoWithOffset, nextMonth } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { dayType } from '../day-types.js'
import type { DayType, HolidayTable } from '../day-types.js'
import { localDaysOf } from '../local-days.js'
import type { LocalDays } from '../local-days.js'
import type { SiteInput } from './input.js'

/** The month audited, and how quarter hours fall into it. */
export interface Frame {
  begin: number
  end: number
  /** Day 0 is the first of the month. @param from begins of quarter hours, rising */
  daysOf(from: Float64Array): LocalDays
  iso(time: number): string
  /** Local days of the month. */
  dates: readonly LocalDay[]
  monthNumber: number
  days: number
  holidays: HolidayTable
  /** Whether a day of the month is a holiday, by its number. */
  isFree: readonly boolean[]
  typeOf(day: number): DayType
}

/** Kept by settings, which many customers share: a run over a month meets few frames. */
const frames = new WeakMap<SiteInput['settings'], Map<string, Frame>>()

export function frameOf(input: Pick<SiteInput, 'month' | 'offsetMinutes' | 'settings'>): Frame {
  const known = frames.get(input.settings) ?? new Map<string, Frame>()
  frames.set(input.settings, known)
  const key = `${input.month} ${input.offsetMinutes}`
  const frame = known.get(key) ?? newFrame(input)
  known.set(key, frame)
  return frame
}

function newFrame({ month, offsetMinutes, settings }: Parameters<typeof frameOf>[0]): Frame {
  const begin = dayStart(`${month}-01`, offsetMinutes)
  const end = dayStart(`${nextMonth(month)}-01`, offsetMinutes)
  const holidays: HolidayTable = new Map(settings.holidays.map(({ day, kind }) => [day, kind]))
  const days = Math.round((end - begin) / DAY_MS)
  const dates = Array.from({ length: days }, (_, day) => addDays(`${month}-01`, day))
  const types = dates.map((day) => dayType(day, holidays))
  const isFree = types.map((type) => type === 'holiday')
  return {
    begin, end, days, dates, holidays, isFree,
    daysOf: (from) => localDaysOf(from, begin),
    iso: (time) => isoWithOffset(time, offsetMinutes),
    monthNumber: Number(month.slice(5)),
    typeOf: (day) => types[day] ?? dayType(addDays(`${month}-01`, day), holidays),
  }
}
