import { DAY_MS, addDays, localDay } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { PROFILE_DAYS } from '../vee/estimate.js'

const WEEK = 7

/** Days whose figures look at a register of this instant: its day, and the day before when it is a midnight, for it ends that one. */
export function daysOfRegister(time: number, offsetMinutes: number): LocalDay[] {
  const day = localDay(time, offsetMinutes)
  const midnight = (time + offsetMinutes * 60_000) % DAY_MS === 0
  return midnight ? [addDays(day, -1), day] : [day]
}

/** Later days whose figures look at this one: as history of the step check, as a like weekday of the high/low check, as a profile. */
export function laterDays(day: LocalDay, stepHistoryDays: number): LocalDay[] {
  return Array.from({ length: Math.max(stepHistoryDays, PROFILE_DAYS * WEEK) }, (_, n) => addDays(day, n + 1))
}

/** The like weekdays before a day, the latest first. */
export function likeWeekdays(day: LocalDay, count = PROFILE_DAYS): LocalDay[] {
  return Array.from({ length: count }, (_, n) => addDays(day, -WEEK * (n + 1)))
}
