import { openDatabase } from '@zhuzhan/persistence'
import type { Database } from '@zhuzhan/persistence'
import { createLogger } from '@zhuzhan/service-kit'
import { withPostgres } from '@zhuzhan/testing'
import { ensureFirstAdmin } from './first-admin.js'
import { createPasswords } from './passwords.js'

const postgres = withPostgres()
const passwords = createPasswords({ cost: { N: 1_024, r: 8, p: 1 } })
const lines: string[] = []
const log = createLogger({ service: 'test', level: 'info', destination: { write: (line: string) => { lines.push(line) } } })
let database: Database

beforeAll(() => { database = openDatabase({ url: postgres.url }) })
afterAll(() => database.close())
beforeEach(() => database.pool.query('DELETE FROM app_user'))

const users = async () => (await database.pool.query<{ username: string; roles: string[] }>('SELECT username, roles FROM app_user')).rows
const ensure = (password: string | undefined, production = false, username = 'admin') => ensureFirstAdmin(database.pool, passwords, { username, password, production }, log)

test('in a laboratory the first administrator holds every role, in production his own only', async () => {
  await ensure('a password 1')
  expect(await users()).toEqual([{ username: 'admin', roles: ['viewer', 'operator', 'dispatcher', 'approver', 'admin'] }])
  await database.pool.query('DELETE FROM app_user')
  await ensure('a password 1', true)
  expect(await users()).toEqual([{ username: 'admin', roles: ['admin'] }])
  expect(lines.join()).not.toContain('a password 1')
})

test('of replicas that start together one creates him; a later start with another password changes nothing', async () => {
  await Promise.all(Array.from({ length: 5 }, (_, i) => ensure('a password 1', false, `admin-${i}`)))
  const first = await users()
  expect(first).toHaveLength(1)
  await ensure('another one 2', false, 'other')
  expect(await users()).toEqual(first)
})

test('without a password nobody is created, and the log says why', async () => {
  await ensure(undefined)
  expect(await users()).toEqual([])
  expect(lines.join()).toContain('ZHUZHAN_ADMIN_PASSWORD')
})
