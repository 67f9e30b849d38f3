import { withPostgres, withRedis } from '@zhuzhan/testing'
import { Queue } from 'bullmq'
import type { JobsOptions } from 'bullmq'
import { createQueues } from '../create-queues.js'
import type { Queues } from '../create-queues.js'
import { openPostgresBackend } from '../postgres-backend.js'
import type { QueueLog } from '../quiet-log.js'
import { openRedisBackend } from '../redis-backend.js'

/** The server behind the queues, as a test may treat it. */
export interface StoreServer {
  databaseUrl: string
  redisUrl: string | undefined
  kill(): Promise<void>
  restart(): Promise<void>
}

/** Runs the same suite on PostgreSQL and, where its program is found, on Redis. */
export function onBothBackends(suite: (server: () => StoreServer) => void): void {
  describe('on PostgreSQL', () => {
    const postgres = withPostgres()
    suite(() => ({ databaseUrl: postgres.url, redisUrl: undefined, kill: () => postgres.kill(), restart: () => postgres.restart() }))
  })
  describe('on Redis', () => {
    const redis = withRedis()
    if (redis === undefined) {
      test('left out: no Redis server here', () => undefined)
      return
    }
    // No database is asked for when the queues live on Redis; a wrong address proves it.
    suite(() => ({ databaseUrl: 'postgres://nobody@127.0.0.1:1/none', redisUrl: redis.url, kill: () => redis.kill(), restart: () => redis.restart() }))
  })
}

/** What was logged, for tests that look. */
export function memoryLog(): QueueLog & { lines: { level: string; message: string; object: object }[] } {
  const lines: { level: string; message: string; object: object }[] = []
  const at = (level: string) => (object: object, message: string): void => { lines.push({ level, message, object }) }
  return { lines, info: at('info'), warn: at('warn'), error: at('error') }
}

/** Queues that a test file opens and forgets; all are closed after each test. */
export function queuesOf(server: () => StoreServer): (log?: QueueLog) => Promise<Queues> {
  const open: Queues[] = []
  afterEach(async () => { await Promise.all(open.splice(0).map((queues) => queues.close())) }, 30_000)
  return async (log = memoryLog()) => {
    const { databaseUrl, redisUrl } = server()
    const queues = await createQueues({ databaseUrl, redisUrl, log, applicationName: 'conformance' })
    open.push(queues)
    return queues
  }
}

/** Adds a job past the checks of our adding side, as an older or newer program might. */
export async function addUnchecked(server: StoreServer, queue: string, name: string, data: object, options: JobsOptions): Promise<void> {
  const shared = { applicationName: 'other', onError: () => undefined }
  const backend = server.redisUrl === undefined
    ? await openPostgresBackend({ ...shared, url: server.databaseUrl })
    : await openRedisBackend({ ...shared, url: server.redisUrl, onReady: () => undefined })
  const other = new Queue(queue, { connection: backend.producer() }, backend.factory)
  other.on('error', () => undefined)
  try {
    await other.add(name, data, options)
  } finally {
    await other.close()
    await backend.close()
  }
}

/** Resolves when `holds` does; looks every 20 ms. @throws Error after `ms` */
export async function eventually(holds: () => boolean | Promise<boolean>, ms: number, what: string): Promise<number> {
  const start = Date.now()
  while (!(await holds())) {
    if (Date.now() - start > ms) throw new Error(`${what}: not within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return Date.now() - start
}
