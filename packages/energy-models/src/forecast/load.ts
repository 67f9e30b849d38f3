import { HesError } from '@zhuzhan/core'
import { quantile } from '../linear/statistics.js'
import { readSeries, takeOutImplausible, takeOutSpikes, wallTime } from '../series/series.js'
import type { SeriesTable } from '../series/series.js'
import { cellNumber } from '../tables/csv.js'
import type { Table } from '../tables/csv.js'

/** One load to be forecast, on full days. */
export interface Load {
  /** What it is: a column, the sum of columns, a meter. */
  target: string
  start: number
  perDay: number
  days: number
  /** Every value there: what was missing is taken from earlier days only. */
  values: Float64Array
  /** 1 where the value was measured; only these are compared with forecasts. */
  measured: Uint8Array
  completeness: number
  refused: Record<string, number>
}

/** Quantile of a part's values that its single readings are held against: one far over it and over all its neighbours is no use of electricity. */
const USUAL = 0.997
/** A sum counts as measured with this share of its parts. */
const LEAST_PARTS = 0.9
/** Share of negative values from which they are feed-in or reactive flow and not errors. */
const FEED_IN = 0.005
const DAY_MS = 86_400_000

/**
 * The load in a file. Wide time series: `--column` names one; else HUFL of a transformer file (useful load of the high side), consumption
 * beside generation, a single column, or the sum of all (homes). A file with one row a day and phase (`date`, `phase`, `00:00` …) gives the
 * apparent power of one meter, ratio x 230 V x the sum of the phases' currents.
 * @throws HesError DATA_REFUSED
 */
export function readLoad(table: Table, name: string, column?: string): Load {
  const wide = table.header.includes('date') && table.header.includes('phase') ? fromDayRows(table, name, column) : fromColumns(readSeries(table, name), column)
  return sumLoad(wide.target, wide.series)
}

function fromColumns(series: SeriesTable, column: string | undefined): { target: string; series: SeriesTable } {
  const only = (names: readonly string[], target: string): { target: string; series: SeriesTable } => ({
    target, series: { ...series, names: [...names], values: names.map((one) => series.values[series.names.indexOf(one)]!) },
  })
  const has = (one: string): boolean => series.names.includes(one)
  if (column !== undefined) {
    if (!has(column)) throw new HesError('DATA_REFUSED', `There is no column ${column}; there are ${series.names.slice(0, 12).join(', ')}.`)
    return only([column], column)
  }
  if (has('HUFL')) return only(['HUFL'], 'HUFL')
  const consumption = series.names.find((one) => /^(consumption|load|demand)/i.test(one))
  if (consumption !== undefined) return only([consumption], consumption)
  const numeric = series.names.filter((_, index) => series.values[index]!.some(Number.isFinite))
  if (numeric.length === 0) throw new HesError('DATA_REFUSED', 'No column holds numbers.')
  return only(numeric, numeric.length === 1 ? numeric[0]! : `sum of ${numeric.length} columns`)
}

function fromDayRows({ header, rows }: Table, name: string, column: string | undefined): { target: string; series: SeriesTable } {
  const slots = header.map((cell, index) => ({ cell, index })).filter(({ cell }) => /^\d{1,2}:\d{2}$/.test(cell))
  const at = { meter: header.indexOf('meter'), ratio: header.indexOf('ratio'), date: header.indexOf('date'), phase: header.indexOf('phase') }
  const ratioOf = (row: readonly string[]): number => (at.ratio < 0 ? 1 : cellNumber(row[at.ratio]))
  const meterOf = (row: readonly string[]): string => row[at.meter] ?? ''
  const main = column ?? [...rows].sort((a, b) => ratioOf(b) - ratioOf(a)).map(meterOf)[0] ?? ''
  const own = rows.flatMap((row) => { const day = wallTime(row[at.date] ?? ''); return meterOf(row) === main && day !== undefined ? [{ row, day }] : [] })
  if (own.length === 0 || slots.length < 24) throw new HesError('DATA_REFUSED', `${name}: no rows of ${main || 'a meter'} with a value for each hour.`)
  const start = Math.min(...own.map(({ day }) => day))
  const days = Math.round((Math.max(...own.map(({ day }) => day)) - start) / DAY_MS) + 1
  const phases = [...new Set(own.map(({ row }) => row[at.phase] ?? ''))].sort()
  const values = phases.map(() => new Float64Array(days * slots.length).fill(NaN))
  for (const { row, day } of own) {
    slots.forEach(({ index }, slot) => { values[phases.indexOf(row[at.phase] ?? '')]![Math.round((day - start) / DAY_MS) * slots.length + slot] = (cellNumber(row[index]) * ratioOf(row) * 230) / 1_000 })
  }
  return { target: `${main}, apparent power of ${phases.length} phases`, series: { start, perDay: slots.length, days, names: phases, values, refused: {} } }
}

/** The sum of series as one load: implausible values taken out and counted, gaps filled from earlier values alone. */
export function sumLoad(target: string, { start, perDay, days, values, refused: before }: SeriesTable): Load {
  const refused = { ...before }
  const parts = values.map((one) => {
    const own = one.slice()
    const negative = own.filter((value) => value < 0).length > FEED_IN * own.length
    const found = negative ? highOnly(own) : takeOutImplausible(own, perDay)
    const lone = negative ? 0 : takeOutSpikes(own, quantile(own, USUAL))
    if (lone > 0) found['single spike'] = lone
    for (const [reason, count] of Object.entries(found)) refused[reason] = (refused[reason] ?? 0) + count
    return own
  })
  const counts = Float64Array.from({ length: days * perDay }, (_, time) => parts.filter((one) => Number.isFinite(one[time]!)).length)
  const measured = Uint8Array.from(counts, (count) => (count >= LEAST_PARTS * parts.length ? 1 : 0))
  const sum = new Float64Array(days * perDay)
  for (const one of parts) fillForward(one, perDay).forEach((value, time) => { sum[time]! += value })
  return { target, start, perDay, days, values: sum, measured, refused, completeness: counts.reduce((a, b) => a + b, 0) / (parts.length * counts.length) }
}

/** The same load by whole days: energy of a day where all of it, or nearly, was measured. */
export function dailyLoad(load: Load): Load {
  const { perDay, days, values, measured } = load
  const share = (day: number): number => measured.subarray(day * perDay, (day + 1) * perDay).reduce((a, b) => a + b, 0) / perDay
  return {
    ...load, target: `${load.target}, by day`, perDay: 1,
    values: Float64Array.from({ length: days }, (_, day) => values.subarray(day * perDay, (day + 1) * perDay).reduce((a, b) => a + b, 0)),
    measured: Uint8Array.from({ length: days }, (_, day) => (share(day) >= LEAST_PARTS ? 1 : 0)),
  }
}

/** A load that flows both ways: only what is far outside is taken out. */
function highOnly(values: Float64Array): Record<string, number> {
  const most = 12 * quantile(values.map(Math.abs), 0.985)
  let count = 0
  values.forEach((value, time) => {
    if (Math.abs(value) <= most || !Number.isFinite(value)) return
    values[time] = NaN
    count++
  })
  return count > 0 ? { 'implausibly high': count } : {}
}

/** Missing values from the past alone: one hour from the value before, else the same slot a week or some days earlier. */
function fillForward(values: Float64Array, perDay: number): Float64Array {
  const filled = values.slice()
  let since = Infinity
  for (let time = 0; time < filled.length; time++) {
    if (Number.isFinite(filled[time]!)) {
      since = 0
      continue
    }
    since++
    const earlier = [7, 1, 2, 3, 14].map((days) => filled[time - days * perDay]).find((value) => value !== undefined && Number.isFinite(value))
    const last = filled[time - 1]
    filled[time] = since <= perDay / 24 && last !== undefined && Number.isFinite(last) ? last : earlier ?? last ?? 0
  }
  return filled
}
