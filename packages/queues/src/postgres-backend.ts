import { createPostgresBackend, runMigrations } from 'bullmq'
import type { ConnectionOptions } from 'bullmq'
import pg from 'pg'
import type { Backend } from './backend.js'
import { WORKER_OPTIONS } from './settings.js'

export interface PostgresBackendOptions {
  url: string
  applicationName: string
  /** Idle connections that broke; the pool replaces them by itself. */
  onError(error: Error): void
}

/** Statements of the queue are short; one that takes longer hangs on a dead connection. */
const STATEMENT_TIMEOUT_MS = 15_000
const BASE_CONNECTIONS = 4

// Data of a job, most of it readings packed already, is kept as it comes: compressing it cost the server as much again as taking it
// (docs/performance.md). Only where it is not so yet: the change locks the table.
const AS_IT_COMES = `DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = 'bullmq.job'::regclass AND attname = 'data' AND attstorage <> 'e') THEN
    ALTER TABLE bullmq.job ALTER COLUMN data SET STORAGE EXTERNAL;
  END IF;
END $$`

// No lock is taken, and no look for stalled jobs is done, for longer than this from now; twice that is certainly another clock's.
// A lock is shortened, not broken: its worker, if it lives, extends it again.
const REDATE_LOCKS = `UPDATE job SET locked_until_ms = $2::bigint + ${WORKER_OPTIONS.lockDuration}
  WHERE queue = $1 AND state = 'active' AND locked_until_ms > $2::bigint + ${2 * WORKER_OPTIONS.lockDuration}`
const REDATE_LOOKS = `UPDATE meta SET value = $2::bigint::text
  WHERE queue = $1 AND field = 'stalled-check' AND value::bigint > $2::bigint + ${2 * WORKER_OPTIONS.stalledInterval}`

/** BullMQ in schema `bullmq` of the station's database. The server must answer: wait for it first. */
export async function openPostgresBackend({ url, applicationName, onError }: PostgresBackendOptions): Promise<Backend> {
  // Given a pool of ours BullMQ neither sets the search path nor migrates (queue facts §2).
  // synchronous_commit is forced: the default of a server tuned for speed would confirm what a power cut takes back.
  const pool = new pg.Pool({
    connectionString: url,
    options: `-c search_path=bullmq -c synchronous_commit=on -c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
    max: BASE_CONNECTIONS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 5_000,
    query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
    application_name: `${applicationName}-queue`,
  })
  // Every BullMQ object adds its own listener.
  pool.setMaxListeners(0)
  pool.on('error', onError)
  // A client in somebody's hands has no listener of the pool: the loss of its connection would end the process. The query fails anyway.
  pool.on('connect', (client) => { client.on('error', () => undefined) })
  try {
    const client = await pool.connect()
    try {
      await runMigrations(client)
      await client.query(AS_IT_COMES)
    } finally {
      client.release()
    }
  } catch (error) {
    await pool.end()
    throw error
  }
  const connection = pool as unknown as ConnectionOptions
  return {
    kind: 'postgres',
    factory: createPostgresBackend as unknown as Backend['factory'],
    producer: () => connection,
    // The pool connects when asked, and fails at once.
    connected: () => true,
    consumer: () => {
      // A worker keeps one client of the pool to LISTEN: without one more the last free client would go.
      pool.options.max += 1
      return connection
    },
    durabilityFaults: async () => {
      const { rows } = await pool.query<{ fsync: string }>("SELECT current_setting('fsync') AS fsync")
      return rows[0]?.fsync === 'on' ? [] : ['PostgreSQL runs with fsync off']
    },
    redate: async (queue, nowMs) => {
      const locks = await pool.query(REDATE_LOCKS, [queue, nowMs])
      const looks = await pool.query(REDATE_LOOKS, [queue, nowMs])
      return (locks.rowCount ?? 0) + (looks.rowCount ?? 0)
    },
    close: () => pool.end(),
  }
}
