import type pg from 'pg'
import { LOCK } from '../locks.js'

export const DAY_MS = 86_400_000
const LOCK_NOT_AVAILABLE = '55P03'
const DEADLOCK = '40P01'

/** A day's partition of `reading`. */
export interface DayTable {
  /** UTC day, YYYY-MM-DD. */
  day: string
  table: string
  /** Its primary key. */
  key: string
  /** Rows and key. */
  bytes: number
  heapBytes: number
  /** Bytes of the rows when they were last put in order; null: never. */
  tidyBytes: number | null
}

/** What became of a day: `busy`: its lock was not to be had, to be tried again; `failed`: the server's reason. */
export interface Skipped { day: string; why: 'busy' | 'failed'; reason: string }

const TABLES = `
  SELECT to_char(to_date(right(c.relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') AS day, c.oid::regclass::text AS "table", k.indexrelid::regclass::text AS key,
    coalesce(pg_total_relation_size(c.oid), 0) AS bytes, coalesce(pg_relation_size(c.oid), 0) AS "heapBytes", t.heap_bytes AS "tidyBytes"
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary
  LEFT JOIN reading_tidy t ON c.relname = 'reading_' || to_char(t.day, 'YYYYMMDD')
  WHERE i.inhparent = 'reading'::regclass AND c.relname ~ '^reading_[0-9]{8}$'
  ORDER BY c.relname`

/** All days that have a table, oldest first. */
export async function dayTables(client: pg.ClientBase): Promise<DayTable[]> {
  return (await client.query<DayTable>(TABLES)).rows
}

/** The UTC day `days` before an instant, YYYY-MM-DD. */
export const dayBefore = (instant: number, days: number): string => new Date((Math.floor(instant / DAY_MS) - days) * DAY_MS).toISOString().slice(0, 10)

/**
 * Runs `work` on a connection that holds the lock of the days' tables. A session's lock and not a transaction's, because VACUUM stands
 * in none; a process that dies loses it with its connection.
 * @returns undefined when another process is at it
 */
export async function withDaysLock<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T | undefined> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    const { rows: [lock] } = await client.query<{ mine: boolean }>('SELECT pg_try_advisory_lock($1) AS mine', [LOCK.closedDays])
    if (!lock?.mine) return undefined
    const result = await work(client)
    await client.query('SELECT pg_advisory_unlock($1)', [LOCK.closedDays])
    return result
  } catch (error) {
    // Closed with its lock, whatever state it is in.
    broken = error as Error
    throw error
  } finally {
    client.release(broken)
  }
}

/**
 * One transaction on a day's table. It gives up after waiting `lockWaitMs` for a lock: while it waits, everybody who comes later waits
 * behind it. @throws when the connection is lost
 */
export async function onDay(client: pg.PoolClient, day: string, lockWaitMs: number, work: () => Promise<void>): Promise<Skipped | undefined> {
  try {
    await client.query('BEGIN')
    await client.query(`SET LOCAL lock_timeout = ${lockWaitMs}`)
    await work()
    await client.query('COMMIT')
    return undefined
  } catch (error) {
    await client.query('ROLLBACK')
    const { code, message } = error as { code?: string; message: string }
    return { day, why: code === LOCK_NOT_AVAILABLE || code === DEADLOCK ? 'busy' : 'failed', reason: message }
  }
}
