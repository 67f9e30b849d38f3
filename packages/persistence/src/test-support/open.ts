import { openDatabase } from '../database.js'
import type { Database } from '../database.js'

/** A pool of a test file on its own server. Call at the top of the file, after `withPostgres()`; closed after its tests. */
export function withDatabase(server: { readonly url: string }, max = 6): { readonly pool: Database['pool'] } {
  let database: Database | undefined
  beforeAll(() => { database = openDatabase({ url: server.url, max }) })
  afterAll(() => database?.close())
  return {
    get pool() {
      if (!database) throw new Error('the pool is there inside tests and hooks only')
      return database.pool
    },
  }
}
