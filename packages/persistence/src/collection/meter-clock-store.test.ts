import { withPostgres } from '@zhuzhan/testing'
import { withDatabase } from '../test-support/open.js'
import { register } from '../test-support/rows.js'
import { createMeterClockStore, listDeviatingClocks, listMeterClocks } from './meter-clock-store.js'

const db = withDatabase(() => server)
const server = withPostgres()

const HOUR_MS = 3_600_000
const NOW = Date.parse('2026-10-20T12:00:00Z')
const METERS = ['000000000011', '000000000012', '000000000013']
let ids: number[]
const store = () => createMeterClockStore(db.pool)
const before = (hours: number): Date => new Date(NOW - hours * HOUR_MS)
const read = (meter: number, hours: number, deviationSeconds = 0, uncertaintySeconds = 1) => store().store([{ meterId: ids[meter] as number, at: before(hours), deviationSeconds, uncertaintySeconds }])
const vain = (meter: number, hours: number) => store().store([{ meterId: ids[meter] as number, at: before(hours), reason: 'DAR 33' }])
const due = async (): Promise<number[]> => (await store().due(ids, NOW, 20 * HOUR_MS, HOUR_MS)).map((id) => ids.indexOf(id))

beforeAll(async () => {
  const byAddress = await register(db.pool, '000000000001', METERS)
  ids = METERS.map((meter) => byAddress.get(meter) as number)
})
beforeEach(async () => { await db.pool.query('TRUNCATE meter_clock, vee_threshold') })

test('due is whose clock was not read for its time, and rests after a question in vain; the longest waiting first', async () => {
  await read(0, 19)
  await read(1, 20)
  expect(await due()).toEqual([1, 2])
  await vain(2, 0.5)
  expect(await due()).toEqual([1])
  await vain(1, 1)
  await vain(2, 2)
  expect(await due()).toEqual([2, 1])
  expect(await store().due([], NOW, 1, 1)).toEqual([])
})

test('readings stay, of questions in vain the last; one of a meter that was deleted meanwhile is left out', async () => {
  await read(0, 30, 1.5)
  await vain(0, 3)
  await vain(0, 2)
  await store().store([{ meterId: 999_999, at: before(1), reason: 'DAR 33' }])
  const { rows, more } = await listMeterClocks(db.pool, { meterId: ids[0] as number, limit: 1 })
  expect([rows, more]).toEqual([[{ at: before(2), deviation: null, uncertainty: null, reason: 'DAR 33' }], true])
  expect((await listMeterClocks(db.pool, { meterId: ids[0] as number, before: before(2), limit: 5 })).rows).toEqual([{ at: before(30), deviation: '1.500', uncertainty: '1.000', reason: null }])
})

test('deviating is who is certainly beyond the threshold of the meter, its tariff or all, by the last reading', async () => {
  const deviating = async () => (await listDeviatingClocks(db.pool, { limits: { A: 60_000 }, otherwise: 300_000, limit: 10 })).rows.map(({ meter, limitMs }) => [meter, limitMs])
  await db.pool.query("UPDATE meter SET tariff = CASE WHEN address = $1 THEN 'A' END", [METERS[1]])
  await db.pool.query("INSERT INTO vee_threshold (scope, thresholds, who) VALUES ($1, '{\"clockFlagMs\": 500000}', 'li')", [`meter/${METERS[2]}`])
  for (const meter of [0, 1, 2]) await read(meter, 5, -301.001, 1)
  expect(await deviating()).toEqual([[METERS[0], 300_000], [METERS[1], 60_000]])
  await read(0, 4, -301, 1)
  await read(1, 4, 0, 1)
  await read(2, 4, 501.5, 1)
  await vain(2, 3)
  expect(await deviating()).toEqual([[METERS[2], 500_000]])
  expect((await listDeviatingClocks(db.pool, { limits: {}, otherwise: 1, after: METERS[0]!, limit: 1 }))).toMatchObject({ rows: [{ meter: METERS[2] }], more: false })
})
