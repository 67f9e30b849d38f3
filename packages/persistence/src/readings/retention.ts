import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { dayBefore, dayTables, onDay, withDaysLock } from './day-tables.js'
import type { DayTable, Skipped } from './day-tables.js'

export interface DroppedDay { day: string; rows: number; bytes: number }

export interface RetentionOptions {
  /** Epoch ms. */
  now: number
  /** Days that are kept; 0: all of them. */
  keepDays: number
  /** Days younger than this are never touched, whatever `keepDays` says. */
  closedAfterDays: number
  signal?: AbortSignal
}

export interface Dropped {
  days: DroppedDay[]
  skipped: Skipped[]
  /** Rows outside of days' tables, and later different values. */
  single: { rows: number; conflicts: number }
}

const ACTOR = 'analytics'
/** Dropping a table locks `reading` itself: all who store wait behind it. */
const LOCK_WAIT_MS = 250

/**
 * Drops readings that are older than what is kept: whole days' tables, then what is that old in the default partition and in
 * `reading_conflict`. Each act stands in one transaction with its audit entry. Age is counted from the last day that has readings, so
 * that a clock which runs far ahead, or a station that stood still for long, loses nothing.
 * @returns undefined when all is kept, or another process is at it
 */
export async function dropOldReadings(pool: pg.Pool, { now, keepDays, closedAfterDays, signal }: RetentionOptions): Promise<Dropped | undefined> {
  if (keepDays <= 0) return undefined
  return withDaysLock(pool, async (client) => {
    const dropped: Dropped = { days: [], skipped: [], single: { rows: 0, conflicts: 0 } }
    const tables = await dayTables(client)
    const today = dayBefore(now, 0)
    const newest = tables.findLast(({ day, heapBytes }) => day <= today && heapBytes > 0)
    if (!newest) return dropped
    const oldestKept = dayBefore(Date.parse(newest.day), Math.max(keepDays, closedAfterDays, 1) - 1)
    for (const one of tables) {
      if (one.day >= oldestKept) break
      if (signal?.aborted) return dropped
      const outcome = await dropDay(client, one, keepDays)
      if ('why' in outcome) dropped.skipped.push(outcome)
      else dropped.days.push(outcome)
    }
    await dropSingle(client, oldestKept, keepDays, dropped)
    return dropped
  })
}

async function dropDay(client: pg.PoolClient, { day, table, bytes }: DayTable, keepDays: number): Promise<DroppedDay | Skipped> {
  const result: DroppedDay = { day, rows: 0, bytes }
  const skipped = await onDay(client, day, LOCK_WAIT_MS, async () => {
    result.rows = (await client.query<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)).rows[0]?.n ?? 0
    await client.query(`DROP TABLE ${table}`)
    await client.query('DELETE FROM reading_tidy WHERE day = $1::date', [day])
    await appendAuditIn(client, [{ actor: ACTOR, action: 'reading.drop', object: `reading/${day}`, outcome: 'ok', detail: { rows: result.rows, bytes, keepDays } }])
  })
  return skipped ?? result
}

async function dropSingle(client: pg.PoolClient, oldestKept: string, keepDays: number, dropped: Dropped): Promise<void> {
  const before = new Date(Date.parse(oldestKept)).toISOString()
  const skipped = await onDay(client, `before ${oldestKept}`, LOCK_WAIT_MS, async () => {
    const rows = (await client.query('DELETE FROM reading_default WHERE time < $1', [before])).rowCount ?? 0
    const conflicts = (await client.query('DELETE FROM reading_conflict WHERE time < $1', [before])).rowCount ?? 0
    if (rows + conflicts === 0) return
    dropped.single = { rows, conflicts }
    await appendAuditIn(client, [{ actor: ACTOR, action: 'reading.drop', object: `reading/before ${oldestKept}`, outcome: 'ok', detail: { rows, conflicts, keepDays } }])
  })
  if (skipped) {
    dropped.single = { rows: 0, conflicts: 0 }
    dropped.skipped.push(skipped)
  }
}
