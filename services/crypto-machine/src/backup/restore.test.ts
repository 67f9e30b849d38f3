import { withPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { freshMemory, freshPostgres } from '../conformance/fresh-store.js'
import { describeRestore } from '../conformance/restore-suite.js'
import { testEngine } from '../conformance/rig.js'

afterAll(() => testEngine().close())
describeRestore('in memory', freshMemory)

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
  // The same database emptied: what is lost is lost.
  describeRestore('in PostgreSQL', freshPostgres(open))

  it('no table of the machine is left out: the dump has a row of each that has one', async () => {
    const { createPgStore } = await import('../store/pg-store.js')
    const { rows } = await open().query<{ name: string }>("SELECT relname AS name FROM pg_class WHERE relnamespace = 'crypto_machine'::regnamespace AND relkind = 'r'")
    const filled: string[] = []
    for (const { name } of rows) if ((await open().query(`SELECT 1 FROM crypto_machine.${name} LIMIT 1`)).rowCount) filled.push(name)
    const dumped = new Set<string>()
    for await (const { table } of createPgStore(open()).dump()) dumped.add(table)
    expect([...dumped].sort()).toEqual(filled.sort())
    expect(filled.length).toBeGreaterThan(4)
  })
})
