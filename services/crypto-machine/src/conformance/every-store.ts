import { withPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { freshMemory, freshPostgres } from './fresh-store.js'
import type { FreshData } from './fresh-store.js'
import { testEngine } from './rig.js'

/** A conformance suite that runs on any store. */
export type StoreSuite = (name: string, fresh: FreshData) => void

/**
 * The suites in memory and on a real database.
 * @param more what only the database can show, on the same database after the suites
 */
export function onEveryStore(suites: readonly StoreSuite[], more?: (pool: () => pg.Pool) => void): void {
  afterAll(() => testEngine().close())
  for (const suite of suites) suite('in memory', freshMemory)

  describe('with a real database', () => {
    const db = withPostgres()
    let pool: pg.Pool | undefined
    const open = (): pg.Pool => {
      if (!pool) {
        pool = new pg.Pool({ connectionString: db.url, max: 4 })
        pool.on('error', () => undefined)
      }
      return pool
    }
    afterAll(() => pool?.end())
    for (const suite of suites) suite('in PostgreSQL', freshPostgres(open))
    more?.(open)
  })
}
