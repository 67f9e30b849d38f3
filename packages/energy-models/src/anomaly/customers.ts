import { HesError } from '@zhuzhan/core'
import { mean, median, quantile } from '../linear/statistics.js'
import { dayIndex, daysOf, takeOutImplausible, takeOutSpikes } from '../series/series.js'
import type { SeriesTable } from '../series/series.js'
import { STATISTICS, dailyOf } from './daily.js'
import type { Daily } from './daily.js'
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
  const area = areaOf(found.flatMap(({ customer }) => customer ?? []))
  for (const { customer } of found) if (customer) customer.area = area
  return found
}

function prepared(series: string, history: Float64Array | undefined, recent: Float64Array, perDay: number): PreparedCustomer {
  const nothing = { series, customer: undefined, completeness: 0, takenOut: {} }
  if (history === undefined) return { ...nothing, refused: 'no history' }
  const takenOut = cleaned(history, recent, perDay)
  const there = (values: Float64Array): number => values.filter(Number.isFinite).length / values.length
  const completeness = Math.min(there(history), there(recent))
  if (completeness < LEAST_COMPLETENESS) return { ...nothing, completeness, takenOut, refused: `only ${Math.round(completeness * 100)} % of the readings are usable` }
  if (mean(history) <= 0) return { ...nothing, completeness, takenOut, refused: 'the history shows no use' }
  return { series, customer: { ...customerOf(history, recent, perDay), area: { before: [], now: [] } }, refused: undefined, completeness, takenOut }
}

/** Takes wrong values out of both, in place; stuck ones only of the history: in the time judged they are what is looked for. @returns how many, by reason */
export function cleaned(history: Float64Array, recent: Float64Array, perDay: number): Record<string, number> {
  const takenOut: Record<string, number> = {}
  const count = (reason: string, found: number): void => { if (found > 0) takenOut[reason] = (takenOut[reason] ?? 0) + found }
  for (const values of [history, recent]) for (const [reason, found] of Object.entries(takeOutImplausible(values, perDay, values === history))) count(reason, found)
  const usual = Math.max(quantile(history, 0.997), quantile(recent, 0.99))
  for (const values of [history, recent]) count('single spike', takeOutSpikes(values, usual))
  return takenOut
}

/**
 * By day and statistic: how far customers usually are from the middle of their own history, as a logarithm. In the time judged the quantile
 * over the middle is taken.
 */
export function areaOf(customers: readonly Pick<Customer, 'before' | 'now'>[]): Customer['area'] {
  const [first] = customers
  const mode = (time: 'before' | 'now', share: number): Daily => STATISTICS.map((_, statistic) => {
    const days = first?.[time][statistic]?.length ?? 0
    if (customers.length < LEAST_AREA) return new Float64Array(days)
    const middles = customers.map(({ before }) => median(before[statistic]!))
    return Float64Array.from({ length: days }, (_none, day) => {
      const usual = quantile(customers.map((one, index) => one[time][statistic]![day]! - middles[index]!), share)
      return Number.isFinite(usual) ? usual : 0
    })
  })
  return { before: mode('before', 0.5), now: mode('now', AREA_QUANTILE) }
}

/** A customer by itself; `area` is still missing. */
export function customerOf(history: Float64Array, recent: Float64Array, perDay: number): Omit<Customer, 'area'> {
  const unit = mean(history)
  return { history, recent, perDay, before: dailyOf(history, perDay, unit), now: dailyOf(recent, perDay, unit) }
}
