import { withPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { freshMemory, freshPostgres } from '../conformance/fresh-store.js'
import { describeKeyUpdates } from '../conformance/key-update-suite.js'
import { testEngine } from '../conformance/rig.js'

afterAll(() => testEngine().close())
describeKeyUpdates('in memory', freshMemory)

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
  describeKeyUpdates('in PostgreSQL', freshPostgres(open))
})
