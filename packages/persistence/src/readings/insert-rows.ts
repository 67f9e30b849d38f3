import type pg from 'pg'
import { transaction } from '../database.js'
import { BINARY_COLUMNS, binaryRows } from './binary-rows.js'
import { copyIn } from './copy-in.js'
import type { WideRows } from './wide-rows.js'

/** Meters and local days (YYYY-MM-DD) whose derived figures a batch changes. */
export interface TouchedDays {
  meterIds: readonly number[]
  days: readonly string[]
}

const NOTED = 'INSERT INTO touched_days (meter_ids, days) SELECT $1::int[], $2::date[] WHERE cardinality($1::int[]) > 0'
const IDS = `WITH noted AS (${NOTED})
  SELECT s.id, d.n::int AS place FROM unnest($3::bytea[]) WITH ORDINALITY AS d (digest, n) JOIN reading_shape s ON s.digest = d.digest`
const COPY = `COPY reading (${BINARY_COLUMNS}) FROM STDIN (FORMAT binary)`

// Every batch takes its rows in one order, here and above, or two batches with the same readings would wait for each other: by time first,
// because COPY gathers a thousand rows and then writes partition after partition. Times come as epoch milliseconds: writing and reading them as
// text would cost more than all other columns together. A shape that is not in the table keeps its rows out.
const SOME_NEW = `
  WITH incoming AS (
    SELECT meter_id, to_timestamp(ms / 1000)::timestamptz(3) AS time, received_ms, shape, measured, occurred, place
    FROM unnest($4::int[], $5::float8[], $6::float8[], $7::int[], $8::text[], $9::text[]) WITH ORDINALITY AS r (meter_id, ms, received_ms, shape, measured, occurred, place)
  ), noted AS (${NOTED}
  ), taken AS (
    INSERT INTO reading (time, received_at, meter_id, shape, values, occurred)
    SELECT i.time, to_timestamp(i.received_ms / 1000), i.meter_id, s.id, i.measured::numeric[],
      CASE WHEN i.occurred IS NOT NULL THEN ARRAY(SELECT to_timestamp(o.ms / 1000) FROM unnest(i.occurred::float8[]) WITH ORDINALITY AS o (ms, n) ORDER BY o.n) END
    FROM incoming i
    JOIN unnest($3::bytea[]) WITH ORDINALITY AS d (digest, n) ON d.n = i.shape
    JOIN reading_shape s ON s.digest = d.digest
    ORDER BY i.time, i.meter_id
    ON CONFLICT (meter_id, time) DO NOTHING
    RETURNING meter_id, time
  )
  SELECT i.place::int - 1 AS place FROM incoming i LEFT JOIN taken t ON t.meter_id = i.meter_id AND t.time = i.time WHERE t.meter_id IS NULL`

const UNIQUE_VIOLATION = '23505'
const MAX_CAREFUL = 256
/** Batches to come that expect keys that exist, and how many they were the last time. */
const caution = new WeakMap<pg.Pool, { left: number; last: number }>()

/**
 * Inserts the first row of every key, in one transaction. Nothing but new rows, which hardly ever meet anything else, are copied; being ready
 * for rows that exist costs the server three times as much, so that is only done after such a batch came, the longer the more often they come.
 * @returns places in `rows.firsts` that were not inserted
 */
export async function insertRows(pool: pg.Pool, rows: WideRows, touched: TouchedDays): Promise<number[]> {
  const noted = [arrayText(touched.meterIds), arrayText(touched.days), rows.shapes.map(({ digest }) => digest)]
  let careful = caution.get(pool)
  if (!careful) caution.set(pool, careful = { left: 0, last: 1 })
  if (careful.left > 0) careful.left -= 1
  else {
    try {
      const copied = await copyAll(pool, rows, noted)
      careful.last = Math.max(1, careful.last >> 1)
      if (copied) return []
    } catch (error) {
      if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error
      careful.left = careful.last = Math.min(MAX_CAREFUL, careful.last * 2)
    }
  }
  const { firsts } = rows
  const { rows: left } = await pool.query<{ place: number }>({ name: 'reading-some-new', text: SOME_NEW, values: [
    ...noted,
    arrayText(firsts.map(rows.meterId)),
    arrayText(firsts.map(rows.time)),
    arrayText(firsts.map(rows.receivedAt)),
    arrayText(firsts.map((row) => rows.shapeIndex(row) + 1)),
    quotedArrayText(firsts.map((row) => {
      const values: string[] = []
      rows.eachValue(row, (value) => values.push(value))
      return arrayText(values)
    })),
    quotedArrayText(firsts.map((row) => {
      const occurred = rows.occurred(row)
      return occurred ? arrayText(occurred.map((at) => at ?? 'NULL')) : null
    })),
  ] })
  return left.map(({ place }) => place)
}

/** All or nothing. The ids of the shapes are asked for each time: after a restore others may stand for what this process knew. @returns false when a shape is not in the table */
function copyAll(pool: pg.Pool, rows: WideRows, noted: readonly unknown[]): Promise<boolean> {
  return transaction(pool, async (client) => {
    const { rows: found } = await client.query<{ id: number; place: number }>({ name: 'reading-shape-ids', text: IDS, values: [...noted] })
    if (found.length < rows.shapes.length) return false
    const ids: number[] = []
    for (const { id, place } of found) ids[place - 1] = id
    await copyIn(client, COPY, binaryRows(rows, rows.firsts, ids))
    return true
  })
}

/** An array as PostgreSQL reads it. For numbers and decimals, which need no quotes; `pg` would look at every character. */
export function arrayText(values: readonly (number | string)[]): string {
  return `{${values.join(',')}}`
}

/** The same for texts without quotes and backslashes in them. */
export function quotedArrayText(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value}"`)).join(',')}}`
}
