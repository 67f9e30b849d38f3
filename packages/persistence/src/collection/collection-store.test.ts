import { withPostgres } from '@zhuzhan/testing'
import { toColumns } from '@zhuzhan/contracts'
import { createPartitions } from '../readings/partitions.js'
import { storeReadings } from '../readings/store.js'
import { withDatabase } from '../test-support/open.js'
import { register } from '../test-support/rows.js'
import { createCollectionStore } from './collection-store.js'
import type { CollectionStore } from './collection-store.js'

const db = withDatabase(() => server)
const server = withPostgres()

const ITEM = 0x00100201
const [ONE, TWO] = ['000000000011', '000000000012']
const HOURS = [3, 2, 1].map((n) => Math.floor(Date.now() / 3_600_000) * 3_600_000 - n * 3_600_000)
let ids: Map<string, number>
const store = (): CollectionStore => createCollectionStore(db.pool)
const idOf = (meter: string): number => ids.get(meter) as number
const have = (meter: string, time: number, item = ITEM): Promise<unknown> =>
  storeReadings(db.pool, createPartitions(db.pool), [toColumns([{ meter, item, time, value: '1', quality: 'measured', source: 'poll' }], time)], ids)
/** Missing slots as meter, hour from the oldest, tries. */
const missing = async (): Promise<[string, number, number][]> => (await store().missing('curve-15min', ITEM, [...ids.values()], HOURS))
  .map((one) => [[...ids].find(([, id]) => id === one.meterId)![0], HOURS.indexOf(one.slot), one.attempts])
const failed = (meter: string, slot: number, nextTryAt: Date): Promise<void> => store().failed('curve-15min', [{ meterId: idOf(meter), slot, reason: 'DAR 33', nextTryAt }])

beforeAll(async () => {
  ids = await register(db.pool, '000000000001', [ONE, TWO])
  ids.delete('000000000001')
})
beforeEach(async () => { await db.pool.query('TRUNCATE reading, collection_gap') })

test('missing is what has no reading of the item, oldest first', async () => {
  await have(ONE, HOURS[0]!)
  await have(TWO, HOURS[1]!)
  await have(TWO, HOURS[2]!, ITEM + 1)
  expect(await missing()).toEqual([[TWO, 0, 0], [ONE, 1, 0], [ONE, 2, 0], [TWO, 2, 0]])
  expect(await store().missing('curve-15min', ITEM, [], HOURS)).toEqual([])
  expect(await store().missing('curve-15min', ITEM, [idOf(ONE)], [])).toEqual([])
})

test('a meter that was taken off owes what it had before, and again what it has after it was mounted', async () => {
  const exchange = (hour: number, from: string, to: string) => db.pool.query("INSERT INTO meter_exchange (at, old_meter, new_meter, registers, who, why) VALUES ($1, $2, $3, '{}', 'li', 'test')", [new Date(HOURS[hour]! - 60_000), idOf(from), idOf(to)])
  try {
    await exchange(1, ONE, TWO)
    expect((await missing()).filter(([meter]) => meter === ONE)).toEqual([[ONE, 0, 0]])
    await exchange(2, TWO, ONE)
    expect(await missing()).toEqual([[ONE, 0, 0], [TWO, 0, 0], [TWO, 1, 0], [ONE, 2, 0]])
  } finally {
    await db.pool.query('DELETE FROM meter_exchange')
  }
})

test('items above 7FFFFFFF are found like others', async () => {
  await have(ONE, HOURS[0]!, 0xf0100201)
  expect(await store().missing('curve-15min', 0xf0100201, [idOf(ONE)], [HOURS[0]!])).toEqual([])
})

test('a freeze of which only the total is there, as a curve brings it, is missing', async () => {
  const asked = async (): Promise<number> => (await store().missing('day-freeze', ITEM, [idOf(ONE)], [HOURS[0]!], [[0x00100202, 0x001002ff], [0x00300201, 0x00300201]])).length
  expect(await asked()).toBe(1)
  await have(ONE, HOURS[0]!, ITEM)
  expect(await asked()).toBe(1)
  await have(ONE, HOURS[1]!, 0x00300201)
  await have(ONE, HOURS[0]!, 0x00300202)
  expect(await asked()).toBe(1)
  await have(ONE, HOURS[0]!, 0x00300201)
  expect(await asked()).toBe(0)
})

test('what a try did not bring rests until its time, counts its tries, and is no gap of another plan', async () => {
  await failed(ONE, HOURS[0]!, new Date(Date.now() + 60_000))
  await failed(TWO, HOURS[0]!, new Date(Date.now() - 1_000))
  await failed(TWO, HOURS[0]!, new Date(Date.now() - 1_000))
  expect((await missing()).filter(([, hour]) => hour === 0)).toEqual([[TWO, 0, 2]])
  expect(await store().missing('day-freeze', ITEM, [idOf(ONE)], [HOURS[0]!])).toMatchObject([{ attempts: 0 }])
  expect(await store().openGaps()).toBe(2)
})

test('what a check has rejected is read again once, although it is there', async () => {
  for (const hour of HOURS) for (const meter of [ONE, TWO]) await have(meter, hour)
  expect(await missing()).toEqual([])
  await db.pool.query("INSERT INTO collection_gap (meter_id, plan_id, slot, reason, next_try_at, again) VALUES ($1, 'curve-15min', $2, 'VEE-3-RANGE', now(), 'due')", [idOf(ONE), new Date(HOURS[1]!)])
  expect(await missing()).toEqual([[ONE, 1, 1]])
  expect(await store().openGaps()).toBe(1)
  await store().filled('curve-15min', [{ meterId: idOf(ONE), slot: HOURS[1]! }])
  expect(await missing()).toEqual([])
  expect(await store().openGaps()).toBe(0)
  expect((await db.pool.query('SELECT again FROM collection_gap')).rows).toEqual([{ again: 'done' }])
})

test('what came after all is no gap any more', async () => {
  await failed(ONE, HOURS[0]!, new Date(0))
  await store().filled('curve-15min', [{ meterId: idOf(ONE), slot: HOURS[0]! }, { meterId: idOf(TWO), slot: HOURS[1]! }])
  expect(await store().openGaps()).toBe(0)
  await store().failed('curve-15min', [])
  await store().filled('curve-15min', [])
})

test('plans come by priority; the gaps of a meter go with it', async () => {
  expect((await store().plans()).map((plan) => [plan.id, plan.intervalMinutes])).toEqual([['day-freeze', null], ['curve-15min', 15], ['month-freeze', null], ['meter-clock', null]])
  expect((await store().plans())[0]?.items).toEqual(['00100200', '00200200', '00300201'])
  const [extra] = await register(db.pool, '000000000002', ['000000000099']).then((more) => [more.get('000000000099')!])
  await store().failed('curve-15min', [{ meterId: extra!, slot: HOURS[0]!, reason: 'x', nextTryAt: new Date() }])
  await db.pool.query('DELETE FROM meter WHERE id = $1', [extra])
  expect(await store().openGaps()).toBe(0)
})

test('served are the connections that serve an address, with their front end', async () => {
  await db.pool.query(`INSERT INTO terminal_session (gateway_id, gateway_instance, connection_id, address, frontend_id, routed, remote, heartbeat_seconds, logged_in_at, last_seen_at)
    SELECT 'gw-1', gen_random_uuid(), n, lpad(n::text, 12, '0'), CASE WHEN n > 1 THEN 'fep-1' END, n <> 2, 'x', 60, now(), now() FROM generate_series(1, 3) AS n`)
  expect(await store().served()).toEqual([{ address: '000000000003', frontendId: 'fep-1' }])
})
