import { oadNumber } from '@zhuzhan/core'
import type { Quality, Reading, Source } from '@zhuzhan/contracts'
import { dateTimeSToEpoch, elements, leafColumns, leafRows } from '@zhuzhan/dlt698'
import type { Csd, Data, Oad, ResultNormal, ResultRecord } from '@zhuzhan/dlt698'
import type { TerminalRecord } from '@zhuzhan/persistence'

/** Columns that name the meter of a row; terminals send one or the other (ruling of the reference §13). */
const METER_COLUMNS: ReadonlySet<Oad> = new Set(['202A0200', '40010200'])
/** Columns that may hold the time of a row, the best first (same ruling): freeze, storage, start, success. */
const TIME_COLUMNS: readonly Oad[] = ['20210200', '60420200', '60400200', '60410200']

export interface ReadingContext {
  terminal: TerminalRecord
  /** Whose values these are when the record names no meter. */
  meter: string
  /** Epoch ms of reception, for values without a time of their own. */
  receivedAt: number
  source: Source
  /** Overrides what would follow from the way, e.g. `recollected`. */
  quality?: Quality | undefined
}

export interface ReadRecord {
  readings: Reading[]
  /** Meters the terminal named which are not registered behind it. */
  strangers: string[]
}

/** What the columns of a record table are to us, by their places. */
interface ColumnPlan {
  /** -1: the rows name no meter. */
  meter: number
  /** The best first. */
  times: readonly number[]
  values: readonly { index: number; oad: Oad }[]
}

/** Worked out once for each list of columns: the same bytes decode to the same list. */
const plans = new WeakMap<readonly Csd[], ColumnPlan>()

function planOf(rcsd: readonly Csd[]): ColumnPlan {
  const known = plans.get(rcsd)
  if (known) return known
  const columns = leafColumns(rcsd)
  const meter = columns.findIndex((column) => METER_COLUMNS.has(column.oad))
  const plan: ColumnPlan = {
    meter,
    times: TIME_COLUMNS.flatMap((oad) => {
      const index = columns.findIndex((column) => column.oad === oad)
      return index < 0 ? [] : [index]
    }),
    values: columns.flatMap(({ oad }, index) => (index === meter || TIME_COLUMNS.includes(oad) ? [] : [{ index, oad }])),
  }
  plans.set(rcsd, plan)
  return plan
}

/** Values of a record table (a freeze, a collection task) as readings. */
export function recordReadings(record: ResultRecord, context: ReadingContext): ReadRecord {
  const plan = planOf(record.rcsd)
  const result: ReadRecord = { readings: [], strangers: [] }
  for (const row of leafRows(record)) {
    const named = plan.meter < 0 ? undefined : meterOf(row[plan.meter])
    const meter = named ?? context.meter
    if (!context.terminal.meters.has(meter)) {
      result.strangers.push(meter)
      continue
    }
    const time = timeOf(row, plan.times, context.terminal.utcOffsetMinutes)
    for (const { index, oad } of plan.values) {
      const cell = row[index]
      if (cell) collect(result.readings, oad, cell, meter, time, context)
    }
  }
  return result
}

/** Values of single attributes as readings of `context.meter`; a freeze time among them gives the time. */
export function listReadings(results: readonly ResultNormal[], context: ReadingContext): Reading[] {
  const values = results.flatMap((result) => ('data' in result ? [result] : []))
  const time = timeOf(values.map((value) => value.data), TIME_COLUMNS.flatMap((oad) => {
    const index = values.findIndex((value) => value.oad === oad)
    return index < 0 ? [] : [index]
  }), context.terminal.utcOffsetMinutes)
  const readings: Reading[] = []
  for (const { oad, data } of values) if (!TIME_COLUMNS.includes(oad)) collect(readings, oad, data, context.meter, time, context)
  return readings
}

function collect(into: Reading[], oad: Oad, data: Data, meter: string, time: number | undefined, context: ReadingContext): void {
  const offset = context.terminal.utcOffsetMinutes
  for (const element of elements(oad, data)) {
    const reading: Reading = {
      meter,
      item: oadNumber(element.item),
      time: time ?? context.receivedAt,
      value: element.value,
      quality: context.quality ?? (time === undefined ? 'received-time' : qualityOf(meter, context.terminal)),
      source: context.source,
    }
    const occurredAt = element.at === undefined ? undefined : dateTimeSToEpoch(element.at, offset)
    if (occurredAt !== undefined) reading.occurredAt = occurredAt
    into.push(reading)
  }
}

/** What a terminal hands on for a meter behind it is vouched for by the terminal only (OSP-1 §7.11). */
function qualityOf(meter: string, terminal: TerminalRecord): Quality {
  return meter === terminal.address ? 'measured' : 'terminal'
}

function timeOf(row: readonly (Data | undefined)[], timeColumns: readonly number[], offsetMinutes: number): number | undefined {
  for (const index of timeColumns) {
    const cell = row[index]
    if (cell?.type !== 'date-time-s') continue
    const time = dateTimeSToEpoch(cell.value, offsetMinutes)
    if (time !== undefined) return time
  }
  return undefined
}

const WHOLE = /^[0-9]{12}$/

/** The meter a cell names; undefined when it names none. What is no address of ours is given as it stands: a stranger, never the terminal itself. */
function meterOf(cell: Data | undefined): string | undefined {
  const hex = cell?.type === 'tsa' ? cell.tsa.address : cell?.type === 'octet-string' ? cell.hex : undefined
  if (hex === undefined) return undefined
  // The rule, and without a list of parts for every report.
  if (WHOLE.test(hex)) return hex
  const digits = /^0*([0-9]{1,12})F*$/.exec(hex)?.[1]
  return digits === undefined ? `'${hex}'` : digits.padStart(12, '0')
}
