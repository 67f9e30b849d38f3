import { HesError } from '@zhuzhan/core'
import { mean, quantile } from '../linear/statistics.js'
import { dayIndex, daysOf, takeOutImplausible } from '../series/series.js'
import type { SeriesTable } from '../series/series.js'
import { dayMeans } from './features.js'
import type { Customer } from './features.js'

export interface PreparedCustomer {
  series: string
  customer: Customer | undefined
  /** Why nothing is said about it. */
  refused: string | undefined
  /** Share of readings there, history and time judged. */
  completeness: number
  /** Values taken out, by reason. */
  takenOut: Record<string, number>
}

/** Days of history that are used, and the least. */
export const HISTORY_DAYS = 60
const LEAST_DAYS = 21
const LEAST_COMPLETENESS = 0.6
/** An area of fewer customers tells nothing about a day. */
const LEAST_AREA = 6
/** Over the middle: where many of those judged take something past their meters, the middle is one of them. */
const AREA_QUANTILE = 0.65

/**
 * Series with their history, made comparable. History ends where the series begin: what a file holds of the same days is never looked at.
 * @param map history column by series; without it columns of the same name
 * @throws HesError DATA_REFUSED when the two files do not fit each other
 */
export function prepareCustomers(history: SeriesTable, series: SeriesTable, map?: ReadonlyMap<string, string>): PreparedCustomer[] {
  if (history.perDay !== series.perDay) throw new HesError('DATA_REFUSED', `The history has ${history.perDay} values a day, the series ${series.perDay}.`)
  const end = Math.min(history.days, Math.max(0, dayIndex(history, series.start)))
  const from = Math.max(0, end - HISTORY_DAYS)
  if (end - from < LEAST_DAYS) throw new HesError('DATA_REFUSED', `The history has ${end - from} days before the series begin; at least ${LEAST_DAYS} are needed.`)
  if (series.days < LEAST_DAYS) throw new HesError('DATA_REFUSED', `The series have ${series.days} days; at least ${LEAST_DAYS} are needed.`)
  const before = daysOf(history, from, end)
  const columnOf = new Map(before.names.map((name, column) => [name, column]))
  const found = series.names.map((name, column) => {
    const home = map ? map.get(name) : name
    const place = home === undefined ? undefined : columnOf.get(home)
    return prepared(name, place === undefined ? undefined : before.values[place]!.slice(), series.values[column]!.slice(), series.perDay)
  })
  const area = areaByDay(found.flatMap(({ customer }) => customer ?? []), series)
  for (const { customer } of found) if (customer) customer.area = area
  return found
}

function prepared(series: string, history: Float64Array | undefined, recent: Float64Array, perDay: number): PreparedCustomer {
  const nothing = { series, customer: undefined, completeness: 0, takenOut: {} }
  if (history === undefined) return { ...nothing, refused: 'no history' }
  const takenOut: Record<string, number> = {}
  for (const values of [history, recent]) for (const [reason, count] of Object.entries(takeOutImplausible(values, perDay, values === history))) takenOut[reason] = (takenOut[reason] ?? 0) + count
  const there = (values: Float64Array): number => values.filter(Number.isFinite).length / values.length
  const completeness = Math.min(there(history), there(recent))
  if (completeness < LEAST_COMPLETENESS) return { ...nothing, completeness, takenOut, refused: `only ${Math.round(completeness * 100)} % of the readings are usable` }
  if (mean(history) <= 0) return { ...nothing, completeness, takenOut, refused: 'the history shows no use' }
  return { series, customer: { history, recent, perDay, area: new Float64Array(0) }, refused: undefined, completeness, takenOut }
}

/** By day: what customers usually use against their own history. */
export function areaByDay(customers: readonly Customer[], { days, perDay }: Pick<SeriesTable, 'days' | 'perDay'>): Float64Array {
  if (customers.length < LEAST_AREA) return new Float64Array(days).fill(1)
  const ratios = customers.map(({ history, recent }) => dayMeans(recent, perDay).map((value) => value / mean(history)))
  return Float64Array.from({ length: days }, (_, day) => {
    const usual = quantile(ratios.map((one) => one[day]!), AREA_QUANTILE)
    return Number.isFinite(usual) && usual > 0.05 ? usual : 1
  })
}
