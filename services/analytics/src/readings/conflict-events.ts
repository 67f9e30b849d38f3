import type pg from 'pg'
import { oadText } from '@zhuzhan/core'
import { insertEvents } from '@zhuzhan/persistence'

/** Events of one write; the table reading_conflict holds them all. */
const TOLD = 5

const FIND = `SELECT m.address AS meter, m.terminal_address AS terminal, c.item, c.time, c.value::text AS value, r.value::text AS first
  FROM reading_conflict c JOIN meter m ON m.id = c.meter_id JOIN reading_value r USING (meter_id, time, item)
  WHERE c.meter_id = ANY($1::int[]) AND c.time BETWEEN $2 AND $3 AND c.received_at = ANY($4::timestamptz[]) AND r.time BETWEEN $2 AND $3 LIMIT ${TOLD}`

interface Row { meter: string; terminal: string; item: number; time: Date; value: string; first: string }

/** Tells people of values that contradict stored ones. */
export async function tellConflicts(pool: pg.Pool, batch: { meterIds: readonly number[]; from: number; to: number; receivedAt: readonly number[]; count: number }): Promise<void> {
  const { rows } = await pool.query<Row>(FIND, [batch.meterIds, new Date(batch.from), new Date(batch.to), batch.receivedAt.map((at) => new Date(at))])
  await insertEvents(pool, rows.map((row) => ({
    kind: 'reading.conflict',
    severity: 'warning',
    terminal: row.terminal,
    meter: row.meter,
    detail: { item: oadText(row.item), time: row.time.toISOString(), stored: row.first, later: row.value, conflictsInBatch: batch.count },
  })))
}
