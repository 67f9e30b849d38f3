import type { LocalDay } from '@zhuzhan/core'
import { PER_HOUR, numbersOf } from './curve.js'
import type { Intervals } from './curve.js'

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

const SLOTS = 96

/** Mean profiles by day type over days with all 96 intervals. @param typeOf type of a day by its number in `dayOf` */
export function dayTypesOf(intervals: Intervals, dayOf: (time: number) => number, slotOf: (time: number) => number, typeOf: (day: number) => DayType): DayTypes {
  const whole = wholeDays(intervals, dayOf, slotOf).map(({ day, slots }) => ({ type: typeOf(day), slots, energy: total(slots) }))
  const types = DAY_TYPES.flatMap((type) => {
    const found = whole.filter((one) => one.type === type)
    if (found.length === 0) return []
    const sums = new Float64Array(SLOTS)
    for (const { slots } of found) for (let slot = 0; slot < SLOTS; slot += 1) sums[slot] = (sums[slot] as number) + (slots[slot] as number)
    const profile = Array.from(sums, (sum) => (sum / found.length) * Number(PER_HOUR))
    return [{ type, days: found.length, meanEnergy: total(found.map(({ energy }) => energy)) / found.length, profile }]
  })
  const [night, day] = [{ energy: 0, count: 0 }, { energy: 0, count: 0 }]
  for (const { slots } of whole) {
    for (let slot = 0; slot < SLOTS; slot += 1) {
      const part = slot >= NIGHT.from * 4 || slot < NIGHT.to * 4 ? night : day
      part.energy += slots[slot] as number
      part.count += 1
    }
  }
  const mean = ({ energy, count }: typeof night): number => (count === 0 ? 0 : energy / count)
  const work = types.find(({ type }) => type === 'workday')
  const free = whole.filter(({ type }) => type !== 'workday')
  return {
    types,
    nightRatio: mean(day) === 0 ? null : mean(night) / mean(day),
    freeDayRatio: !work || work.meanEnergy === 0 || free.length === 0 ? null : total(free.map(({ energy }) => energy)) / free.length / work.meanEnergy,
  }
}

function wholeDays(intervals: Intervals, dayOf: (time: number) => number, slotOf: (time: number) => number): { day: number; slots: Float64Array }[] {
  const kWh = numbersOf(intervals)
  const days: { day: number; slots: Float64Array }[] = []
  for (let n = 0; n < kWh.length;) {
    const day = dayOf(intervals.from[n] as number)
    const slots = new Float64Array(SLOTS)
    let count = 0
    for (; n < kWh.length && dayOf(intervals.from[n] as number) === day; n += 1, count += 1) slots[slotOf(intervals.from[n] as number)] = kWh[n] as number
    if (count === SLOTS) days.push({ day, slots })
  }
  return days
}

function total(values: ArrayLike<number>): number {
  let sum = 0
  for (let n = 0; n < values.length; n += 1) sum += values[n] as number
  return sum
}
