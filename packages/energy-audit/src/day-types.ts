import type { LocalDay } from '@zhuzhan/core'
import { PER_HOUR, numbersOf } from './curve.js'
import type { Intervals } from './curve.js'
import { SLOTS } from './local-days.js'
import type { LocalDays } from './local-days.js'

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

/** Mean profiles by day type over days with all 96 intervals. @param days of these intervals @param typeOf type of a day by its number */
export function dayTypesOf(intervals: Intervals, days: LocalDays, typeOf: (day: number) => DayType): DayTypes {
  const kWh = numbersOf(intervals)
  const whole = days.whole.map(({ day, at }) => ({ type: typeOf(day), at, energy: total(kWh, at, at + SLOTS) }))
  const types = DAY_TYPES.flatMap((type) => {
    const found = whole.filter((one) => one.type === type)
    if (found.length === 0) return []
    const sums = new Float64Array(SLOTS)
    for (const { at } of found) for (let slot = 0; slot < SLOTS; slot += 1) sums[slot] = (sums[slot] as number) + (kWh[at + slot] as number)
    const profile = Array.from(sums, (sum) => (sum / found.length) * Number(PER_HOUR))
    return [{ type, days: found.length, meanEnergy: meanOf(found), profile }]
  })
  let [night, day] = [0, 0]
  for (const { at } of whole) {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      if (slot >= NIGHT.from * 4 || slot < NIGHT.to * 4) night += kWh[at + slot] as number
      else day += kWh[at + slot] as number
    }
  }
  const nightSlots = (24 - NIGHT.from + NIGHT.to) * 4
  const work = types.find(({ type }) => type === 'workday')
  const free = whole.filter(({ type }) => type !== 'workday')
  return {
    types,
    nightRatio: day === 0 ? null : night / (nightSlots * whole.length) / (day / ((SLOTS - nightSlots) * whole.length)),
    freeDayRatio: !work || work.meanEnergy === 0 || free.length === 0 ? null : meanOf(free) / work.meanEnergy,
  }
}

const meanOf = (days: readonly { energy: number }[]): number => days.reduce((sum, { energy }) => sum + energy, 0) / days.length

function total(values: Float64Array, from: number, to: number): number {
  let sum = 0
  for (let n = from; n < to; n += 1) sum += values[n] as number
  return sum
}
