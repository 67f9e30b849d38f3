import { withPostgres } from '@zhuzhan/testing'
import type { TestPostgres, TestPostgresOptions } from '@zhuzhan/testing'
import { openDatabase } from '../database.js'
import type { Database } from '../database.js'

/** A server of the test file's own and a pool on it, closed before the server stops. Call at the top of the file. */
export function withDatabase({ max = 6, ...options }: TestPostgresOptions & { max?: number } = {}): { readonly server: TestPostgres; readonly pool: Database['pool'] } {
  let database: Database | undefined
  // Hooks run in the order they are set: the pool's end stands before the server's.
  afterAll(() => database?.close(), 30_000)
  const server = withPostgres(options)
  return {
    server,
    get pool() { return (database ??= openDatabase({ url: server.url, max })).pool },
  }
}
