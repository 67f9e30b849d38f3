import type pg from 'pg'
import type { Source } from '@zhuzhan/contracts'
import { Prisma } from '../generated/client.js'
import { createWhere, pageOf } from './where.js'
import type { Page } from './where.js'

export interface ReadingView {
  time: Date
  /** OAD as an unsigned number. */
  item: number
  /** 0: the first value of its identity; 1: a later different one. */
  rank: 0 | 1
  value: string
  quality: string
  source: Source
  occurredAt: Date | null
  receivedAt: Date
}

/** The place of a reading in the order time, item, first value before later ones, value. */
export interface ReadingKey {
  time: Date
  item: number
  rank: 0 | 1
  value: string
}

export interface ReadingFilter {
  meterId: number
  /** Included. */
  from?: Date | undefined
  /** Excluded. */
  to?: Date | undefined
  /** OADs as unsigned numbers. */
  items?: readonly number[] | undefined
  /** Qualities of first values to list; undefined: all of them, empty: none. */
  qualities?: readonly string[] | undefined
  /** List later different values of an identity too. */
  conflicts: boolean
  after?: ReadingKey | undefined
  limit: number
}

// The column is a signed int4; people sort OADs as the hex they read, that is unsigned.
const ITEM = '(item::bigint & 4294967295)'

/**
 * One page of a meter's readings by keyset: pages neither skip nor repeat a row whatever is inserted meanwhile. Bounds on
 * `time` reach both tables as such, so that only partitions of the range are touched.
 */
export async function readingsPage(pool: pg.Pool, filter: ReadingFilter): Promise<Page<ReadingView>> {
  const where = createWhere()
  const limit = where.parameter(filter.limit + 1)
  const shared = sharedConditions(filter, where.parameter)
  const branches: string[] = []
  if (filter.qualities === undefined || filter.qualities.length > 0) {
    const conditions = [...shared]
    if (filter.qualities) conditions.push(`quality = ANY(${where.parameter(filter.qualities)}::reading_quality[])`)
    if (filter.after) conditions.push(`(time, ${ITEM}) > (${where.parameter(filter.after.time)}, ${where.parameter(filter.after.item)}::bigint)`)
    // An identity is there once. For one item the order of the key is enough, and nothing has to be sorted.
    branches.push(branch('reading_value', 0, 'quality::text', conditions, filter.items?.length === 1 ? 'time' : 'time, item', limit))
  }
  if (filter.conflicts) {
    const conditions = [...shared]
    const { after } = filter
    if (after?.rank === 0) conditions.push(`(time, ${ITEM}) >= (${where.parameter(after.time)}, ${where.parameter(after.item)}::bigint)`)
    if (after?.rank === 1) conditions.push(`(time, ${ITEM}, value) > (${where.parameter(after.time)}, ${where.parameter(after.item)}::bigint, ${where.parameter(after.value)}::numeric)`)
    branches.push(branch('reading_conflict', 1, "'conflict'", conditions, 'time, item, value', limit))
  }
  if (branches.length === 0) return { rows: [], more: false }
  const page = branches.length === 1 ? branches[0] : `SELECT * FROM (${branches.map((one) => `(${one})`).join(' UNION ALL ')}) AS both_kinds ORDER BY time, item, rank, value LIMIT ${limit}`
  const { rows: runs } = await pool.query<Run>({ text: `SELECT ${RUN} FROM (${page}) AS page GROUP BY item, rank, quality, source`, values: where.values, rowMode: 'array' })
  return pageOf(runs.flatMap(viewsOf).sort(inOrder), filter.limit)
}

const epochMs = (column: string): string => `(date_part('epoch', ${column}) * 1000)::bigint`

/**
 * Readings of one item, rank, quality and source come as one row, what differs as the texts of arrays, times in epoch milliseconds: a month
 * has thousands of readings, and a row of eight texts for each took the driver as long as the server needs for the whole query.
 */
type Run = [item: number, rank: 0 | 1, quality: string, source: Source, times: string, values: string, occurred: string | null, received: string]
const RUN = `item, rank, quality, source::text, array_agg(${epochMs('time')})::text, array_agg(value)::text,
  CASE WHEN count(occurred_at) > 0 THEN array_agg(${epochMs('occurred_at')})::text END, array_agg(${epochMs('received_at')})::text`

/** Elements of an array of numbers as PostgreSQL writes it. */
const elements = (text: string): string[] => text.slice(1, -1).split(',')

function viewsOf([item, rank, quality, source, times, values, occurred, received]: Run): ReadingView[] {
  const [at, receivedAt, occurredAt] = [elements(times), elements(received), occurred === null ? undefined : elements(occurred)]
  return elements(values).map((value, n) => {
    const moment = occurredAt?.[n] ?? 'NULL'
    return { time: new Date(Number(at[n])), item, rank, value, quality, source, occurredAt: moment === 'NULL' ? null : new Date(Number(moment)), receivedAt: new Date(Number(receivedAt[n])) }
  })
}

/** The order of a page, which grouping need not keep. Numerals may be longer than a double holds. */
const inOrder = (a: ReadingView, b: ReadingView): number =>
  a.time.getTime() - b.time.getTime() || a.item - b.item || a.rank - b.rank || new Prisma.Decimal(a.value).comparedTo(b.value)

function sharedConditions(filter: ReadingFilter, parameter: (value: unknown) => string): string[] {
  const conditions = [`meter_id = ${parameter(filter.meterId)}`]
  const from = filter.after && (!filter.from || filter.after.time > filter.from) ? filter.after.time : filter.from
  if (from) conditions.push(`time >= ${parameter(from)}`)
  if (filter.to) conditions.push(`time < ${parameter(filter.to)}`)
  if (filter.items) conditions.push(`item = ANY(${parameter(filter.items.map((item) => item | 0))}::int[])`)
  return conditions
}

const columns = (rank: 0 | 1, quality: string): string => `time, ${ITEM} AS item, ${rank} AS rank, value, ${quality} AS quality, source, occurred_at, received_at`

function branch(table: string, rank: 0 | 1, quality: string, conditions: readonly string[], order: string, limit: string): string {
  return `SELECT ${columns(rank, quality)} FROM ${table} WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ${limit}`
}

/** How far back `latestReadings` looks: the frozen registers of the last month are in it. */
export const LATEST_DAYS = 32

/** The youngest value of every item. A clock that runs far ahead does not hide the true present: tomorrow is the end. */
export async function latestReadings(pool: pg.Pool, meterId: number, now: Date, items?: readonly number[]): Promise<ReadingView[]> {
  const where = createWhere()
    .and('meter_id = ?', meterId)
    .and('time > ?', new Date(now.getTime() - LATEST_DAYS * 86_400_000))
    .and('time <= ?', new Date(now.getTime() + 86_400_000))
    .and('item = ANY(?::int[])', items?.map((item) => item | 0))
  const { rows } = await pool.query<Run>({
    text: `SELECT ${RUN} FROM (SELECT DISTINCT ON (${ITEM}) ${columns(0, 'quality::text')} FROM reading_value WHERE ${where.text} ORDER BY ${ITEM}, time DESC) AS latest GROUP BY item, rank, quality, source`,
    values: where.values, rowMode: 'array',
  })
  return rows.flatMap(viewsOf).sort((a, b) => a.item - b.item)
}
