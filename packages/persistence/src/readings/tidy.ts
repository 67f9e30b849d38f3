import type pg from 'pg'
import { dayBefore, dayTables, onDay, withDaysLock } from './day-tables.js'
import type { DayTable, Skipped } from './day-tables.js'

export interface TidiedDay {
  /** UTC day, YYYY-MM-DD. */
  day: string
  rows: number
  /** Rows and key. */
  bytesBefore: number
  bytesAfter: number
  /** How long its table was locked, and with VACUUM. */
  lockedMs: number
  tookMs: number
}

export interface TidyOptions {
  /** Epoch ms. */
  now: number
  /** A day is closed when it lies this many days back; 1 is yesterday. */
  afterDays: number
  /** No further day is begun after this time. */
  budgetMs?: number
  signal?: AbortSignal
  /** Told after each day. */
  onDay?: (outcome: TidiedDay | Skipped) => void
}

/** Pages with rows that came later, from which on a day is put in order again. */
const GROWN = 1.05
/** Only readers and writers of that day wait behind it. */
const LOCK_WAIT_MS = 2_000
/** The pool's bound is meant for queries people wait for. */
const LONGEST_MS = 3_600_000

/**
 * Rewrites closed days in the order of the key, oldest first, so that a meter's rows lie side by side. Readers and late rows of a day
 * wait while it is rewritten; a process or server that dies in the middle leaves the day as it was. What was done is in `reading_tidy`.
 * @returns the days dealt with; undefined when another process is at it
 */
export function tidyDays(pool: pg.Pool, { now, afterDays, budgetMs = Infinity, signal, onDay: tell }: TidyOptions): Promise<(TidiedDay | Skipped)[] | undefined> {
  const begin = performance.now()
  const last = dayBefore(now, Math.max(1, afterDays))
  return withDaysLock(pool, async (client) => {
    const outcomes: (TidiedDay | Skipped)[] = []
    for (const one of await dayTables(client)) {
      if (one.day > last || one.heapBytes <= GROWN * (one.tidyBytes ?? 0)) continue
      if (signal?.aborted || performance.now() - begin > budgetMs) break
      const outcome = await rewrite(client, one)
      outcomes.push(outcome)
      tell?.(outcome)
    }
    if (outcomes.some((outcome) => !('why' in outcome))) await analyzeParent(client)
    return outcomes
  })
}

const HAS_STATISTICS = "SELECT current_setting('server_version_num')::int AS version, EXISTS (SELECT 1 FROM pg_stats WHERE tablename = 'reading' AND inherited) AS known"

/**
 * Nothing analyzes a partitioned table by itself, and without its figures a join with the shapes is taken for a few rows, which are then
 * sorted on disk. Before PostgreSQL 18 this reads every partition anew, and is done once.
 */
async function analyzeParent(client: pg.PoolClient): Promise<void> {
  const { rows: [state] } = await client.query<{ version: number; known: boolean }>(HAS_STATISTICS)
  if (!state || (state.version < 180_000 && state.known)) return
  await long(client, `ANALYZE ${state.version < 180_000 ? '' : 'ONLY '}reading`)
}

const long = (client: pg.PoolClient, text: string): Promise<pg.QueryResult> => client.query({ text, query_timeout: LONGEST_MS } as pg.QueryConfig)

async function rewrite(client: pg.PoolClient, { day, table, key, bytes }: DayTable): Promise<TidiedDay | Skipped> {
  const begin = performance.now()
  const skipped = await onDay(client, day, LOCK_WAIT_MS, async () => {
    // Taken before anything else and alone: who waits for it waits for nothing that its holder wants.
    await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
    await client.query("SET LOCAL maintenance_work_mem = '256MB'")
    await client.query(`ALTER INDEX ${key} SET (fillfactor = 100)`)
    await long(client, `CLUSTER ${table} USING ${key}`)
  })
  if (skipped) return skipped
  const lockedMs = Math.round(performance.now() - begin)
  await long(client, `VACUUM (ANALYZE) ${table}`)
  // Written last: who is cut off before does the day once more.
  const { rows: [done] } = await client.query<{ rows: number; bytesAfter: number }>(
    `INSERT INTO reading_tidy (day, rows, bytes_before, bytes_after, heap_bytes)
     SELECT $1::date, greatest(reltuples, 0), $2, pg_total_relation_size(oid), pg_relation_size(oid) FROM pg_class WHERE oid = $3::text::regclass
     ON CONFLICT (day) DO UPDATE SET at = now(), rows = excluded.rows, bytes_before = excluded.bytes_before, bytes_after = excluded.bytes_after, heap_bytes = excluded.heap_bytes
     RETURNING rows, bytes_after AS "bytesAfter"`, [day, bytes, table])
  if (!done) throw new Error(`${table} vanished`)
  return { day, rows: done.rows, bytesBefore: bytes, bytesAfter: done.bytesAfter, lockedMs, tookMs: Math.round(performance.now() - begin) }
}
