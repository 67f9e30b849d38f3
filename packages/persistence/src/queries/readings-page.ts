import type pg from 'pg'
import type { Source } from '@zhuzhan/contracts'
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
    branches.push(branch('reading_value', 0, 'quality::text', conditions, limit))
  }
  if (filter.conflicts) {
    const conditions = [...shared]
    const { after } = filter
    if (after?.rank === 0) conditions.push(`(time, ${ITEM}) >= (${where.parameter(after.time)}, ${where.parameter(after.item)}::bigint)`)
    if (after?.rank === 1) conditions.push(`(time, ${ITEM}, value) > (${where.parameter(after.time)}, ${where.parameter(after.item)}::bigint, ${where.parameter(after.value)}::numeric)`)
    branches.push(branch('reading_conflict', 1, "'conflict'", conditions, limit))
  }
  if (branches.length === 0) return { rows: [], more: false }
  const sql = branches.length === 1 ? branches[0] as string : `SELECT * FROM (${branches.map((one) => `(${one})`).join(' UNION ALL ')}) AS both_kinds ORDER BY "ms", "item", "rank", "text"::numeric LIMIT ${limit}`
  const { rows } = await pool.query<Row>({ text: sql, values: where.values, rowMode: 'array' })
  return pageOf(rows.map(viewOf), filter.limit)
}

/**
 * What `columns` selects. Times in epoch milliseconds, rows as arrays: a month has thousands of them, and reading times as text and
 * names with every row would take longer than all the rest.
 */
type Row = [ms: number, item: number, rank: 0 | 1, value: string, quality: string, source: Source, occurred: number | null, received: number]

const viewOf = ([ms, item, rank, value, quality, source, occurred, received]: Row): ReadingView => ({
  time: new Date(Math.round(ms)), item, rank, value, quality, source, occurredAt: occurred === null ? null : new Date(Math.round(occurred)), receivedAt: new Date(Math.round(received)),
})

const epochMs = (column: string): string => `date_part('epoch', ${column}) * 1000`
// Not "value": the order by value would be one of texts, 10 before 9, and a page that ends between them would lose one.
const columns = (rank: 0 | 1, quality: string): string => `${epochMs('time')} AS "ms", ${ITEM} AS "item", ${rank} AS "rank", value::text AS "text", ${quality} AS "quality",
  source::text AS "source", ${epochMs('occurred_at')} AS "occurred", ${epochMs('received_at')} AS "received"`

function sharedConditions(filter: ReadingFilter, parameter: (value: unknown) => string): string[] {
  const conditions = [`meter_id = ${parameter(filter.meterId)}`]
  const from = filter.after && (!filter.from || filter.after.time > filter.from) ? filter.after.time : filter.from
  if (from) conditions.push(`time >= ${parameter(from)}`)
  if (filter.to) conditions.push(`time < ${parameter(filter.to)}`)
  if (filter.items) conditions.push(`item = ANY(${parameter(filter.items.map((item) => item | 0))}::int[])`)
  return conditions
}

function branch(table: string, rank: 0 | 1, quality: string, conditions: readonly string[], limit: string): string {
  return `SELECT ${columns(rank, quality)} FROM ${table} WHERE ${conditions.join(' AND ')} ORDER BY time, ${ITEM}, value LIMIT ${limit}`
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
  const { rows } = await pool.query<Row>({
    text: `SELECT DISTINCT ON (${ITEM}) ${columns(0, 'quality::text')} FROM reading_value WHERE ${where.text} ORDER BY ${ITEM}, time DESC`, values: where.values, rowMode: 'array',
  })
  return rows.map(viewOf)
}
