import { withPostgres } from '@zhuzhan/testing'
import { createSessionTable } from './sessions.js'
import type { SessionRow } from './sessions.js'
import { withDatabase } from './test-support/open.js'

const db = withDatabase(() => server)
const server = withPostgres()

const row = (connectionId: number, address: string): SessionRow => ({ connectionId, address, remote: '10.0.0.1', heartbeatSeconds: 60, loggedInAt: new Date('2026-10-05T00:00:00Z') })
const stored = async (): Promise<unknown[]> => (await db.pool.query(
  'SELECT gateway_id AS gateway, connection_id AS id, address, frontend_id AS fep, routed, security FROM terminal_session ORDER BY gateway_id, connection_id')).rows
/** As if the replica had not been seen for so long. */
const silent = (gateway: string, seconds: number): Promise<unknown> => db.pool.query('UPDATE replica SET seen_at = now() - make_interval(secs => $2) WHERE id = $1', [gateway, seconds])

beforeEach(async () => { await db.pool.query('TRUNCATE terminal_session, replica') })

test('a bound connection serves its address, and takes it from every other connection of it, at any gateway', async () => {
  const [one, two] = [createSessionTable(db.pool, 'gw-1'), createSessionTable(db.pool, 'gw-2')]
  await one.begin()
  await two.begin()
  await one.open([row(1, '000000000001'), row(2, '000000000002')])
  await one.bind([{ connectionId: 1, frontendId: 'fep-1', security: 'plain' }, { connectionId: 2, frontendId: 'fep-1', security: 'plain' }])
  await two.open([row(1, '000000000001')])
  await two.bind([{ connectionId: 1, frontendId: 'fep-2', security: 'S' }])
  expect(await stored()).toEqual([
    { gateway: 'gw-1', id: 1, address: '000000000001', fep: 'fep-1', routed: false, security: 'plain' },
    { gateway: 'gw-1', id: 2, address: '000000000002', fep: 'fep-1', routed: true, security: 'plain' },
    { gateway: 'gw-2', id: 1, address: '000000000001', fep: 'fep-2', routed: true, security: 'S' },
  ])
})

test('of two bindings of one address in one batch the later holds, whichever was bound before', async () => {
  const table = createSessionTable(db.pool, 'gw-1')
  await table.begin()
  await table.open([row(1, '000000000001'), row(2, '000000000001')])
  await table.bind([{ connectionId: 1, frontendId: 'fep-1', security: 'S' }])
  await table.bind([{ connectionId: 1, frontendId: 'fep-1', security: 'S' }, { connectionId: 2, frontendId: 'fep-1', security: 'F' }])
  expect(await stored()).toMatchObject([{ id: 1, routed: false, security: 'S' }, { id: 2, routed: true, security: 'F' }])
})

test('a new life voids what the former left, and the former writes nothing any more', async () => {
  const former = createSessionTable(db.pool, 'gw-1')
  await former.begin()
  await former.open([row(1, '000000000001'), row(2, '000000000002')])
  const successor = createSessionTable(db.pool, 'gw-1')
  await successor.begin()
  expect(await stored()).toEqual([])
  await successor.open([row(1, '000000000009')])
  await successor.bind([{ connectionId: 1, frontendId: 'fep-1', security: 'plain' }])
  const truth = await stored()

  await former.open([row(1, '000000000001'), row(3, '000000000003')])
  await former.bind([{ connectionId: 1, frontendId: 'fep-9', security: 'S' }])
  await former.close([1])
  await expect(former.beat([{ connectionId: 1, at: new Date() }])).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  await expect(former.begin()).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  await former.end()
  await successor.beat([])
  expect(await stored()).toEqual(truth)
})

test('a replica that died loses its rows at the next beat of any other', async () => {
  const [one, two] = [createSessionTable(db.pool, 'gw-1'), createSessionTable(db.pool, 'gw-2')]
  await one.begin()
  await two.begin()
  await one.open([row(1, '000000000001')])
  await two.open([row(1, '000000000002')])
  await two.beat([])
  expect(await stored()).toHaveLength(2)
  await silent('gw-1', 7)
  await two.beat([])
  expect(await stored()).toMatchObject([{ gateway: 'gw-2' }])
})

test('a replica that only seemed dead is told so and can write its rows again', async () => {
  const [one, two] = [createSessionTable(db.pool, 'gw-1'), createSessionTable(db.pool, 'gw-2')]
  await one.begin()
  await two.begin()
  await one.open([row(1, '000000000001')])
  await silent('gw-1', 7)
  await two.beat([])
  await expect(one.beat([])).rejects.toMatchObject({ code: 'STATE_CONFLICT' })
  await one.begin()
  await one.open([row(1, '000000000001')])
  await one.beat([{ connectionId: 1, at: new Date('2026-10-05T00:01:00Z') }])
  await two.beat([])
  expect((await db.pool.query('SELECT last_seen_at FROM terminal_session')).rows).toEqual([{ last_seen_at: new Date('2026-10-05T00:01:00Z') }])
})

test('an orderly end takes the sessions and the announcement back', async () => {
  const table = createSessionTable(db.pool, 'gw-1')
  await table.begin()
  await table.open([row(1, '000000000001')])
  await table.end()
  expect(await stored()).toEqual([])
  expect((await db.pool.query('SELECT * FROM replica')).rows).toEqual([])
})
