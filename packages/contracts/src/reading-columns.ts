import { z } from 'zod'
import { areDecimals, column, count, isAddress, isTime, MAX_VALUES } from './reading-column.js'
import { NarrowColumns, readingsOfNarrow } from './reading-columns-narrow.js'
import { QUALITIES, SOURCES } from './readings.js'
import type { Reading } from './readings.js'

/** What the values of a row are, place by place; `quality` and `source` are indexes into QUALITIES and SOURCES. An item stands once in a shape. */
export interface RowShape {
  /** OADs as unsigned numbers. */
  item: number[]
  quality: number[]
  source: number[]
}

const Shape = z.object({ item: count(0xffff_ffff), quality: count(QUALITIES.length - 1), source: count(SOURCES.length - 1) })
  .refine(({ item, quality, source }) => item.length > 0 && item.length === quality.length && item.length === source.length, 'columns of a shape differ in length')
  .refine(({ item }) => new Set(item).size === item.length, 'an item stands twice in a shape')

const Wide = z.object({
  version: z.literal(2),
  meters: column<string>('meter addresses', isAddress),
  times: column<number>('epoch milliseconds', isTime),
  shapes: z.array(Shape).max(MAX_VALUES),
  meter: count(65_535),
  time: count(MAX_VALUES - 1),
  shape: count(MAX_VALUES - 1),
  /** One string: a list of so many short ones would cost several times more to pack, to unpack and to copy. */
  values: z.string().max(MAX_VALUES * 64).refine(areDecimals, 'is not decimal numbers with one space between').transform((text) => text.split(' ')).refine((values) => values.length <= MAX_VALUES, `more than ${MAX_VALUES} values`),
  occurred: z.object({ value: count(MAX_VALUES - 1), at: column<number>('epoch milliseconds', isTime) }),
  receivedAt: z.number().int(),
}).superRefine((columns, context) => {
  const refuse = (name: string, message: string): void => context.addIssue({ code: 'custom', path: [name], message })
  const { meter, time, shape, shapes, values, occurred } = columns
  for (const [name, length] of [['time', time.length], ['shape', shape.length]] as const) {
    if (length !== meter.length) refuse(name, `has ${length} rows, meter has ${meter.length}`)
  }
  if (meter.some((index) => index >= columns.meters.length)) refuse('meter', 'names a meter outside the dictionary')
  if (time.some((index) => index >= columns.times.length)) refuse('time', 'names a time outside the dictionary')
  if (shape.some((index) => index >= shapes.length)) return refuse('shape', 'names a shape outside the dictionary')
  const owed = shape.reduce((sum, index) => sum + (shapes[index] as RowShape).item.length, 0)
  if (owed !== values.length) refuse('values', `has ${values.length} values, the shapes ask for ${owed}`)
  if (occurred.value.length !== occurred.at.length || occurred.value.some((index) => index >= values.length)) refuse('occurred', 'names a value that is not there')
})

/**
 * Readings as columns: one row is a meter at an instant with the values its shape tells. `meter`, `time` and `shape` are indexes
 * into their dictionaries, one each a row; `values` holds the rows' values after each other; `occurred` the moments (epoch
 * milliseconds) of those few values that have one, by place in `values`.
 */
export type ReadingColumns = z.output<typeof Wide>

/** As it rides in a job. A job of the former form (a row a value) that still waits in a queue is read as well. */
export const ReadingColumns = z.unknown().transform((raw, context): ReadingColumns => {
  const narrow = typeof raw === 'object' && raw !== null && !('version' in raw)
  const parsed = narrow ? NarrowColumns.transform((old) => toColumns(readingsOfNarrow(old), old.receivedAt)).safeParse(raw) : Wide.safeParse(raw)
  if (parsed.success) return parsed.data
  for (const issue of parsed.error.issues) context.addIssue({ code: 'custom', path: issue.path, message: issue.message })
  return z.NEVER
})

/** A beginning of a row: the shape that these items, in this order, make. */
interface Prefix {
  shape: RowShape
  /** Index in `shapes`, or -1 while no row ended here. */
  index: number
  next: Map<number, Prefix | undefined>
}
const begin = (shape: RowShape): Prefix => ({ shape, index: -1, next: new Map() })
const QUALITY = new Map(QUALITIES.map((name, index) => [name, index]))
const SOURCE = new Map(SOURCES.map((name, index) => [name, index]))
/** A wider row is cut: finding its shape would cost more than storing it. */
const MAX_PLACES = 256

/** Turns readings into the columns of one job: neighbours of one meter and time become one row. `receivedAt`: epoch milliseconds. */
export function toColumns(readings: readonly Reading[], receivedAt: number): ReadingColumns {
  const columns: ReadingColumns = { version: 2, meters: [], times: [], shapes: [], meter: [], time: [], shape: [], values: [], occurred: { value: [], at: [] }, receivedAt }
  const meters = dictionary(columns.meters)
  const times = dictionary(columns.times)
  const empty = begin({ item: [], quality: [], source: [] })
  let row = empty
  let last: Reading | undefined
  const end = (): void => {
    if (row === empty) return
    if (row.index < 0) row.index = columns.shapes.push(row.shape) - 1
    columns.shape.push(row.index)
  }
  for (const reading of readings) {
    let longer = last?.time === reading.time && last.meter === reading.meter ? extended(row, reading) : undefined
    if (!longer) {
      end()
      columns.meter.push(meters(reading.meter))
      columns.time.push(times(reading.time))
      longer = extended(empty, reading) as Prefix
    }
    row = longer
    last = reading
    if (reading.occurredAt !== undefined) {
      columns.occurred.value.push(columns.values.length)
      columns.occurred.at.push(reading.occurredAt)
    }
    columns.values.push(reading.value)
  }
  end()
  return columns
}

/** The row with one more value; undefined when it has that item already or is wide enough. */
function extended({ shape, next }: Prefix, { item, quality, source }: Reading): Prefix | undefined {
  const [q, s] = [QUALITY.get(quality) as number, SOURCE.get(source) as number]
  const key = item * 64 + q * 8 + s
  let longer = next.get(key)
  if (longer || next.has(key)) return longer
  if (shape.item.length < MAX_PLACES && !shape.item.includes(item)) longer = begin({ item: [...shape.item, item], quality: [...shape.quality, q], source: [...shape.source, s] })
  next.set(key, longer)
  return longer
}

function dictionary<T>(entries: T[]): (entry: T) => number {
  const known = new Map<T, number>()
  return (entry) => {
    let index = known.get(entry)
    if (index === undefined) known.set(entry, index = entries.push(entry) - 1)
    return index
  }
}

/** The readings that columns hold, one by one. */
export function readingsOf(columns: ReadingColumns): Reading[] {
  const moments = new Map(columns.occurred.value.map((value, n) => [value, columns.occurred.at[n] as number]))
  const readings: Reading[] = []
  columns.shape.forEach((index, row) => {
    const shape = columns.shapes[index] as RowShape
    const [meter, time] = [columns.meters[columns.meter[row] as number] as string, columns.times[columns.time[row] as number] as number]
    shape.item.forEach((item, place) => {
      const occurredAt = moments.get(readings.length)
      const [quality, source] = [QUALITIES[shape.quality[place] as number] as Reading['quality'], SOURCES[shape.source[place] as number] as Reading['source']]
      readings.push({ meter, item, time, value: columns.values[readings.length] as string, quality, source, ...(occurredAt === undefined ? {} : { occurredAt }) })
    })
  })
  return readings
}
