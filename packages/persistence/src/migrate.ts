import { createHash, randomUUID } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'

/** Prisma's own advisory lock, so that our runner and Prisma's never migrate at once. */
const PRISMA_LOCK = 72707369

const BOOKKEEPING = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL,
  logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`

export interface MigrationResult {
  applied: string[]
  present: string[]
}

/**
 * Applies what is missing of `prisma/migrations`, each file in a transaction, and keeps `_prisma_migrations` as Prisma does
 * (checksum = SHA-256 of the file), so that `prisma migrate status` agrees. Safe to call from several processes at once.
 * @throws Error when a migration fails, or when an applied file was changed afterwards
 */
export async function migrate(url: string, folder: string): Promise<MigrationResult> {
  const client = new pg.Client({ connectionString: url })
  // A connection that breaks rejects the query in hand; without a listener it would end the process besides.
  client.on('error', () => undefined)
  await client.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [PRISMA_LOCK])
    await client.query(BOOKKEEPING)
    // We hold the lock, so whoever began these was killed and the server rolled its transaction back.
    await client.query('UPDATE _prisma_migrations SET rolled_back_at = now() WHERE finished_at IS NULL AND rolled_back_at IS NULL')
    const rows = await client.query<{ migration_name: string; checksum: string }>('SELECT migration_name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL')
    const known = new Map(rows.rows.map((row) => [row.migration_name, row.checksum]))
    const result: MigrationResult = { applied: [], present: [] }
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort()
    for (const name of names) {
      const sql = await readFile(join(folder, name, 'migration.sql'))
      const checksum = createHash('sha256').update(sql).digest('hex')
      const applied = known.get(name)
      if (applied !== undefined) {
        if (applied !== checksum) throw new Error(`migration ${name} was changed after it had been applied; restore the file and add a new migration`)
        result.present.push(name)
        continue
      }
      await apply(client, name, checksum, sql.toString('utf8'))
      result.applied.push(name)
    }
    return result
  } finally {
    await client.end()
  }
}

async function apply(client: pg.Client, name: string, checksum: string, sql: string): Promise<void> {
  const id = randomUUID()
  await client.query('INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)', [id, checksum, name])
  try {
    await client.query('BEGIN')
    await client.query(sql)
    await client.query('UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1', [id])
    await client.query('COMMIT')
  } catch (error) {
    await client.query('ROLLBACK')
    await client.query('UPDATE _prisma_migrations SET logs = $2, rolled_back_at = now() WHERE id = $1', [id, String(error)])
    throw new Error(`migration ${name} failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
