import { randomBytes } from 'node:crypto'
import { withPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { freshPostgres } from '../conformance/fresh-store.js'
import { openOffice } from '../conformance/office.js'
import { ask, connect, exchange, makeDevice, openRequest, startMachine, testEngine } from '../conformance/rig.js'
import type { TableRows } from './backup-store.js'
import { createPgStore } from './pg-store.js'

/** A database whose disk is full in the middle of a write: no counter and no key is half there, and nothing leaves that was not kept. §7.10 */

const db = withPostgres()
let pool: pg.Pool
const fresh = freshPostgres(() => pool)
beforeAll(async () => {
  pool = new pg.Pool({ connectionString: db.url, max: 4 })
  pool.on('error', () => undefined)
  await pool.query(`CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`)
})
afterAll(async () => {
  await pool.end()
  testEngine().close()
})

/** From now on this write fails, in the middle of whatever it is part of. */
async function full(table: string, when = 'true'): Promise<() => Promise<void>> {
  await pool.query(`CREATE TRIGGER disk_full BEFORE INSERT OR UPDATE ON crypto_machine.${table} FOR EACH ROW WHEN (${when}) EXECUTE FUNCTION disk_full()`)
  return async () => void (await pool.query(`DROP TRIGGER disk_full ON crypto_machine.${table}`))
}
const count = async (table: string): Promise<number> => Number((await pool.query<{ count: string }>(`SELECT count(*) FROM crypto_machine.${table}`)).rows[0]?.count)

it('new root keys: all six of a version or none, and no trace of the order either', async () => {
  const open = await fresh()
  const rig = await startMachine({ store: open() })
  const office = await openOffice(rig)
  const before = [await count('root_key'), await count('admin_order')]
  // The fourth of six. Switched off (statements without a transaction), three keys of a version nobody can use stay.
  const room = await full('root_key', "NEW.purpose = 'transport'")
  await expect(office.order({ kind: 'root-keys', keyState: 1, keyVersion: 2 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect([await count('root_key'), await count('admin_order')]).toEqual(before)
  await room()
  await office.order({ kind: 'root-keys', keyState: 1, keyVersion: 2 })
  expect([await count('root_key'), await count('admin_order')]).toEqual([18, (before[1] ?? 0) + 1])
})

it('destroying them: the key is whole there or gone, never gone without its order', async () => {
  const open = await fresh()
  const rig = await startMachine({ store: open() })
  const office = await openOffice(rig)
  await office.order({ kind: 'root-keys', keyState: 1, keyVersion: 2 })
  const room = await full('key_event')
  await expect(office.order({ kind: 'root-keys-destroy', keyState: 1, keyVersion: 2 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await room()
  const rows = (await open().rootKeys()).filter(({ keyVersion }) => keyVersion === 2)
  expect(rows.map(({ status, wrapped }) => [status, wrapped.length])).toEqual(rows.map(() => ['pending', 45]))
  await startMachine({ store: open(), clock: rig.clock })
})

it('the very first start: root keys and the machine are there whole, or the next start makes them', async () => {
  const open = await fresh()
  const room = await full('root_key', "NEW.purpose = 'firmware'")
  await expect(startMachine({ store: open() })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await count('root_key')).toBe(0)
  await room()
  const rig = await startMachine({ store: open() })
  expect(await count('root_key')).toBe(12)
  await makeDevice(rig, 'F', '800000000001')
})

it('ASCTR: no CONNECT leaves that was not committed, and none is used twice', async () => {
  const open = await fresh()
  const rig = await startMachine({ store: open() })
  const peer = await makeDevice(rig, 'S', '800000000002')
  const handle = await connect(rig, peer)
  const stored = async (): Promise<number> => Number((await pool.query<{ asctr: string }>('SELECT asctr FROM crypto_machine.counter')).rows[0]?.asctr)
  const [before, seen] = [await stored(), peer.device.counters().asctr]
  const room = await full('counter')
  const results: string[] = []
  for (let i = 0; i < 12; i++) {
    rig.clock.advance(2_000)
    results.push(await ask(rig.port, 'connectOpen', openRequest('800000000002')).then(() => 'left', (error: { code: string }) => error.code))
  }
  // What was reserved before may be used; then nothing. Switched off (bytes first), all twelve leave.
  expect(results).toEqual([...Array<string>(before - seen).fill('left'), ...Array<string>(12 - (before - seen)).fill('UNAVAILABLE')])
  expect(await stored()).toBe(before)
  // A live session needs no commit.
  expect(await exchange(rig, peer, handle)).toMatchObject({ seq: 0 })
  await room()
  await connect(rig, peer)
  expect(peer.device.counters().asctr).toBeGreaterThan(before)
})

it('a restore: all tables or none', async () => {
  const open = await fresh()
  const rig = await startMachine({ store: open() })
  await makeDevice(rig, 'S', '800000000003')
  const store = createPgStore(pool)
  const tables: TableRows[] = []
  for await (const part of store.dump()) tables.push(part)
  await fresh()
  const room = await full('report_high')
  async function* source() {
    yield* tables
  }
  const order = { replace: false, begin: () => ({ epoch: randomBytes(8), keyCheck: randomBytes(40) }), event: { kind: 'restored', subject: 'test' } }
  await expect(store.load(source(), order)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  for (const table of ['machine', 'root_key', 'own_key', 'device']) expect([table, await count(table)]).toEqual([table, 0])
  await room()
  await store.load(source(), order)
  expect(await count('device')).toBe(1)
})
