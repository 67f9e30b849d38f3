import { manualClock } from '@zhuzhan/core'
import { createPartitions } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { createDeadLetters } from '../alarms/dead-letters.js'
import { addMeter, addTerminal, address, emptyStation, reading, silentLog, storeJob, testDatabase } from '../fixtures/station.js'
import { createMeterIndex } from './meter-index.js'
import type { MeterIndex } from './meter-index.js'
import { createReadingStore } from './reading-store.js'

const NOW = Date.parse('2026-10-05T03:00:00Z')
const db = withPostgres()
const database = testDatabase(() => db.url)
const query = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => (await database().pool.query(sql, values)).rows as Record<string, unknown>[]

const newStore = (meters?: MeterIndex) => {
  const clock = manualClock(NOW)
  const told: [string, number][] = []
  const store = createReadingStore({
    pool: database().pool, partitions: createPartitions(database().pool, () => clock.now()), meters: meters ?? createMeterIndex(database().pool, clock),
    letters: createDeadLetters({ pool: database().pool, log: silentLog }), storedEvents: { add: (terminal, count) => told.push([terminal, count]) }, writesAtOnce: 2, clock, log: silentLog,
  })
  return { store, told }
}
const rows = () => query('SELECT meter_id, time, item, value::text AS value, quality, source FROM reading_value ORDER BY meter_id, time, item')

beforeEach(async () => {
  await emptyStation(database())
  await addTerminal(database())
  await addMeter(database(), address(1))
  await addMeter(database(), address(2))
})

const batch = [
  reading(address(2), '2026-10-05T00:15:00Z', '7.25'),
  reading(address(1), '2026-10-05T00:15:00Z', '1234.56'),
  reading(address(1), '2026-10-05T00:15:00Z', '220.1', { item: 0x20000201, source: 'report', quality: 'terminal' }),
  reading(address(1), '2026-10-05T00:00:00Z', '1234.50', { item: 0xffffffff }),
]

test('rows, their exact values and their days', async () => {
  const { store, told } = newStore()
  await store(storeJob(batch))
  expect(await rows()).toEqual([
    { meter_id: 1, time: new Date('2026-10-05T00:00:00Z'), item: -1, value: '1234.50', quality: 'measured', source: 'poll' },
    { meter_id: 1, time: new Date('2026-10-05T00:15:00Z'), item: 0x00100201, value: '1234.56', quality: 'measured', source: 'poll' },
    { meter_id: 1, time: new Date('2026-10-05T00:15:00Z'), item: 0x20000201, value: '220.1', quality: 'terminal', source: 'report' },
    { meter_id: 2, time: new Date('2026-10-05T00:15:00Z'), item: 0x00100201, value: '7.25', quality: 'measured', source: 'poll' },
  ])
  expect(told).toEqual([['000000000001', 1], ['000000000001', 3]])
  expect(await query('SELECT meter_ids, days::text[] AS days FROM touched_days')).toEqual([{ meter_ids: [2, 1], days: ['2026-10-05', '2026-10-05'] }])
  expect(await query('SELECT count(*) AS n FROM reading_default')).toEqual([{ n: 0 }])
})

test('the same job again stores nothing, and notes its days again: the first time may have been cut off in between', async () => {
  const { store } = newStore()
  await store(storeJob(batch))
  await query('DELETE FROM touched_days')
  await store(storeJob(batch))
  expect(await rows()).toHaveLength(4)
  expect(await query('SELECT count(*) AS n FROM reading_conflict')).toEqual([{ n: 0 }])
  expect(await query('SELECT count(*) AS n FROM touched_days')).toEqual([{ n: 1 }])
})

test('20 copies of overlapping batches at once: each identity once, nothing lost, no deadlock', async () => {
  const { store } = newStore()
  const many = Array.from({ length: 400 }, (_, n) => reading(address(1 + (n % 2)), NOW - 900_000 * n, `${n}.5`))
  const shuffled = (turn: number) => [...many.slice(turn * 17), ...many.slice(0, turn * 17)].reverse()
  await Promise.all(Array.from({ length: 20 }, (_, turn) => store(storeJob(shuffled(turn)))))
  expect(await rows()).toHaveLength(400)
  expect(await query('SELECT count(*) AS n FROM reading_conflict')).toEqual([{ n: 0 }])
}, 30_000)

test('another value for a known identity is kept beside the first and told', async () => {
  const { store } = newStore()
  await store(storeJob(batch))
  await store(storeJob([reading(address(1), '2026-10-05T00:15:00Z', '1234.57'), reading(address(2), '2026-10-05T00:15:00Z', '7.250')]))
  expect((await rows()).filter((row) => row['value'] === '1234.56')).toHaveLength(1)
  expect(await query('SELECT meter_id, value::text AS value FROM reading_conflict')).toEqual([{ meter_id: 1, value: '1234.57' }])
  expect(await query("SELECT meter, detail FROM event WHERE kind = 'reading.conflict'")).toEqual([
    { meter: address(1), detail: { item: '00100201', time: '2026-10-05T00:15:00.000Z', stored: '1234.56', later: '1234.57', conflictsInBatch: 1 } },
  ])
})

test('one batch that contradicts itself: one value stored, one in conflict', async () => {
  await newStore().store(storeJob([reading(address(1), '2026-10-05T00:15:00Z', '1'), reading(address(1), '2026-10-05T00:15:00Z', '2')]))
  expect((await rows()).map((row) => row['value'])).toEqual(['1'])
  expect(await query('SELECT value::text AS value FROM reading_conflict')).toEqual([{ value: '2' }])
})

test('an unknown meter does not keep the others out: its rows are one dead letter, once, with an alarm', async () => {
  const { store } = newStore()
  const job = storeJob([...batch, reading(address(9), '2026-10-05T00:15:00Z', '1'), reading(address(9), '2026-10-05T00:30:00Z', '2')])
  await store(job)
  await store(job)
  expect(await rows()).toHaveLength(4)
  expect(await query('SELECT origin, code, detail, payload FROM dead_letter')).toEqual([{
    origin: 'reading.store', code: 'READING_REFUSED', detail: 'no meter with this address is registered',
    payload: { meter: address(9), receivedAt: Date.parse('2026-10-05T02:00:00Z'), readings: [
      { item: '00100201', time: Date.parse('2026-10-05T00:15:00Z'), value: '1', quality: 'measured', source: 'poll', occurredAt: null },
      { item: '00100201', time: Date.parse('2026-10-05T00:30:00Z'), value: '2', quality: 'measured', source: 'poll', occurredAt: null },
    ] },
  }])
  expect(await query("SELECT severity, meter, code FROM event WHERE kind = 'reading.dead-letter' LIMIT 1")).toEqual([{ severity: 'alarm', meter: address(9), code: 'READING_REFUSED' }])
})

test('a meter registered later is known at once', async () => {
  const { store } = newStore()
  await store(storeJob([reading(address(3), '2026-10-05T00:15:00Z', '1')]))
  await addMeter(database(), address(3))
  await store(storeJob([reading(address(3), '2026-10-05T00:30:00Z', '2')]))
  expect((await rows()).map((row) => row['value'])).toEqual(['2'])
})

test.each([
  ['not base64', { batch: '%%%', rows: 1 }],
  ['no msgpack', { batch: Buffer.from([0xc1]).toString('base64'), rows: 1 }],
  ['no columns', { batch: Buffer.from([0x01]).toString('base64'), rows: 1 }],
])('a batch that is %s is kept whole', async (_what, job) => {
  await newStore().store(job)
  expect(await query('SELECT code, payload FROM dead_letter')).toEqual([{ code: 'READING_REFUSED', payload: job }])
})

describe('wild dates', () => {
  test.each(['1970-01-01T00:00:00Z', '1999-12-31T23:59:59Z', '2100-01-01T00:00:00Z', '+010000-01-01T00:00:00Z'])('%s is refused, its neighbour stored', async (time) => {
    await newStore().store(storeJob([reading(address(1), time, '1'), reading(address(1), '2026-10-05T00:15:00Z', '2')]))
    expect((await rows()).map((row) => row['value'])).toEqual(['2'])
    expect(await query('SELECT detail FROM dead_letter')).toEqual([{ detail: 'a time outside 2000 to 2100' }])
  })

  test('far back or ahead within the century is stored, without a partition of its own', async () => {
    const tables = () => query("SELECT count(*) AS n FROM pg_class WHERE relname ~ '^reading_[0-9]{8}$' AND relkind = 'r'")
    const before = await tables()
    await newStore().store(storeJob([reading(address(1), '2000-01-01T00:00:00Z', '1'), reading(address(1), '2099-12-31T23:45:00Z', '2'), reading(address(1), Number.MAX_SAFE_INTEGER, '3')]))
    expect(await rows()).toHaveLength(2)
    expect(await query('SELECT count(*) AS n FROM reading_default')).toEqual([{ n: 2 }])
    expect(await tables()).toEqual(before)
  })
})

test('a value the database cannot hold goes to the dead letters alone', async () => {
  await query('ALTER TABLE reading ADD CONSTRAINT test_limit CHECK (1000000 > ALL (values))')
  try {
    const readings = Array.from({ length: 50 }, (_, n) => reading(address(1), NOW - 900_000 * n, n === 31 ? '1000000' : String(n)))
    await newStore().store(storeJob(readings))
    expect(await rows()).toHaveLength(49)
    expect(await query("SELECT payload->'readings'->0->>'value' AS value FROM dead_letter")).toEqual([{ value: '1000000' }])
  } finally {
    await query('ALTER TABLE reading DROP CONSTRAINT test_limit')
  }
})

test('jobs that come while another is written are stored together; what one of them cannot store touches no other', async () => {
  await query('ALTER TABLE reading ADD CONSTRAINT test_limit CHECK (1000000 > ALL (values))')
  try {
    const { store } = newStore()
    const job = (n: number, value: string) => store(storeJob([reading(address(1), NOW - 900_000 * n, value), reading(address(2), NOW - 900_000 * n, '1')], NOW + n))
    await Promise.all(['0', '1', '2', '1000000', '4', '5'].map((value, n) => job(n, value)))
    expect(await query('SELECT (extract(epoch FROM received_at) * 1000)::bigint AS at, value::text AS value FROM reading_value WHERE meter_id = 1 ORDER BY time DESC'))
      .toEqual([0, 1, 2, 4, 5].map((n) => ({ at: NOW + n, value: String(n) })))
    expect(await query('SELECT count(*) AS n FROM reading_value')).toEqual([{ n: 11 }])
    expect(await query("SELECT payload->'readings'->0->>'value' AS value FROM dead_letter")).toEqual([{ value: '1000000' }])
  } finally {
    await query('ALTER TABLE reading DROP CONSTRAINT test_limit')
  }
})

test('a job that fails for another reason fails those written with it once: tried again, each is alone', async () => {
  const index = createMeterIndex(database().pool)
  const GONE = address(7)
  // As a meter that is deleted between being looked up and being stored.
  const { store } = newStore({ find: async (addresses) => {
    const known = await index.find(addresses)
    return { get: (one) => known.get(one), has: (one) => one === GONE || known.has(one) }
  } })
  const jobs = [0, 1, 2].map((n) => storeJob([reading(address(1), NOW - 900_000 * n, String(n))]))
  const poison = storeJob([reading(GONE, NOW, '1')])
  const outcome = (all: Promise<void>[]) => Promise.allSettled(all).then((ends) => ends.map(({ status }) => status))
  // Two writes are under way with the first jobs; the others wait for each other.
  expect(await outcome([store(jobs[0]!), store(jobs[1]!), store(jobs[2]!), store(poison)])).toContain('rejected')
  expect(await outcome([...jobs, poison].map((job) => store(job, { attempt: 2 })))).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected'])
  expect((await rows()).map((row) => row['value'])).toEqual(['2', '1', '0'])
})

test('while the database is away the job fails, and works when it is back', async () => {
  const { store } = newStore()
  await db.kill()
  await expect(store(storeJob(batch))).rejects.toThrow()
  await db.restart()
  const again = async (): Promise<void> => store(storeJob(batch)).catch(async () => {
    await new Promise((resolve) => setTimeout(resolve, 100))
    return again()
  })
  await again()
  expect(await rows()).toHaveLength(4)
}, 20_000)
