import type pg from 'pg'
import { QUALITIES, SOURCES } from '@zhuzhan/contracts'
import type { ReadingColumns } from '@zhuzhan/contracts'
import { transaction } from '../database.js'
import type { Partitions } from './partitions.js'

export interface StoreResult {
  stored: number
  /** Rows that were there already with the same value. */
  repeated: number
  /** Rows whose identity exists with another value; kept in reading_conflict. */
  conflicts: number
  /** Addresses without a row in the registry; their rows were not stored and the caller must not lose them. */
  unknownMeters: string[]
}

// Times come as epoch milliseconds: writing and reading them as text would cost more than all other columns together.
const INCOMING = `
  WITH incoming AS (
    SELECT meter_id, to_timestamp(time_ms / 1000) AS time, item, value, quality, source, to_timestamp(occurred_ms / 1000) AS occurred_at, place
    FROM unnest($1::int[], $2::float8[], $3::int[], $4::numeric[], $5::reading_quality[], $6::reading_source[], $7::float8[])
      WITH ORDINALITY AS r (meter_id, time_ms, item, value, quality, source, occurred_ms, place))`

// Every batch takes its rows in one order, or two batches with the same readings would wait for each other. `place`: of a batch
// that contradicts itself the first value counts.
const INSERT = `${INCOMING}
  INSERT INTO reading (meter_id, time, item, value, quality, source, occurred_at, received_at)
  SELECT meter_id, time, item, value, quality, source, occurred_at, $8 FROM incoming ORDER BY meter_id, time, item, place
  ON CONFLICT (meter_id, time, item) DO NOTHING`

// A second statement of the same transaction: it sees rows that other writers committed between, which one statement's snapshot would not.
// $9 and $10 are the batch's first and last time, so that the planner opens its partitions only.
const CONFLICTS = `${INCOMING}
  INSERT INTO reading_conflict (meter_id, time, item, value, quality, source, occurred_at, received_at)
  SELECT i.meter_id, i.time, i.item, i.value, i.quality, i.source, i.occurred_at, $8
  FROM incoming i JOIN reading r USING (meter_id, time, item)
  WHERE r.value <> i.value AND r.time BETWEEN $9 AND $10
  ORDER BY i.meter_id, i.time, i.item, i.value
  ON CONFLICT (meter_id, time, item, value) DO NOTHING`

// A reading that may be an old report sent again (OSP-1 §7.10) makes room for a checked one: its value, if it is another, is kept
// beside as a conflict. Both statements come before CONFLICTS, which then finds the two equal.
const UNCHECKED_ASIDE = `${INCOMING}
  INSERT INTO reading_conflict (meter_id, time, item, value, quality, source, occurred_at, received_at)
  SELECT r.meter_id, r.time, r.item, r.value, r.quality, r.source, r.occurred_at, r.received_at
  FROM incoming i JOIN reading r USING (meter_id, time, item)
  WHERE r.quality = 'replay-unchecked' AND i.quality <> 'replay-unchecked' AND r.value <> i.value AND r.time BETWEEN $9 AND $10 AND $8::timestamptz IS NOT NULL
  ON CONFLICT (meter_id, time, item, value) DO NOTHING`
const UNCHECKED_REPLACED = `${INCOMING}
  UPDATE reading r SET value = i.value, quality = i.quality, source = i.source, occurred_at = i.occurred_at, received_at = $8
  FROM incoming i
  WHERE r.meter_id = i.meter_id AND r.time = i.time AND r.item = i.item AND r.quality = 'replay-unchecked' AND i.quality <> 'replay-unchecked'
    AND r.time BETWEEN $9 AND $10`

/**
 * Stores one batch in one transaction. Redelivery is harmless: the identity meter + time + item is unique, equal rows are
 * counted as repeated, other values for a known identity go to reading_conflict.
 */
export async function storeReadings(pool: pg.Pool, partitions: Partitions, columns: ReadingColumns, meterIds: ReadonlyMap<string, number>): Promise<StoreResult> {
  const ids: number[] = []
  const kept: number[] = []
  const unknown = new Set<string>()
  columns.meter.forEach((index, row) => {
    const address = columns.meters[index] as string
    const id = meterIds.get(address)
    if (id === undefined) unknown.add(address)
    else {
      ids.push(id)
      kept.push(row)
    }
  })
  const result: StoreResult = { stored: 0, repeated: 0, conflicts: 0, unknownMeters: [...unknown] }
  if (kept.length === 0) return result
  const times = kept.map((row) => columns.time[row] as number)
  await partitions.ensure(times)
  const parameters = [
    arrayText(ids),
    arrayText(times),
    arrayText(kept.map((row) => (columns.item[row] as number) | 0)),
    arrayText(kept.map((row) => columns.value[row] as string)),
    arrayText(kept.map((row) => QUALITIES[columns.quality[row] as number] as string)),
    arrayText(kept.map((row) => SOURCES[columns.source[row] as number] as string)),
    arrayText(kept.map((row) => columns.occurredAt[row] ?? 'NULL')),
    new Date(columns.receivedAt),
  ]
  await transaction(pool, async (client) => {
    const inserted = await client.query(INSERT, parameters)
    result.stored = inserted.rowCount ?? 0
    if (result.stored === kept.length) return
    const [first, last] = [times.reduce((a, b) => Math.min(a, b)), times.reduce((a, b) => Math.max(a, b))]
    const bounded = [...parameters, new Date(first), new Date(last)]
    await client.query(UNCHECKED_ASIDE, bounded)
    const replaced = await client.query(UNCHECKED_REPLACED, bounded)
    result.stored += replaced.rowCount ?? 0
    const conflicts = await client.query(CONFLICTS, bounded)
    result.conflicts = conflicts.rowCount ?? 0
    result.repeated = kept.length - result.stored - result.conflicts
  })
  return result
}

/** An array as PostgreSQL reads it. For numbers, decimals and names of enums, which need no quotes; `pg` would look at every character. */
function arrayText(values: readonly (number | string)[]): string {
  return `{${values.join(',')}}`
}
