import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { withPostgres } from '@zhuzhan/testing'
import { migrate } from './migrate.js'
import { withDatabase } from './test-support/open.js'

const db = withDatabase(() => server)
const server = withPostgres()

let folder: string
let url: string
let count = 0

const write = async (name: string, sql: string): Promise<void> => {
  await mkdir(join(folder, name), { recursive: true })
  await writeFile(join(folder, name, 'migration.sql'), sql)
}
const query = async (sql: string): Promise<Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}
const book = (): Promise<unknown[]> => query(
  'SELECT migration_name AS name, finished_at IS NOT NULL AS finished, rolled_back_at IS NOT NULL AS rolled_back FROM _prisma_migrations ORDER BY started_at')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zhuzhan-migrations-'))
  const name = `fresh_${(count += 1)}`
  await db.pool.query(`CREATE DATABASE ${name}`)
  url = Object.assign(new URL(server.url), { pathname: `/${name}` }).href
  await write('1_first', 'CREATE TABLE a (n int); INSERT INTO a VALUES (1);')
  await write('2_second', 'CREATE TABLE b (n int);')
  await writeFile(join(folder, 'migration_lock.toml'), '')
})
afterEach(() => rm(folder, { recursive: true }))

test('applies what is missing, in order of the names, and nothing twice', async () => {
  expect(await migrate(url, folder)).toEqual({ applied: ['1_first', '2_second'], present: [] })
  await write('3_third', 'INSERT INTO a VALUES (3);')
  expect(await migrate(url, folder)).toEqual({ applied: ['3_third'], present: ['1_first', '2_second'] })
  expect(await migrate(url, folder)).toEqual({ applied: [], present: ['1_first', '2_second', '3_third'] })
  expect(await query('SELECT n FROM a ORDER BY n')).toEqual([{ n: 1 }, { n: 3 }])
})

test('several processes at once apply each file once', async () => {
  const results = await Promise.all(Array.from({ length: 5 }, () => migrate(url, folder)))
  expect(results.flatMap((result) => result.applied).sort()).toEqual(['1_first', '2_second'])
  expect(await query('SELECT n FROM a')).toEqual([{ n: 1 }])
})

test('refuses a file that was changed after it had been applied', async () => {
  await migrate(url, folder)
  await write('1_first', 'CREATE TABLE a (n int); INSERT INTO a VALUES (2);')
  await expect(migrate(url, folder)).rejects.toThrow('migration 1_first was changed after it had been applied')
})

test('a failing file leaves nothing of itself, keeps what came before, and can be mended', async () => {
  await write('2_second', 'CREATE TABLE b (n int); INSERT INTO b VALUES (1); SELECT * FROM nowhere;')
  await write('3_third', 'CREATE TABLE c (n int);')
  await expect(migrate(url, folder)).rejects.toThrow('migration 2_second failed: relation "nowhere" does not exist')
  expect(await query(`SELECT relname FROM pg_class WHERE relname IN ('a', 'b', 'c')`)).toEqual([{ relname: 'a' }])
  await write('2_second', 'CREATE TABLE b (n int);')
  expect((await migrate(url, folder)).applied).toEqual(['2_second', '3_third'])
})

test('a run that was killed half-way is made good, and the book says so', async () => {
  await migrate(url, folder)
  // What the book of a process killed within the third file looks like: begun, never ended.
  await query(`INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ('x', 'y', '3_third')`)
  await write('3_third', 'CREATE TABLE c (n int);')
  expect((await migrate(url, folder)).applied).toEqual(['3_third'])
  expect(await book()).toEqual([
    { name: '1_first', finished: true, rolled_back: false },
    { name: '2_second', finished: true, rolled_back: false },
    { name: '3_third', finished: false, rolled_back: true },
    { name: '3_third', finished: true, rolled_back: false },
  ])
})
