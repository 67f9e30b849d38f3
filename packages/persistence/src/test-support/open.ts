import { openDatabase } from '../database.js'
import type { Database } from '../database.js'

/**
 * A pool on a test's server, opened when first used. Call it BEFORE `withPostgres()`: hooks run in the order they are set, and
 * the pool must be closed before the server stops.
 */
export function withDatabase(server: () => { readonly url: string }, max = 6): { readonly pool: Database['pool'] } {
  let database: Database | undefined
  afterAll(() => database?.close())
  return { get pool() { return (database ??= openDatabase({ url: server().url, max })).pool } }
}
