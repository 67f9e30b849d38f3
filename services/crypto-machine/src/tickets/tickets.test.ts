import { withPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { freshMemory, freshPostgres } from '../conformance/fresh-store.js'
import { testEngine } from '../conformance/rig.js'
import { describeTicketAttacks } from '../conformance/ticket-attack-suite.js'
import { describeTicketCrashes } from '../conformance/ticket-crash-suite.js'
import { describeMandates } from '../conformance/mandate-suite.js'
import { describeTickets } from '../conformance/ticket-suite.js'

afterAll(() => testEngine().close())
for (const suite of [describeTickets, describeTicketAttacks, describeTicketCrashes, describeMandates]) suite('in memory', freshMemory)

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
  for (const suite of [describeTickets, describeTicketAttacks, describeTicketCrashes, describeMandates]) suite('in PostgreSQL', freshPostgres(open))
})
