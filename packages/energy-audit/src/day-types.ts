import { addDays } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import type { Interval } from './curve.js'
import { PER_HOUR } from './curve.js'
import { toNumber } from './exact.js'

/** Days that are not what the week says: holidays, and make-up working days at weekends. The operator fills it from the notice of the year. */
export type HolidayTable = ReadonlyMap<LocalDay, 'holiday' | 'workday'>
export const DAY_TYPES = ['workday', 'weekend', 'holiday'] as const
export type DayType = (typeof DAY_TYPES)[number]

export function dayType(day: LocalDay, table: HolidayTable): DayType {
  const week = new Date(`${day}T00:00:00Z`).getUTCDay()
  return table.get(day) ?? (week === 0 || week === 6 ? 'weekend' : 'workday')
}

export interface DayTypes {
  /** Whole days of each type, their mean energy in kWh, and the mean power of each quarter hour in kW. */
  types: readonly { type: DayType; days: number; meanEnergy: number; profile: readonly number[] }[]
  /** Mean power of the night by that of the day, over whole days; null without one. */
  nightRatio: number | null
  /** Mean energy of a day without work (weekend and holiday) by that of a working day. */
  freeDayRatio: number | null
}

/** Hours that count as night. An assumption of ours, for comparisons only: no price depends on it. */
export const NIGHT = { from: 22, to: 6 } as const

/** Mean profiles by day type over days with all 96 intervals. @param first local day of day number 0 of `dayOf` */
export function dayTypesOf(intervals: readonly Interval[], dayOf: (time: number) => number, slotOf: (time: number) => number, first: LocalDay, table: HolidayTable): DayTypes {
  const days = new Map<number, number[]>()
  for (const { from, energy } of intervals) {
    const slots = days.get(dayOf(from)) ?? []
    slots[slotOf(from)] = toNumber(energy)
    days.set(dayOf(from), slots)
  }
  const whole = [...days].filter(([, slots]) => Object.keys(slots).length === 96).map(([day, slots]) => ({ type: dayType(addDays(first, day), table), slots, energy: total(slots) }))
  const types = DAY_TYPES.flatMap((type) => {
    const found = whole.filter((one) => one.type === type)
    if (found.length === 0) return []
    const profile = Array.from({ length: 96 }, (_, slot) => (total(found.map(({ slots }) => slots[slot] as number)) / found.length) * Number(PER_HOUR))
    return [{ type, days: found.length, meanEnergy: total(found.map(({ energy }) => energy)) / found.length, profile }]
  })
  const isNight = (slot: number): boolean => slot >= NIGHT.from * 4 || slot < NIGHT.to * 4
  const mean = (wanted: (slot: number) => boolean): number => {
    const values = whole.flatMap(({ slots }) => slots.filter((_, slot) => wanted(slot)))
    return values.length === 0 ? 0 : total(values) / values.length
  }
  const byDay = mean((slot) => !isNight(slot))
  const work = types.find(({ type }) => type === 'workday')
  const free = whole.filter(({ type }) => type !== 'workday')
  return {
    types,
    nightRatio: byDay === 0 ? null : mean(isNight) / byDay,
    freeDayRatio: !work || work.meanEnergy === 0 || free.length === 0 ? null : total(free.map(({ energy }) => energy)) / free.length / work.meanEnergy,
  }
}

function total(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
