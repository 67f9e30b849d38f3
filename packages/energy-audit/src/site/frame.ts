import { DAY_MS, MINUTE_MS, dayStart, isoWithOffset, nextMonth } from '@zhuzhan/core'
import { INTERVAL_MS } from '../curve.js'
import { dayType } from '../day-types.js'
import type { HolidayTable } from '../day-types.js'
import type { SiteInput } from './input.js'

/** The month audited, and how instants fall into it. Numbers, not texts: asked for every quarter hour. */
export interface Frame {
  begin: number
  end: number
  /** Local days from the begin: 0 is the first of the month. */
  dayOf(time: number): number
  /** Quarter hour of the local day. */
  slotOf(time: number): number
  iso(time: number): string
  firstDay: string
  monthNumber: number
  days: number
  holidays: HolidayTable
  isHoliday(time: number): boolean
}

export function frameOf({ month, offsetMinutes, settings }: Pick<SiteInput, 'month' | 'offsetMinutes' | 'settings'>): Frame {
  const begin = dayStart(`${month}-01`, offsetMinutes)
  const end = dayStart(`${nextMonth(month)}-01`, offsetMinutes)
  const holidays: HolidayTable = new Map(settings.holidays.map(({ day, kind }) => [day, kind]))
  const dayOf = (time: number): number => Math.floor((time - begin) / DAY_MS)
  const days = Math.round((end - begin) / DAY_MS)
  const isFree = Array.from({ length: days }, (_, day) => dayType(new Date(begin + offsetMinutes * MINUTE_MS + day * DAY_MS).toISOString().slice(0, 10), holidays) === 'holiday')
  return {
    begin, end, dayOf, days, holidays,
    slotOf: (time) => Math.floor((time - begin - dayOf(time) * DAY_MS) / INTERVAL_MS),
    iso: (time) => isoWithOffset(time, offsetMinutes),
    firstDay: `${month}-01`,
    monthNumber: Number(month.slice(5)),
    isHoliday: (time) => isFree[dayOf(time)] === true,
  }
}
