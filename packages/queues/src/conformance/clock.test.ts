import { randomUUID } from 'node:crypto'
import { systemClock } from '@zhuzhan/core'
import { QUEUES } from '@zhuzhan/contracts'
import pg from 'pg'
import { watchMisdatedJobs } from '../misdated-jobs.js'
import { openPostgresBackend } from '../postgres-backend.js'
import { createProducer } from '../producer.js'
import type { Producer } from '../producer.js'
import { openRedisBackend } from '../redis-backend.js'
import { keepScheduled } from '../scheduler.js'
import { eventually, memoryLog, onBothBackends, queuesOf } from './backends.js'

const refuse = async (): Promise<void> => { throw new Error('nothing is refused here') }
const HOUR_MS = 3_600_000

/** What runs inside sees a clock that is an hour ahead. */
async function anHourAhead(work: () => Promise<void>): Promise<void> {
  const real = Date.now
  Date.now = () => real() + HOUR_MS
  try {
    await work()
  } finally {
    Date.now = real
  }
}

onBothBackends((server) => {
  const openQueues = queuesOf(server)
  const log = memoryLog()
  const endings: (() => Promise<void>)[] = []
  afterEach(async () => { for (const end of endings.splice(0)) await end() })

  /** A producer and a watch with less patience than the station's. */
  const watch = async (): Promise<Producer> => {
    const { redisUrl, databaseUrl } = server()
    const shared = { applicationName: 'watch', onError: () => undefined }
    const backend = redisUrl === undefined ? await openPostgresBackend({ ...shared, url: databaseUrl }) : await openRedisBackend({ ...shared, url: redisUrl, onReady: () => undefined })
    const producer = createProducer(backend, log)
    const { end } = watchMisdatedJobs({ backend, producer, log, clock: systemClock, everyMs: 100, patienceMs: 300 }, 'commands')
    endings.push(async () => {
      end()
      await producer.close()
      await backend.close()
    })
    return producer
  }

  // Mutation: no job.promote(); then the second try comes after an hour.
  test('a job that failed while the clock was an hour ahead is tried again when it is right', async () => {
    const queues = await openQueues()
    let tries = 0
    await anHourAhead(async () => {
      await queues.worker('commands', { 'command.deliver': async () => { if (++tries === 1) throw new Error('not now') } }, { concurrency: 1, refuse }).ready()
      await queues.add('command.deliver', { commandId: randomUUID() })
      await eventually(async () => tries === 1 && (await queues.depth('commands')).delayed === 1, 10_000, 'the first try')
    })
    await watch()
    // Workers look for delayed jobs every ten seconds at the latest.
    await eventually(() => tries === 2, 12_000, 'the second try')
    expect(log.lines.map(({ message }) => message).join()).toContain('was a clock wrong?')
  }, 30_000)

  // Mutation: no removeJobScheduler; the next tick then comes after an hour, however often the scheduler is set.
  test('a schedule goes on when the clock that was an hour ahead is right again', async () => {
    const queues = await openQueues()
    const producer = await watch()
    let ticks = 0
    await queues.worker('collection', { 'collection.tick': async () => { ticks += 1 }, 'collection.terminal': async () => undefined }, { concurrency: 1, refuse }).ready()
    let end = (): void => undefined
    await anHourAhead(async () => {
      const scheduler = keepScheduled({ producer, log, clock: systemClock, watchMs: 200 }, 'collection', 'plan', { every: 300 }, 'collection.tick', { planId: 'x' })
      end = scheduler.end
      await scheduler.ready()
      await eventually(() => ticks > 1, 10_000, 'the rhythm')
    })
    const before = ticks
    await eventually(() => ticks > before + 2, 15_000, 'the rhythm goes on')
    end()
  }, 40_000)

  // Mutation: no redate in postgres-backend.ts. Redis counts locks down by itself: nothing of a client's clock is in them.
  test('locks and the look for stalled jobs are brought back to the near future', async () => {
    const { redisUrl, databaseUrl } = server()
    if (redisUrl !== undefined) return
    const queues = await openQueues()
    await queues.add('command.deliver', { commandId: randomUUID() })
    const client = new pg.Client({ connectionString: databaseUrl })
    await client.connect()
    const until = Date.now() + HOUR_MS
    await client.query("UPDATE bullmq.job SET state = 'active', lock_token = 'dead', locked_until_ms = $2 WHERE queue = $1", [QUEUES.commands, until])
    await client.query("INSERT INTO bullmq.meta (queue, field, value) VALUES ($1, 'stalled-check', $2) ON CONFLICT (queue, field) DO UPDATE SET value = EXCLUDED.value", [QUEUES.commands, String(until)])
    await watch()
    const dates = async (): Promise<number[]> => (await client.query<{ at: string }>(
      "SELECT locked_until_ms::text AS at FROM bullmq.job WHERE queue = $1 AND state = 'active' UNION ALL SELECT value FROM bullmq.meta WHERE queue = $1 AND field = 'stalled-check'", [QUEUES.commands])).rows.map(({ at }) => Number(at))
    try {
      await eventually(async () => (await dates()).every((at) => at < Date.now() + 20_000), 5_000, 'dates near now')
      expect(await dates()).toHaveLength(2)
    } finally {
      await client.end()
    }
  }, 20_000)
})
