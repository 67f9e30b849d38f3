import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { withPostgres } from './with-postgres.js'

const db = withPostgres()

async function query(sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: db.url })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[]
  } finally {
    await client.end()
  }
}

test('the database is migrated and reachable with its password only', async () => {
  expect(await query('SELECT count(*)::int AS n FROM _prisma_migrations WHERE finished_at IS NULL')).toEqual([{ n: 0 }])
  expect(await query('SELECT * FROM terminal')).toEqual([])
  const client = new pg.Client({ connectionString: db.url.replace(/:[^:@]+@/, ':wrong@') })
  await expect(client.connect()).rejects.toThrow(/password authentication failed/)
})

test('what was committed survives a crash', async () => {
  await query('CREATE TABLE kept (n int)')
  await query('INSERT INTO kept VALUES (7)')
  await db.kill()
  await expect(query('SELECT 1')).rejects.toThrow(/ECONNREFUSED/)
  await sleep(50)
  await db.restart()
  expect(await query('SELECT n FROM kept')).toEqual([{ n: 7 }])
})
