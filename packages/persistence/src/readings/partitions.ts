import type pg from 'pg'
import { transaction } from '../database.js'
import { LOCK } from '../locks.js'

const DAY_MS = 86_400_000
/** Days further back or ahead than this keep to the default partition: a wild clock must not create thousands of tables. */
export const PARTITION_PAST_DAYS = 400
export const PARTITION_AHEAD_DAYS = 3

export interface Partitions {
  /** Makes sure each of these instants (epoch ms) has its day's partition, where one is due. Cheap once known. */
  ensure(times: Iterable<number>): Promise<void>
}

export function createPartitions(pool: pg.Pool, now: () => number = Date.now): Partitions {
  const known = new Set<number>()
  return {
    ensure: async (times) => {
      const today = Math.floor(now() / DAY_MS)
      const missing = new Set<number>()
      for (const time of times) {
        const day = Math.floor(time / DAY_MS)
        if (!known.has(day) && day >= today - PARTITION_PAST_DAYS && day <= today + PARTITION_AHEAD_DAYS) missing.add(day)
      }
      for (const day of [...missing].sort((a, b) => a - b)) {
        await create(pool, day)
        known.add(day)
      }
    },
  }
}

/** Rows of that day which already lie in the default partition move over in the same transaction. */
async function create(pool: pg.Pool, day: number): Promise<void> {
  const from = new Date(day * DAY_MS).toISOString()
  const to = new Date((day + 1) * DAY_MS).toISOString()
  const table = `reading_${from.slice(0, 10).replaceAll('-', '')}`
  const exists = await pool.query('SELECT 1 FROM pg_class WHERE relname = $1', [table])
  if (exists.rowCount) return
  await transaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.partitions])
    const again = await client.query('SELECT 1 FROM pg_class WHERE relname = $1', [table])
    if (again.rowCount) return
    await client.query(`CREATE TABLE ${table} (LIKE reading INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING INDEXES)`)
    await client.query('LOCK TABLE reading_default IN ACCESS EXCLUSIVE MODE')
    await client.query(`WITH moved AS (DELETE FROM reading_default WHERE time >= '${from}' AND time < '${to}' RETURNING *) INSERT INTO ${table} SELECT * FROM moved`)
    await client.query(`ALTER TABLE reading ATTACH PARTITION ${table} FOR VALUES FROM ('${from}') TO ('${to}')`)
  })
}
