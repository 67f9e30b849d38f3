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

// Every batch takes its rows in one order, or two batches with the same readings would wait for each other. `place`: of a batch
// that contradicts itself the first value counts.
const INSERT = `
  WITH incoming AS (
    SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::int[], $4::numeric[], $5::reading_quality[], $6::reading_source[], $7::timestamptz[])
      WITH ORDINALITY AS r (meter_id, time, item, value, quality, source, occurred_at, place))
  INSERT INTO reading (meter_id, time, item, value, quality, source, occurred_at, received_at)
  SELECT meter_id, time, item, value, quality, source, occurred_at, $8 FROM incoming ORDER BY meter_id, time, item, place
  ON CONFLICT (meter_id, time, item) DO NOTHING`

// A second statement of the same transaction: it sees rows that other writers committed between, which one statement's snapshot would not.
const CONFLICTS = `
  WITH incoming AS (
    SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::int[], $4::numeric[], $5::reading_quality[], $6::reading_source[], $7::timestamptz[])
      AS r (meter_id, time, item, value, quality, source, occurred_at))
  INSERT INTO reading_conflict (meter_id, time, item, value, quality, source, occurred_at, received_at)
  SELECT i.meter_id, i.time, i.item, i.value, i.quality, i.source, i.occurred_at, $8
  FROM incoming i JOIN reading r USING (meter_id, time, item)
  WHERE r.value <> i.value
  ORDER BY i.meter_id, i.time, i.item, i.value
  ON CONFLICT (meter_id, time, item, value) DO NOTHING`

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
    ids,
    times.map((time) => new Date(time)),
    kept.map((row) => (columns.item[row] as number) | 0),
    kept.map((row) => columns.value[row]),
    kept.map((row) => QUALITIES[columns.quality[row] as number]),
    kept.map((row) => SOURCES[columns.source[row] as number]),
    kept.map((row) => { const at = columns.occurredAt[row]; return at == null ? null : new Date(at) }),
    new Date(columns.receivedAt),
  ]
  await transaction(pool, async (client) => {
    const inserted = await client.query(INSERT, parameters)
    result.stored = inserted.rowCount ?? 0
    if (result.stored === kept.length) return
    const conflicts = await client.query(CONFLICTS, parameters)
    result.conflicts = conflicts.rowCount ?? 0
    result.repeated = kept.length - result.stored - result.conflicts
  })
  return result
}
