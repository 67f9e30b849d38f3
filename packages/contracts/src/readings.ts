import { z } from 'zod'

/** How much a value may be trusted; `conflict` marks a later different value for an identity that exists. */
export const QUALITIES = ['measured', 'recollected', 'terminal', 'received-time', 'replay-unchecked', 'estimated', 'edited'] as const
export type Quality = (typeof QUALITIES)[number]

/** The way a reading came in. */
export const SOURCES = ['report', 'poll', 'import'] as const
export type Source = (typeof SOURCES)[number]

/** One value of one element at one instant; identity = meter + item + time. */
export interface Reading {
  /** Meter address, 12 digits. */
  meter: string
  /** OAD of the single element as an unsigned number. */
  item: number
  /** Epoch milliseconds the value holds for. */
  time: number
  /** Exact decimal, already scaled. */
  value: string
  quality: Quality
  source: Source
  /** When a demand maximum occurred, epoch milliseconds. */
  occurredAt?: number
}

const MAX_ROWS = 20_000

/** A column checked in one pass: a schema of its own for every element would cost more than storing it does. */
const column = <T>(what: string, fits: (value: unknown) => boolean) =>
  z.custom<T[]>((values) => Array.isArray(values) && values.length <= MAX_ROWS && values.every(fits), `is not a column of at most ${MAX_ROWS} ${what}`)
const count = (max: number) => column<number>(`whole numbers from 0 to ${max}`, (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max)
const isTime = (value: unknown): boolean => Number.isSafeInteger(value)
const DECIMAL = /^-?[0-9]{1,40}(\.[0-9]{1,20})?$/

/**
 * Readings as columns: a tenth of the bytes and of the parsing cost of objects. All columns have one length;
 * `meter`, `quality` and `source` are indexes into their dictionaries.
 */
export const ReadingColumns = z.object({
  meters: z.array(z.string().regex(/^[0-9]{12}$/)).max(65_536),
  meter: count(65_535),
  item: count(0xffff_ffff),
  time: column<number>('epoch milliseconds', isTime),
  value: column<string>('decimal numbers', (value) => typeof value === 'string' && DECIMAL.test(value)),
  quality: count(QUALITIES.length - 1),
  source: count(SOURCES.length - 1),
  occurredAt: column<number | null>('epoch milliseconds or null', (value) => value === null || isTime(value)),
  receivedAt: z.number().int(),
}).superRefine((columns, context) => {
  const rows = columns.meter.length
  for (const name of ['item', 'time', 'value', 'quality', 'source', 'occurredAt'] as const) {
    if (columns[name].length !== rows) context.addIssue({ code: 'custom', path: [name], message: `has ${columns[name].length} rows, meter has ${rows}` })
  }
  const known = columns.meters.length
  if (columns.meter.some((index) => index >= known)) context.addIssue({ code: 'custom', path: ['meter'], message: 'names a meter outside the dictionary' })
})
export type ReadingColumns = z.infer<typeof ReadingColumns>

/** Turns readings into the columns of one job. `receivedAt`: epoch milliseconds. */
export function toColumns(readings: readonly Reading[], receivedAt: number): ReadingColumns {
  const index = new Map<string, number>()
  const columns: ReadingColumns = { meters: [], meter: [], item: [], time: [], value: [], quality: [], source: [], occurredAt: [], receivedAt }
  for (const reading of readings) {
    let at = index.get(reading.meter)
    if (at === undefined) {
      at = columns.meters.push(reading.meter) - 1
      index.set(reading.meter, at)
    }
    columns.meter.push(at)
    columns.item.push(reading.item)
    columns.time.push(reading.time)
    columns.value.push(reading.value)
    columns.quality.push(QUALITIES.indexOf(reading.quality))
    columns.source.push(SOURCES.indexOf(reading.source))
    columns.occurredAt.push(reading.occurredAt ?? null)
  }
  return columns
}
