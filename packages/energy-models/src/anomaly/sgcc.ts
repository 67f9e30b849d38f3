import { HesError } from '@zhuzhan/core'
import { quantileOf, sortedFinite } from '../linear/statistics.js'
import { cellNumber } from '../tables/csv.js'
import { wallTime } from '../series/series.js'

const DAY_MS = 86_400_000
/** Over this many kWh no home's day goes; the published file has a few hundred such cells. */
export const MOST_KWH = 10_000
/** A customer with fewer days is not judged. */
export const LEAST_SGCC_DAYS = 60
const MOST_SPAN_DAYS = 5_000

/** What a header line of the layout says: CONS_NO, FLAG, then one column a day, in any order. */
export interface SgccHeader {
  customer: number
  /** Undefined where nothing is labelled. */
  flag: number | undefined
  /** Column and day, counted from the first day; a day that no column has stays empty. */
  days: { column: number; day: number }[]
  /** Midnight of the first day, ms. */
  start: number
  length: number
  cells: number
}

/** One customer: kWh by day in the order of the calendar, NaN where empty or impossible. */
export interface SgccCustomer {
  name: string
  flag: 0 | 1 | undefined
  values: Float64Array
  takenOut: number
}

/** @throws HesError DATA_REFUSED when it is another layout, or a day comes twice */
export function sgccHeader(line: string): SgccHeader {
  const names = line.replace(/^\uFEFF/, '').split(',').map((name) => name.trim().replace(/^"(.*)"$/, '$1'))
  const customer = names.indexOf('CONS_NO')
  const flag = names.indexOf('FLAG')
  if (customer < 0) throw new HesError('DATA_REFUSED', 'The header has no column CONS_NO.')
  const times = names.flatMap((name, column) => {
    if (column === customer || column === flag) return []
    const time = wallTime(name)
    if (time === undefined || time % DAY_MS !== 0) throw new HesError('DATA_REFUSED', `The column '${name.slice(0, 40)}' is neither CONS_NO, FLAG nor a day.`)
    return [{ column, time }]
  })
  if (times.length < LEAST_SGCC_DAYS) throw new HesError('DATA_REFUSED', `The header has ${times.length} days, at least ${LEAST_SGCC_DAYS} are needed.`)
  const start = times.reduce((least, { time }) => Math.min(least, time), Infinity)
  const days = times.map(({ column, time }) => ({ column, day: (time - start) / DAY_MS }))
  const length = days.reduce((most, { day }) => Math.max(most, day), 0) + 1
  if (new Set(days.map(({ day }) => day)).size !== days.length) throw new HesError('DATA_REFUSED', 'The header has a day twice.')
  if (length > MOST_SPAN_DAYS) throw new HesError('DATA_REFUSED', `The days of the header span ${length} days.`)
  return { customer, flag: flag < 0 ? undefined : flag, days, start, length, cells: names.length }
}

/** One row. @returns undefined for a row of another length than the header, without a customer, or with a flag that is neither 0 nor 1 */
export function sgccCustomer(header: SgccHeader, line: string): SgccCustomer | undefined {
  const cells = line.split(',')
  const plain = (at: number): string => (cells[at] ?? '').trim().replace(/^"(.*)"$/, '$1')
  const name = plain(header.customer)
  const flag = header.flag === undefined ? undefined : plain(header.flag)
  if (cells.length !== header.cells || name === '' || (flag !== undefined && flag !== '0' && flag !== '1')) return undefined
  const values = new Float64Array(header.length).fill(NaN)
  let takenOut = 0
  for (const { column, day } of header.days) {
    const value = cellNumber(cells[column])
    if (value >= 0 && value <= MOST_KWH) values[day] = value
    else if ((cells[column] as string).trim() !== '' && !/^nan$/i.test((cells[column] as string).trim())) takenOut++
  }
  return { name, flag: flag === undefined ? undefined : flag === '1' ? 1 : 0, values, takenOut }
}

const QUARTERS = 8
const log = (a: number, b: number): number => Math.log((a + 0.05) / (b + 0.05))
const average = (values: Float64Array): number => {
  let [sum, count] = [0, 0]
  for (const value of values) if (value >= 0) { sum += value; count++ }
  return count > 0 ? sum / count : NaN
}

/** Names of the features of a daily series, in their order. */
export const SGCC_FEATURES: readonly string[] = [
  'log-mean', 'missing', 'missing-run', 'missing-last', 'missing-first', 'zeros', 'zero-run', 'zeros-last', 'repeated', 'variation', 'variation-last', 'step-size', 'lag1', 'lag7', 'weekend',
  'last60-before', 'last-half', 'deepest-step', 'deepest-step-place', 'deepest-fit', 'highest-step', 'year-on-year', 'lowest-month', 'highest-month', 'month-spread', 'month-falls', 'trend',
  ...[5, 10, 25, 50, 75, 90, 95, 99].map((p) => `p${p}-to-mean`), ...[5, 25, 50, 75, 95].map((p) => `p${p}-last-half`), 'maximum-to-p99', ...Array.from({ length: QUARTERS }, (_, part) => `part-${part + 1}`),
]

/**
 * A customer's days against its own: gaps (a missing reading is a signal and is never filled), levels, steps, months, and how regular it is.
 * Everything is a ratio to the customer's own mean but the size itself.
 * @param start midnight of the first day, ms
 */
export function sgccFeatures(values: Float64Array, start: number): Float64Array {
  const mean = average(values)
  const half = values.length >> 1
  const [early, late] = [values.subarray(0, half), values.subarray(half)]
  const share = (part: Float64Array, is: (value: number) => boolean): number => part.reduce((sum, value) => sum + (is(value) ? 1 : 0), 0) / Math.max(1, part.length)
  const empty = (value: number): boolean => Number.isNaN(value)
  const zero = (value: number): boolean => value <= 0.01 * mean
  const run = (is: (value: number) => boolean): number => {
    let [now, most] = [0, 0]
    for (const value of values) { now = is(value) ? now + 1 : 0; most = Math.max(most, now) }
    return most / values.length
  }
  const [sorted, sortedEarly, sortedLate] = [values, early, late].map(sortedFinite) as [Float64Array, Float64Array, Float64Array]
  const months = Array.from({ length: Math.floor(values.length / 30) }, (_, month) => average(values.subarray(month * 30, (month + 1) * 30)))
  const known = months.filter(Number.isFinite)
  const steps = stepsOf(months, mean)
  const logs = known.map((one) => log(one, mean))
  const spread = Math.sqrt(logs.reduce((sum, one) => sum + one * one, 0) / Math.max(1, logs.length))
  const variation = (part: Float64Array): number => { const own = average(part); return Math.sqrt(average(part.map((value) => (value - own) ** 2))) / (own + 0.05) }
  const lag = (by: number): number => { let [sum, all] = [0, 0]; for (let day = by; day < values.length; day++) { const [a, b] = [values[day]! - mean, values[day - by]! - mean]; if (!Number.isNaN(a * b)) { sum += a * b; all += (a * a + b * b) / 2 } } return sum / (all + 1e-9) }
  const isWeekend = (day: number): boolean => [0, 6].includes(new Date(start + day * DAY_MS).getUTCDay())
  const [off, on] = [true, false].map((wanted) => average(values.filter((_, day) => isWeekend(day) === wanted))) as [number, number]
  return Float64Array.from([
    Math.log(mean + 0.05), share(values, empty), run(empty), share(late, empty), share(early, empty), share(values, zero), run(zero), share(late, zero), share(values.map((value, day) => (day > 0 && value > 0 && value === values[day - 1] ? 1 : 0)), (one) => one === 1),
    variation(values), variation(late), average(values.map((value, day) => (day === 0 ? NaN : Math.abs(value - values[day - 1]!)))) / (mean + 0.05), lag(1), lag(7), Math.abs(log(off, on)),
    log(average(values.subarray(-60)), average(values.subarray(0, -60))), log(average(late), average(early)), ...steps, values.length > 365 ? log(average(values.subarray(-180)), average(values.subarray(-545, -365))) : NaN,
    Math.min(...logs), Math.max(...logs), spread, logs.filter((one, month) => month > 0 && one - logs[month - 1]! < -0.7).length, slope(months, mean),
    ...[0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99].map((p) => log(quantileOf(sorted, p), mean)), ...[0.05, 0.25, 0.5, 0.75, 0.95].map((p) => log(quantileOf(sortedLate, p), quantileOf(sortedEarly, p))), log(sorted.at(-1) ?? NaN, quantileOf(sorted, 0.99)),
    ...Array.from({ length: QUARTERS }, (_, part) => log(average(values.subarray(Math.floor((part * values.length) / QUARTERS), Math.floor(((part + 1) * values.length) / QUARTERS))), mean)),
  ].map((value) => (Number.isFinite(value) ? Math.round(value * 1e4) / 1e4 : NaN)))
}

/** Deepest fall between all months before and all after, where it is, how well two levels fit, and the highest rise. */
function stepsOf(months: readonly number[], mean: number): [number, number, number, number] {
  const levels = months.map((one) => log(one, mean))
  const middle = (part: readonly number[]): number => { const there = part.filter(Number.isFinite); return there.reduce((sum, one) => sum + one, 0) / there.length }
  let [deepest, place, fit, highest] = [0, NaN, NaN, 0]
  for (let cut = 2; cut <= levels.length - 2; cut++) {
    const [before, after] = [middle(levels.slice(0, cut)), middle(levels.slice(cut))]
    highest = Math.max(highest, after - before || 0)
    if (!(after - before < deepest)) continue
    deepest = after - before
    place = cut / levels.length
    fit = middle(levels.map((level, month) => Math.abs(level - (month < cut ? before : after))))
  }
  return [deepest, place, fit, highest]
}

function slope(months: readonly number[], mean: number): number {
  const points = months.flatMap((one, month) => (Number.isFinite(one) ? [[month / months.length - 0.5, log(one, mean)] as const] : []))
  const [mx, my] = [0, 1].map((at) => points.reduce((sum, point) => sum + (point[at] as number), 0) / points.length) as [number, number]
  return points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / points.reduce((sum, [x]) => sum + (x - mx) ** 2, 1e-9)
}
