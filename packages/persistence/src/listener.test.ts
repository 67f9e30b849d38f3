import { withPostgres } from '@zhuzhan/testing'
import { listen } from './listener.js'
import type { Listener } from './listener.js'
import { withDatabase } from './test-support/open.js'
import { until } from './test-support/until.js'

const db = withDatabase(() => server)
const server = withPostgres()

const heard: string[] = []
const errors: Error[] = []
let connected = 0
let listener: Listener | undefined

beforeEach(() => {
  heard.length = 0
  errors.length = 0
  connected = 0
  listener = listen({ url: server.url, channel: 'news of "today"', onNotify: (payload) => heard.push(payload), onConnected: () => { connected += 1 }, onError: (error) => errors.push(error) })
})
afterEach(() => listener?.close())

const tell = (payload: string): Promise<unknown> => db.pool.query(`SELECT pg_notify('news of "today"', $1)`, [payload])
const listening = async (): Promise<number> => (await db.pool.query(`SELECT 1 FROM pg_stat_activity WHERE application_name LIKE 'listen %'`)).rowCount ?? 0

test('hears what is told on its channel', async () => {
  await until(() => connected === 1)
  await tell('one')
  await db.pool.query(`NOTIFY other, 'two'`)
  await tell('')
  await until(() => heard.length === 2)
  expect(heard).toEqual(['one', ''])
})

test('comes back after its connection was cut, and says so', async () => {
  await until(() => connected === 1)
  await db.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'listen %'`)
  await until(() => connected === 2)
  expect(errors).toHaveLength(1)
  await tell('again')
  await until(() => heard.length === 1)
  expect(await listening()).toBe(1)
})

test('comes back after the server was killed', async () => {
  await until(() => connected === 1)
  await server.kill()
  await until(() => errors.length >= 2)
  await server.restart()
  await until(() => connected === 2)
  await tell('again')
  await until(() => heard.length === 1)
})

test('stays away once closed, also when that happens while it connects', async () => {
  await until(() => connected === 1)
  await listener?.close()
  const hasty = listen({ url: server.url, channel: 'x', onNotify: () => undefined, onConnected: () => undefined })
  await hasty.close()
  await until(async () => await listening() === 0)
  expect(errors).toEqual([])
})
