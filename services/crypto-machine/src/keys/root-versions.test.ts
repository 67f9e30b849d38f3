import { withPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { freshMemory, freshPostgres } from '../conformance/fresh-store.js'
import { describeRootKeys } from '../conformance/root-key-suite.js'
import { testEngine } from '../conformance/rig.js'

afterAll(() => testEngine().close())
describeRootKeys('in memory', freshMemory)

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
  describeRootKeys('in PostgreSQL', freshPostgres(open))
})
