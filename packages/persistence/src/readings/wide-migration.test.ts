import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { withPostgres } from '@zhuzhan/testing'
import { toColumns } from '@zhuzhan/contracts'
import { openDatabase } from '../database.js'
import { migrate } from '../migrate.js'
import { createPartitions } from './partitions.js'
import { storeReadings } from './store.js'

const server = withPostgres()
const MIGRATIONS = fileURLToPath(new URL('../../../../prisma/migrations', import.meta.url))
const WIDE = '20261123001300_wide_readings'

const NARROW = `
  CREATE TABLE reading_20261005 PARTITION OF reading FOR VALUES FROM ('2026-10-05T00:00:00Z') TO ('2026-10-06T00:00:00Z');
  INSERT INTO reading VALUES
    (1, '2026-10-05T00:15:00Z', 1049089, '1234.50', 'measured', 'report', NULL, '2026-10-05T00:16:00Z'),
    (1, '2026-10-05T00:15:00Z', -267386879, '7', 'measured', 'report', NULL, '2026-10-05T00:16:00Z'),
    (1, '2026-10-05T00:15:00Z', 269484545, '3.2100', 'terminal', 'poll', '2026-10-04T10:30:00Z', '2026-10-05T03:00:00Z'),
    (2, '2026-10-05T00:15:00Z', 1049089, '18446744073709551615.0001', 'measured', 'report', NULL, '2026-10-05T00:16:00Z'),
    (2, '2026-10-05T00:30:00Z', 1049089, '-0.10', 'replay-unchecked', 'report', NULL, '2026-10-05T00:31:00Z'),
    (3, '1999-01-01T00:00:00Z', 1049089, '5', 'measured', 'import', NULL, '2026-10-05T00:16:00Z');`
const READ = 'SELECT meter_id, time, item, value::text AS value, quality, source, occurred_at, received_at FROM'
const ORDER = 'ORDER BY meter_id, time, item'

test('readings stored one by one become rows and come back as they were, each in the table of its day', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'migrations-'))
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  await admin.query('CREATE DATABASE narrow')
  await admin.end()
  const url = new URL(server.url)
  url.pathname = '/narrow'
  const database = openDatabase({ url: url.href, max: 2 })
  const rows = async (sql: string): Promise<unknown[]> => (await database.pool.query(sql)).rows as unknown[]
  try {
    for (const name of readdirSync(MIGRATIONS)) if (name < WIDE) cpSync(join(MIGRATIONS, name), join(folder, name), { recursive: true })
    await migrate(url.href, folder)
    await database.pool.query(NARROW)
    const before = await rows(`${READ} reading ${ORDER}`)
    await migrate(url.href, MIGRATIONS)

    expect(await rows(`${READ} reading_value ${ORDER}`)).toEqual(before)
    expect(await rows('SELECT tableoid::regclass::text AS name, count(*)::int AS n FROM reading GROUP BY 1 ORDER BY 1')).toEqual([{ name: 'reading_20261005', n: 3 }, { name: 'reading_default', n: 1 }])
    expect(await rows("SELECT nspname FROM pg_namespace WHERE nspname = 'reading_narrow'")).toEqual([])

    // A report of before, delivered again after, finds its value and the shape that the migration made.
    const again = toColumns([{ meter: '000000000001', item: 0x00100201, time: Date.UTC(2026, 9, 5, 0, 30), value: '-0.1', quality: 'replay-unchecked', source: 'report' }], Date.UTC(2026, 9, 6))
    const shapes = await rows('SELECT count(*)::int AS n FROM reading_shape')
    expect(await storeReadings(database.pool, createPartitions(database.pool), [again], new Map([['000000000001', 2]]))).toMatchObject({ stored: 0, repeated: 1, conflicts: 0 })
    expect(await rows('SELECT count(*)::int AS n FROM reading_shape')).toEqual(shapes)
  } finally {
    await database.close()
    rmSync(folder, { recursive: true, force: true })
  }
}, 60_000)
