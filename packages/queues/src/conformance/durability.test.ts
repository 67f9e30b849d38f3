import { metricsText } from '@zhuzhan/telemetry'
import { startPostgres, withRedis } from '@zhuzhan/testing'
import { Redis } from 'ioredis'
import { createQueues } from '../create-queues.js'
import { eventually, memoryLog } from './backends.js'

const durable = async (): Promise<string | undefined> => /^zhuzhan_queue_store_durable (\d)/m.exec(await metricsText())?.[1]

describe('Redis', () => {
  const redis = withRedis()
  if (redis === undefined) {
    test('left out: no Redis server here', () => undefined)
    return
  }
  const configure = async (...pairs: [string, string][]): Promise<void> => {
    const client = new Redis(redis.url)
    for (const [name, value] of pairs) await client.config('SET', name, value)
    await client.quit()
  }
  const open = async () => {
    const log = memoryLog()
    return { log, queues: await createQueues({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', redisUrl: redis.url, log, applicationName: 'durability' }) }
  }
  const faults = (log: ReturnType<typeof memoryLog>): unknown[] => log.lines.filter(({ level }) => level === 'error').map(({ object }) => (object as { fault: string }).fault)

  test('appendfsync always and noeviction: nothing to say', async () => {
    await configure(['maxmemory-policy', 'noeviction'])
    const { log, queues } = await open()
    expect(await durable()).toBe('1')
    expect(faults(log)).toEqual([])
    await queues.close()
  })

  test('appendfsync everysec is a loud error and a metric', async () => {
    await configure(['appendfsync', 'everysec'])
    const { log, queues } = await open()
    expect(await durable()).toBe('0')
    expect(faults(log)).toEqual(['Redis runs with appendfsync everysec instead of always'])
    await queues.close()
  })

  test('a server that comes back with other settings is noticed', async () => {
    await configure(['appendfsync', 'everysec'])
    const { queues } = await open()
    expect(await durable()).toBe('0')
    // The test server starts with appendfsync always.
    await redis.restart()
    await eventually(async () => (await durable()) === '1', 10_000, 'noticing')
    await queues.close()
  }, 20_000)
})

test('PostgreSQL: fsync off is a loud error, synchronous_commit is switched on by us', async () => {
  const postgres = await startPostgres({ settings: { fsync: 'off', synchronous_commit: 'off' } })
  const log = memoryLog()
  const queues = await createQueues({ databaseUrl: postgres.url, log, applicationName: 'durability' })
  expect(log.lines).toEqual([expect.objectContaining({ level: 'error', object: { fault: 'PostgreSQL runs with fsync off' } })])
  expect(await durable()).toBe('0')
  const backend = await (await import('../postgres-backend.js')).openPostgresBackend({ url: postgres.url, applicationName: 'durability', onError: () => undefined })
  const pool = backend.producer() as unknown as { query(sql: string): Promise<{ rows: unknown[] }> }
  expect((await pool.query('SHOW synchronous_commit')).rows).toEqual([{ synchronous_commit: 'on' }])
  // Kept as it comes, not compressed.
  await queues.add('reading.store', { batch: 'A'.repeat(40_000), rows: 1 })
  expect((await pool.query("SELECT pg_column_size(data) > 40000 AS whole FROM job WHERE name = 'reading.store'")).rows).toEqual([{ whole: true }])
  await backend.close()
  await queues.close()
  await postgres.stop()
}, 60_000)

test('a server that never answers is said so', async () => {
  await expect(createQueues({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', log: memoryLog(), applicationName: 'nobody', waitMs: 300 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(createQueues({ databaseUrl: '', redisUrl: 'redis://127.0.0.1:1', log: memoryLog(), applicationName: 'nobody', waitMs: 300 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
