import { withPostgres } from '@zhuzhan/testing'
import { createRegistry } from './registry.js'
import type { Registry, RegistryOptions } from './registry.js'
import { withDatabase } from './test-support/open.js'
import { register } from './test-support/rows.js'
import { until } from './test-support/until.js'

const db = withDatabase(() => server)
const server = withPostgres()

let registry: Registry | undefined
const changed: string[] = []

/** A registry whose questions to the database are counted. */
const open = async (more: Partial<RegistryOptions> = {}): Promise<{ registry: Registry; asked: () => number }> => {
  changed.length = 0
  let asked = 0
  const pool = Object.create(db.pool, { query: { value: (text: string, values: unknown[]) => {
    if (/FROM terminal /.test(text)) asked += 1
    return db.pool.query(text, values)
  } } }) as typeof db.pool
  const opened = createRegistry({ pool, url: server.url, onChange: (terminal) => changed.push(terminal), ...more })
  registry = opened
  await until(async () => (await db.pool.query(`SELECT 1 FROM pg_stat_activity WHERE application_name = 'listen zhuzhan_registry' AND state = 'idle'`)).rowCount === 1)
  return { registry: opened, asked: () => asked }
}

beforeEach(async () => { await db.pool.query('TRUNCATE meter, terminal CASCADE') })
afterEach(() => registry?.close())

test('a terminal comes with its meters and the row of its own measurements', async () => {
  const ids = await register(db.pool, '000000000001', ['000000000011', '000000000012'])
  const { registry } = await open()
  const record = await registry.terminal('000000000001')
  expect(record).toMatchObject({ address: '000000000001', securityProfile: 'plain', mode: null, utcOffsetMinutes: 480 })
  expect([...record!.meters.values()].map(({ id, address, kind }) => ({ id, address, kind }))).toEqual([
    { id: ids.get('000000000001'), address: '000000000001', kind: 'terminal' },
    { id: ids.get('000000000011'), address: '000000000011', kind: 'meter' },
    { id: ids.get('000000000012'), address: '000000000012', kind: 'meter' },
  ])
})

test('who wants no meters gets none, and still hears of the terminal', async () => {
  await register(db.pool, '000000000001', ['000000000011'])
  const { registry } = await open({ meters: false })
  expect(await registry.terminal('000000000001')).toMatchObject({ address: '000000000001', utcOffsetMinutes: 480, meters: new Map() })
  await db.pool.query(`UPDATE terminal SET utc_offset_minutes = 360 WHERE address = '000000000001'`)
  await until(() => changed.length === 1)
  expect((await registry.terminal('000000000001'))?.utcOffsetMinutes).toBe(360)
})

test('asks once for many, and again after any change of the terminal or of a meter behind it', async () => {
  await register(db.pool, '000000000001', ['000000000011'])
  await register(db.pool, '000000000002')
  const { registry, asked } = await open()
  await Promise.all(Array.from({ length: 20 }, () => registry.terminal('000000000001')))
  expect(asked()).toBe(1)

  await db.pool.query(`UPDATE meter SET terminal_address = '000000000002' WHERE address = '000000000011'`)
  await until(() => changed.length === 2)
  expect(changed.sort()).toEqual(['000000000001', '000000000002'])
  expect((await registry.terminal('000000000001'))?.meters.size).toBe(1)
  expect((await registry.terminal('000000000002'))?.meters.size).toBe(2)

  await db.pool.query(`UPDATE terminal SET utc_offset_minutes = 360 WHERE address = '000000000001'`)
  await until(() => changed.length === 3)
  expect((await registry.terminal('000000000001'))?.utcOffsetMinutes).toBe(360)
})

test('an unknown address is not asked for again at once, but as soon as it is registered', async () => {
  const { registry, asked } = await open({ unknownMs: 60_000 })
  for (let n = 0; n < 5; n += 1) expect(await registry.terminal('000000000001')).toBeUndefined()
  expect(asked()).toBe(1)
  await register(db.pool, '000000000001')
  await until(() => changed.includes('000000000001'))
  expect(await registry.terminal('000000000001')).toBeDefined()
})

test('an unknown address becomes worth a question after its time', async () => {
  const { registry, asked } = await open({ unknownMs: 10 })
  await registry.terminal('000000000001')
  await new Promise((resolve) => setTimeout(resolve, 30))
  await registry.terminal('000000000001')
  expect(asked()).toBe(2)
})

test('keeps at most so many, and those in use rather than others', async () => {
  for (const address of ['000000000001', '000000000002', '000000000003']) await register(db.pool, address)
  const { registry, asked } = await open({ maxEntries: 2 })
  await registry.terminal('000000000001')
  await registry.terminal('000000000002')
  await registry.terminal('000000000001')
  await registry.terminal('000000000003')
  expect(asked()).toBe(3)
  await registry.terminal('000000000001')
  expect(asked()).toBe(3)
  await registry.terminal('000000000002')
  expect(asked()).toBe(4)
})

test('what changed while notifications were interrupted is seen after they are back', async () => {
  await register(db.pool, '000000000001')
  const { registry } = await open()
  expect((await registry.terminal('000000000001'))?.utcOffsetMinutes).toBe(480)
  await db.pool.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'listen zhuzhan_registry'`)
  await db.pool.query(`UPDATE terminal SET utc_offset_minutes = 360`)
  await until(async () => (await registry.terminal('000000000001'))?.utcOffsetMinutes === 360)
})

test('a failed question is no answer: the next one asks again', async () => {
  await register(db.pool, '000000000001')
  const { registry } = await open()
  await server.kill()
  // The server's children notice a moment later.
  await until(() => db.pool.query('SELECT 1').then(() => false, () => true))
  await expect(registry.terminal('000000000001')).rejects.toThrow()
  await server.restart()
  await until(async () => (await registry.terminal('000000000001').catch(() => undefined)) !== undefined)
})
