import type pg from 'pg'
import type { Group, WideRows } from './wide-rows.js'

/** Meters and local days (YYYY-MM-DD) whose derived figures a batch changes. */
export interface TouchedDays {
  meterIds: readonly number[]
  days: readonly string[]
}

// Every batch takes its rows in one order, or two batches with the same readings would wait for each other. Times come as epoch
// milliseconds: writing and reading them as text would cost more than all other columns together.
const INCOMING = `
  WITH incoming AS (
    SELECT meter_id, to_timestamp(ms / 1000)::timestamptz(3) AS time, shape, measured, occurred, place
    FROM unnest($1::int[], $2::float8[], $3::int[], $4::text[], $5::text[]) WITH ORDINALITY AS r (meter_id, ms, shape, measured, occurred, place)
  ), noted AS (
    INSERT INTO touched_days (meter_ids, days) SELECT $8::int[], $9::date[] WHERE cardinality($8::int[]) > 0
  )`
// A shape that is not in the table keeps its rows out.
const ROWS = `
    INSERT INTO reading (time, received_at, meter_id, shape, values, occurred)
    SELECT i.time, to_timestamp($6::float8 / 1000), i.meter_id, s.id, i.measured::numeric[],
      CASE WHEN i.occurred IS NOT NULL THEN ARRAY(SELECT to_timestamp(o.ms / 1000) FROM unnest(i.occurred::float8[]) WITH ORDINALITY AS o (ms, n) ORDER BY o.n) END
    FROM incoming i
    JOIN unnest($7::bytea[]) WITH ORDINALITY AS d (digest, n) ON d.n = i.shape
    JOIN reading_shape s ON s.digest = d.digest
    ORDER BY i.meter_id, i.time`
const ALL_NEW = INCOMING + ROWS
const SOME_NEW = `${INCOMING}, taken AS (${ROWS}
    ON CONFLICT (meter_id, time) DO NOTHING
    RETURNING meter_id, time
  )
  SELECT i.place::int AS place FROM incoming i LEFT JOIN taken t ON t.meter_id = i.meter_id AND t.time = i.time WHERE t.meter_id IS NULL`

const UNIQUE_VIOLATION = '23505'
const MAX_CAREFUL = 256
/** Batches to come that expect keys that exist, and how many they were the last time. */
const caution = new WeakMap<pg.Pool, { left: number; last: number }>()

/**
 * Inserts the first row of every group, in one statement that is its own transaction: one round trip and one commit for the whole of a
 * batch that brings nothing but new rows. Being ready for rows that exist costs the server seven tenths more, so that is only done after
 * such a batch came, the longer the more often they come.
 * @returns the groups that were not inserted
 */
export async function insertRows(pool: pg.Pool, rows: WideRows, receivedAt: number, touched: TouchedDays): Promise<Group[]> {
  const { groups } = rows
  const firsts = groups.map((group) => group.rows[0] as number)
  const values = [
    arrayText(groups.map(({ meterId }) => meterId)),
    arrayText(groups.map(({ time }) => time)),
    arrayText(firsts.map((row) => rows.shapeIndex(row) + 1)),
    quotedArrayText(firsts.map(rows.valuesText)),
    quotedArrayText(firsts.map(rows.occurredText)),
    receivedAt,
    rows.shapes.map(({ digest }) => digest),
    arrayText(touched.meterIds),
    arrayText(touched.days),
  ]
  let careful = caution.get(pool)
  if (!careful) caution.set(pool, careful = { left: 0, last: 1 })
  if (careful.left > 0) careful.left -= 1
  else {
    try {
      const { rowCount } = await pool.query({ name: 'reading-all-new', text: ALL_NEW, values })
      careful.last = Math.max(1, careful.last >> 1)
      if (rowCount === groups.length) return []
    } catch (error) {
      if ((error as { code?: unknown }).code !== UNIQUE_VIOLATION) throw error
      careful.left = careful.last = Math.min(MAX_CAREFUL, careful.last * 2)
    }
  }
  const { rows: left } = await pool.query<{ place: number }>({ name: 'reading-some-new', text: SOME_NEW, values })
  return left.map(({ place }) => groups[place - 1] as Group)
}

/** An array as PostgreSQL reads it. For numbers and decimals, which need no quotes; `pg` would look at every character. */
export function arrayText(values: readonly (number | string)[]): string {
  return `{${values.join(',')}}`
}

/** The same for texts without quotes and backslashes in them. */
export function quotedArrayText(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${value}"`)).join(',')}}`
}
