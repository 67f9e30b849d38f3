import { HesError } from '@zhuzhan/core'
import { cellNumber } from '../tables/csv.js'
import type { Table } from '../tables/csv.js'
import { median, quantile } from '../linear/statistics.js'

const DAY_MS = 86_400_000

/** Series on one grid of local time: full days, `perDay` slots each. NaN where nothing is known. */
export interface SeriesTable {
  /** Midnight of the first day, ms of the local wall time taken as UTC. */
  start: number
  perDay: number
  days: number
  names: string[]
  values: Float64Array[]
  /** Rows or cells that could not be taken, by reason. */
  refused: Record<string, number>
}

/** Local wall time as ms; undefined for what is none. `2013-03-02 00:00:00`, `2013-03-02T00:00`, `2016-07-01`. */
export function wallTime(text: string): number | undefined {
  const match = /^\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?\s*$/.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour = '0', minute = '0', second = '0'] = match
  const time = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second))
  return Number.isFinite(time) && Number(month) <= 12 && Number(day) <= 31 ? time : undefined
}

/**
 * A wide table: the first column time, every other one a series. The grid is the commonest step; rows off the grid, twice with other values
 * or without a time are taken out and counted.
 * @throws HesError DATA_REFUSED when there is no grid, or less than two days
 */
export function readSeries({ header, rows }: Table, name: string): SeriesTable {
  const refused: Record<string, number> = {}
  const refuse = (reason: string): void => { refused[reason] = (refused[reason] ?? 0) + 1 }
  const timed = rows.flatMap((row) => {
    const time = wallTime(row[0] ?? '')
    if (time === undefined) refuse('no time')
    return time === undefined ? [] : [{ time, row }]
  }).sort((a, b) => a.time - b.time)
  const steps = new Map<number, number>()
  timed.forEach(({ time }, index) => {
    const step = time - (timed[index - 1]?.time ?? time)
    if (step > 0) steps.set(step, (steps.get(step) ?? 0) + 1)
  })
  const [step] = [...steps].sort((a, b) => b[1] - a[1])[0] ?? [0]
  if (timed.length === 0 || step === 0 || DAY_MS % step !== 0) throw new HesError('DATA_REFUSED', `${name}: the first column holds no regular times.`)
  const perDay = DAY_MS / step
  const start = Math.floor((timed[0] as { time: number }).time / DAY_MS) * DAY_MS
  const days = Math.floor(((timed.at(-1) as { time: number }).time - start) / DAY_MS) + 1
  if (days < 2 || days > 20_000) throw new HesError('DATA_REFUSED', `${name}: ${days} days are not enough, or the times are wrong.`)
  const names = header.slice(1)
  const values = names.map(() => new Float64Array(days * perDay).fill(NaN))
  for (const { time, row } of timed) {
    const index = (time - start) / step
    if (!Number.isInteger(index)) {
      refuse('time off the grid')
      continue
    }
    values.forEach((one, column) => {
      const cell = row[column + 1] ?? ''
      const value = cellNumber(cell)
      if (!Number.isFinite(value)) {
        if (cell.trim() !== '') refuse('no number')
        return
      }
      const before = one[index] as number
      if (Number.isFinite(before) && before !== value) {
        refuse('twice with other values')
        one[index] = NaN
      } else one[index] = value
    })
  }
  return { start, perDay, days, names, values, refused }
}

/** Over this many times the 99th percentile a value of an energy series is a wrong unit or a flown-away register. */
const IMPLAUSIBLE = 12
/** The same positive value, to the last digit, for this many hours: stuck. */
const STUCK_HOURS = 12

/** Takes negative, thousand-fold and, unless they are what is looked for, stuck values out of an energy series. @returns how many, by reason */
export function takeOutImplausible(values: Float64Array, perDay: number, stuck = true): Record<string, number> {
  const refused: Record<string, number> = {}
  const most = IMPLAUSIBLE * Math.max(quantile(values, 0.985), 2 * median(values), 1e-9)
  const take = (time: number, reason: string): void => {
    values[time] = NaN
    refused[reason] = (refused[reason] ?? 0) + 1
  }
  values.forEach((value, time) => {
    if (value < 0) take(time, 'negative')
    else if (value > most) take(time, 'implausibly high')
  })
  if (!stuck) return refused
  const longest = Math.max(4, Math.round((STUCK_HOURS * perDay) / 24))
  for (let from = 0; from < values.length;) {
    let to = from + 1
    while (to < values.length && values[to] === values[from]) to++
    if (to - from >= longest && (values[from] as number) > 0) for (let time = from; time < to; time++) take(time, 'stuck')
    from = to
  }
  return refused
}

/** This many times over all neighbours, and over the largest usual value: a reading by itself that no appliance makes. */
const LONE = 4
const OVER_USUAL = 1.5

/** Takes single spikes out that are not implausible by their height alone. @param usual the largest value the customer otherwise has @returns how many */
export function takeOutSpikes(values: Float64Array, usual: number): number {
  let count = 0
  const at = (time: number): number => { const value = values[time]; return value === undefined || Number.isNaN(value) ? 0 : value }
  for (let time = 0; time < values.length; time++) {
    const value = values[time]!
    if (!(value > OVER_USUAL * usual)) continue
    const near = Math.max(at(time - 2), at(time - 1), at(time + 1), at(time + 2))
    if (value < LONE * near) continue
    values[time] = NaN
    count++
  }
  return count
}

/** The part of a table from one day to another (exclusive), days counted from its start. */
export function daysOf(table: SeriesTable, from: number, to: number): SeriesTable {
  return { ...table, start: table.start + from * DAY_MS, days: to - from, values: table.values.map((one) => one.slice(from * table.perDay, to * table.perDay)) }
}

export function dayIndex({ start }: SeriesTable, time: number): number {
  return Math.floor((time - start) / DAY_MS)
}
