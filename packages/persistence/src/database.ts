import pg from 'pg'
import { PrismaPg } from '@prisma/adapter-pg'
import { PrismaClient } from './generated/client.js'

export type Prisma = PrismaClient

export interface Database {
  /** For readings, sessions, audit and everything that counts statements. */
  readonly pool: pg.Pool
  /** For metadata: users, terminals, meters, commands. */
  readonly prisma: Prisma
  close(): Promise<void>
}

export interface DatabaseOptions {
  url: string
  /** Connections of this process; the sum over all services stays below the server's max_connections. */
  max?: number
  applicationName?: string
  /** Told of idle connections that break; the pool replaces them by itself. */
  onError?: (error: Error) => void
}

// A count and a sum are far below 2^53 here; numeric stays text, so that no reading passes through a double.
pg.types.setTypeParser(20, Number)

/** Opens the pool lazily: nothing connects until the first statement. */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max ?? 6,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    query_timeout: 30_000,
    idle_in_transaction_session_timeout: 60_000,
    application_name: options.applicationName ?? 'zhuzhan',
  })
  // Without a listener a broken idle connection would end the process.
  pool.on('error', (error) => options.onError?.(error))
  // Nor does the pool listen to a client that somebody holds; its query fails anyway.
  pool.on('connect', (client) => { client.on('error', () => undefined) })
  const prisma = new PrismaClient({ adapter: new PrismaPg(pool) })
  return {
    pool,
    prisma,
    close: async () => {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

/** Runs `work` in one transaction on one connection. */
export function transaction<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return between(pool, 'BEGIN', work)
}

/** Runs `work`, which only reads: all its queries see the database as it was at the first of them. */
export function snapshot<T>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  return between(pool, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY', work)
}

async function between<T>(pool: pg.Pool, begin: string, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect()
  let broken: Error | undefined
  try {
    await client.query(begin)
    const result = await work(client)
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK').catch((rollback: Error) => { broken = rollback })
    throw error
  } finally {
    client.release(broken)
  }
}

/** Waits until the server answers a query. @throws the last error after `timeoutMs` */
export async function waitForDatabase(url: string, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 3_000 })
    client.on('error', () => undefined)
    try {
      await client.connect()
      await client.query('SELECT 1')
      return
    } catch (error) {
      if (Date.now() >= deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 200))
    } finally {
      await client.end().catch(() => undefined)
    }
  }
}
