import type pg from 'pg'
import type { StationEvent } from '@zhuzhan/contracts'
import { storableJson } from './storable.js'

/** Writes what the live feed shows. Events inform; nothing is decided from them, so a lost one is no fault. */
export interface EventLog {
  publish(...events: StationEvent[]): Promise<void>
}

export function createEventLog(pool: pg.Pool): EventLog {
  return { publish: (...events) => insertEvents(pool, events) }
}

export async function insertEvents(client: pg.Pool | pg.PoolClient, events: readonly StationEvent[]): Promise<void> {
  if (events.length === 0) return
  await client.query(
    `INSERT INTO event (kind, severity, terminal, meter, code, detail)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[])`,
    [
      events.map((event) => event.kind), events.map((event) => event.severity ?? 'info'), events.map((event) => event.terminal ?? null),
      events.map((event) => event.meter ?? null), events.map((event) => event.code ?? null), events.map((event) => storableJson(event.detail ?? {})),
    ],
  )
}
