import { createRedisBackend } from 'bullmq'
import type { ConnectionOptions } from 'bullmq'
import { Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'
import type { Backend } from './backend.js'

export interface RedisBackendOptions {
  url: string
  applicationName: string
  onError(error: Error): void
  /** Told after every reconnection: the server may be another one, with other settings. */
  onReady(backend: Backend): void
}

const COMMAND_TIMEOUT_MS = 10_000
const RECONNECT_MS = 500

/** BullMQ on Redis, with one connection for producers and one for workers. The server must answer: wait for it first. */
export async function openRedisBackend({ url, applicationName, onError, onReady }: RedisBackendOptions): Promise<Backend> {
  const connect = (purpose: string, options: RedisOptions): Redis => {
    const redis = new Redis(url, { ...options, connectionName: `${applicationName}-${purpose}`, keepAlive: 10_000, retryStrategy: () => RECONNECT_MS })
    redis.setMaxListeners(0)
    redis.on('error', onError)
    return redis
  }
  // A producer must hear at once that the server is away: ioredis' own queue would take the batch into memory and say nothing.
  const producer = connect('queue', { enableOfflineQueue: false, maxRetriesPerRequest: 0, autoResendUnfulfilledCommands: false, commandTimeout: COMMAND_TIMEOUT_MS, lazyConnect: true })
  await producer.connect()
  let consumer: Redis | undefined
  const backend: Backend = {
    kind: 'redis',
    factory: createRedisBackend,
    producer: () => producer as unknown as ConnectionOptions,
    connected: () => producer.status === 'ready',
    consumer: () => (consumer ??= connect('worker', { maxRetriesPerRequest: null })) as unknown as ConnectionOptions,
    durabilityFaults: () => durabilityFaults(producer),
    close: async () => {
      await Promise.all([producer, consumer].map(async (redis) => { await redis?.quit().catch(() => redis.disconnect()) }))
    },
  }
  producer.on('ready', () => onReady(backend))
  return backend
}

const WANTED = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' }

async function durabilityFaults(redis: Redis): Promise<string[]> {
  const faults: string[] = []
  for (const [name, wanted] of Object.entries(WANTED)) {
    let value: string | undefined
    try {
      value = ((await redis.config('GET', name)) as string[])[1]
    } catch (error) {
      // Hosted servers often forbid CONFIG; only their operator can then say what a confirmation is worth.
      if (redis.status !== 'ready') throw error
      return [`Redis does not tell its settings; make sure that ${Object.entries(WANTED).map((pair) => pair.join(' ')).join(', ')} hold`]
    }
    if (value !== wanted) faults.push(`Redis runs with ${name} ${value ?? 'unset'} instead of ${wanted}`)
  }
  return faults
}
