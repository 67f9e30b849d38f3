import { mean } from '../linear/statistics.js'
import { STATISTICS } from './daily.js'
import type { Customer } from './features.js'

/** Days at the end of the time judged that stand for the month to come. */
const LAST_DAYS = 30
const MONTH_DAYS = 30

/** What might be recovered of a customer, in the unit of its values. */
export interface Recoverable {
  /** score x shortfall of a day x 30 */
  aMonth: number
  /** Means of a day over the last 30 days with readings: by its own history, moved as the area moved, and as counted. */
  expectedADay: number
  countedADay: number
  days: number
}

/**
 * What is missing against the customer's own history, times the score. The history is moved by what the area's customers have in common on each day, so
 * that a cold month counts for nobody; days without readings are left out. Use over the history is no shortfall. It ranks where to go first: a
 * holiday falls short as theft does, and only the score tells them apart.
 */
export function recoverableOf({ history, recent, perDay, area }: Customer, score: number): Recoverable {
  const own = mean(history) * perDay
  const moved = area.now[STATISTICS.indexOf('mean')]
  const days = Array.from({ length: Math.floor(recent.length / perDay) }, (_, day) => ({
    counted: mean(recent.subarray(day * perDay, (day + 1) * perDay)) * perDay, expected: own * Math.exp(moved?.[day] ?? 0),
  })).filter(({ counted }) => Number.isFinite(counted)).slice(-LAST_DAYS)
  const [expectedADay, countedADay] = [mean(days.map(({ expected }) => expected)), mean(days.map(({ counted }) => counted))]
  return { aMonth: score * Math.max(0, expectedADay - countedADay) * MONTH_DAYS, expectedADay, countedADay, days: days.length }
}
