import { QUALITIES, SOURCES } from '@zhuzhan/contracts'
import type pg from 'pg'
import { transaction } from '../database.js'
import { arrayText, quotedArrayText } from './insert-rows.js'
import type { TouchedDays } from './insert-rows.js'
import { merge } from './merge.js'
import type { Element, Merged } from './merge.js'
import { readShapes, storedShape, unknownShapes } from './shapes.js'
import type { StoredShape } from './shapes.js'

/** Values for a row that is in the table. */
export interface Late {
  meterId: number
  /** Epoch ms. */
  time: number
  elements: readonly Element[]
}

export interface MergeResult {
  stored: number
  conflicts: number
  /** Shapes to be made before the same is tried again; nothing was done. */
  missing: StoredShape[]
  /** Rows that are not in the table. */
  gone: Late[]
}

// Rows are locked in one order. By now every row of the batch exists and is committed: inserting waited for those that were on their
// way, so that nobody waits for an insert while holding one of these locks. Bounds on `time` open the partitions of the batch only.
const LOCK = `
  SELECT i.place::int AS place, r.shape, r.values::text[] AS values, extract(epoch FROM r.received_at)::float8 * 1000 AS "receivedAt",
    ARRAY(SELECT extract(epoch FROM o.at)::float8 * 1000 FROM unnest(r.occurred) WITH ORDINALITY AS o (at, n) ORDER BY o.n) AS occurred,
    ARRAY(SELECT extract(epoch FROM o.at)::float8 * 1000 FROM unnest(r.received) WITH ORDINALITY AS o (at, n) ORDER BY o.n) AS received
  FROM unnest($1::int[], $2::float8[]) WITH ORDINALITY AS i (meter_id, ms, place)
  JOIN reading r ON r.meter_id = i.meter_id AND r.time = to_timestamp(i.ms / 1000)::timestamptz(3)
  WHERE r.time BETWEEN to_timestamp($3::float8 / 1000)::timestamptz(3) AND to_timestamp($4::float8 / 1000)::timestamptz(3)
  ORDER BY r.meter_id, r.time
  FOR UPDATE OF r`

const times = (column: string): string =>
  `CASE WHEN i.${column} IS NOT NULL THEN ARRAY(SELECT to_timestamp(o.ms / 1000) FROM unnest(i.${column}::float8[]) WITH ORDINALITY AS o (ms, n) ORDER BY o.n) END`
const UPDATE = `
  UPDATE reading r SET shape = s.id, values = i.measured::numeric[], received_at = to_timestamp(i.received_ms / 1000), occurred = ${times('occurred')}, received = ${times('received')}
  FROM unnest($1::int[], $2::float8[], $5::bytea[], $6::text[], $7::float8[], $8::text[], $9::text[]) AS i (meter_id, ms, digest, measured, received_ms, occurred, received)
  JOIN reading_shape s ON s.digest = i.digest
  WHERE r.meter_id = i.meter_id AND r.time = to_timestamp(i.ms / 1000)::timestamptz(3)
    AND r.time BETWEEN to_timestamp($3::float8 / 1000)::timestamptz(3) AND to_timestamp($4::float8 / 1000)::timestamptz(3)`

const KEEP_BESIDE = `
  INSERT INTO reading_conflict (meter_id, time, item, value, quality, source, occurred_at, received_at)
  SELECT meter_id, to_timestamp(ms / 1000), item, value, quality, source, to_timestamp(occurred_ms / 1000), to_timestamp(received_ms / 1000)
  FROM unnest($1::int[], $2::float8[], $3::int[], $4::numeric[], $5::reading_quality[], $6::reading_source[], $7::float8[], $8::float8[])
    WITH ORDINALITY AS i (meter_id, ms, item, value, quality, source, occurred_ms, received_ms, place)
  ORDER BY meter_id, ms, item, value, place
  ON CONFLICT (meter_id, time, item, value) DO NOTHING`

interface LockedRow { place: number; shape: number; values: string[]; receivedAt: number; occurred: (number | null)[]; received: number[] }

/** Puts late values into their rows and what contradicts them beside, in one transaction that locks the rows it looks at. */
export function mergeRows(pool: pg.Pool, late: readonly Late[], touched: TouchedDays): Promise<MergeResult> {
  const keys = [arrayText(late.map(({ meterId }) => meterId)), arrayText(late.map(({ time }) => time))]
  const bounds = [late.reduce((least, { time }) => Math.min(least, time), Infinity), late.reduce((most, { time }) => Math.max(most, time), -Infinity)]
  return transaction(pool, async (client) => {
    const { rows: locked } = await client.query<LockedRow>({ name: 'reading-lock', text: LOCK, values: [...keys, ...bounds] })
    const elements = await readElements(client, locked)
    const merged = locked.map((row, n) => ({ to: late[row.place - 1] as Late, ...merge(elements[n] as Map<number, Element>, (late[row.place - 1] as Late).elements) }))
    const changed = merged.filter((one) => one.changed).map(({ to, row }) => ({ to, ...tableRow(row) }))
    const missing = unknownShapes(pool, changed.map(({ shape }) => shape))
    if (missing.length > 0) return { stored: 0, conflicts: 0, missing, gone: [] }
    if (changed.length > 0) await update(client, changed, bounds)
    await keepBeside(client, merged, 'aside')
    const conflicts = await keepBeside(client, merged, 'conflicts')
    if (changed.length > 0 && touched.meterIds.length > 0) await client.query('INSERT INTO touched_days (meter_ids, days) VALUES ($1::int[], $2::date[])', [touched.meterIds, touched.days])
    const found = new Set(locked.map(({ place }) => place - 1))
    return { stored: merged.reduce((sum, { stored }) => sum + stored, 0), conflicts, missing: [], gone: late.filter((_, n) => !found.has(n)) }
  })
}

async function readElements(client: pg.ClientBase, locked: readonly LockedRow[]): Promise<Map<number, Element>[]> {
  const shapes = await readShapes(client, [...new Set(locked.map(({ shape }) => shape))])
  return locked.map(({ shape, values, receivedAt, occurred, received }) => {
    const { item, quality, source } = shapes.get(shape) ?? { item: [], quality: [], source: [] }
    if (item.length !== values.length) throw new Error(`shape ${shape} has ${item.length} items, its row ${values.length} values`)
    return new Map(item.map((oad, n) => [oad, {
      item: oad, value: values[n] as string, quality: quality[n] as number, source: source[n] as number,
      occurredAt: occurred[n] ?? null, receivedAt: received[n] ?? receivedAt,
    }]))
  })
}

interface TableRow { shape: StoredShape; measured: string; receivedAt: number; occurred: string | null; received: string | null }

function tableRow(row: ReadonlyMap<number, Element>): TableRow {
  const elements = [...row.values()].sort((a, b) => a.item - b.item)
  const first = elements.reduce((least, { receivedAt }) => Math.min(least, receivedAt), Infinity)
  return {
    shape: storedShape({ item: elements.map(({ item }) => item), quality: elements.map(({ quality }) => quality), source: elements.map(({ source }) => source) }),
    measured: arrayText(elements.map(({ value }) => value)),
    receivedAt: first,
    occurred: elements.some(({ occurredAt }) => occurredAt !== null) ? arrayText(elements.map(({ occurredAt }) => occurredAt ?? 'NULL')) : null,
    received: elements.some(({ receivedAt }) => receivedAt !== first) ? arrayText(elements.map(({ receivedAt }) => receivedAt)) : null,
  }
}

async function update(client: pg.ClientBase, changed: readonly ({ to: Late } & TableRow)[], bounds: readonly number[]): Promise<void> {
  const { rowCount } = await client.query(UPDATE, [
    arrayText(changed.map(({ to }) => to.meterId)), arrayText(changed.map(({ to }) => to.time)), ...bounds,
    changed.map(({ shape }) => shape.digest), quotedArrayText(changed.map(({ measured }) => measured)), arrayText(changed.map(({ receivedAt }) => receivedAt)),
    quotedArrayText(changed.map(({ occurred }) => occurred)), quotedArrayText(changed.map(({ received }) => received)),
  ])
  // A shape this process knew is not in the table any more, as after a restore. Rolled back, the batch comes again.
  if (rowCount !== changed.length) throw new Error(`${rowCount} of ${changed.length} rows were changed`)
}

async function keepBeside(client: pg.ClientBase, merged: readonly ({ to: Late } & Merged)[], which: 'aside' | 'conflicts'): Promise<number> {
  const beside = merged.flatMap((one) => one[which].map((element) => ({ ...element, to: one.to })))
  if (beside.length === 0) return 0
  const { rowCount } = await client.query(KEEP_BESIDE, [
    arrayText(beside.map(({ to }) => to.meterId)), arrayText(beside.map(({ to }) => to.time)), arrayText(beside.map(({ item }) => item | 0)), arrayText(beside.map(({ value }) => value)),
    arrayText(beside.map(({ quality }) => QUALITIES[quality] as string)), arrayText(beside.map(({ source }) => SOURCES[source] as string)),
    arrayText(beside.map(({ occurredAt }) => occurredAt ?? 'NULL')), arrayText(beside.map(({ receivedAt }) => receivedAt)),
  ])
  return rowCount ?? 0
}
