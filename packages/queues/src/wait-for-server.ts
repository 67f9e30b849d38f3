import { HesError, errorText } from '@zhuzhan/core'
import { Redis } from 'ioredis'
import pg from 'pg'

const RETRY_MS = 200

/**
 * Waits with a plain client until the server answers. No BullMQ object may be made before: one whose first connection
 * fails on PostgreSQL stays dead (queue facts §2).
 * @throws HesError UNAVAILABLE after `timeoutMs`
 */
export async function waitForServer(server: { databaseUrl: string; redisUrl?: string | undefined }, timeoutMs: number): Promise<void> {
  const ask = server.redisUrl === undefined ? askPostgres : askRedis
  const url = server.redisUrl ?? server.databaseUrl
  const deadline = Date.now() + timeoutMs
  for (;;) {
    try {
      return await ask(url)
    } catch (error) {
      if (Date.now() >= deadline) throw new HesError('UNAVAILABLE', `The server of the queues does not answer: ${errorText(error)}`, {}, { cause: error })
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
}

async function askPostgres(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000, query_timeout: 3_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('SELECT 1')
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function askRedis(url: string): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: 3_000, commandTimeout: 3_000, retryStrategy: () => null })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    await redis.ping()
  } finally {
    redis.disconnect()
  }
}
