import { withPostgres } from '@zhuzhan/testing'
import { toColumns } from '@zhuzhan/contracts'
import { withDatabase } from '../test-support/open.js'
import { register } from '../test-support/rows.js'
import { createPartitions, PARTITION_AHEAD_DAYS, PARTITION_PAST_DAYS } from './partitions.js'
import { storeReadings } from './store.js'

const db = withDatabase(() => server, 10)
const server = withPostgres()
const DAY_MS = 86_400_000
const TODAY = Date.UTC(2026, 9, 5)
let ids: Map<string, number>

const day = (offset: number): number => TODAY + offset * DAY_MS
const partitions = (now = TODAY + 1): ReturnType<typeof createPartitions> => createPartitions(db.pool, () => now)
const tables = async (): Promise<string[]> => (await db.pool.query<{ name: string }>(
  `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'reading'::regclass ORDER BY 1`)).rows.map((row) => row.name)
/** Readings by the table they lie in. */
const places = async (): Promise<unknown[]> => (await db.pool.query(`SELECT tableoid::regclass::text AS name, count(*)::int AS n FROM reading GROUP BY 1 ORDER BY 1`)).rows
const put = (times: readonly number[], into = partitions()): Promise<unknown> =>
  storeReadings(db.pool, into, [toColumns(times.map((time, item) => ({ meter: '000000000001', item, time, value: '1', quality: 'measured' as const, source: 'report' as const })), TODAY)], ids)

beforeAll(async () => { ids = await register(db.pool, '000000000001') })
beforeEach(async () => {
  for (const name of await tables()) if (name !== 'reading_default') await db.pool.query(`DROP TABLE ${name}`)
  await db.pool.query('TRUNCATE reading')
})

test('each day near today has its own table, cut at midnight UTC', async () => {
  await put([day(0), day(1) - 1, day(1)])
  expect(await places()).toEqual([{ name: 'reading_20261005', n: 2 }, { name: 'reading_20261006', n: 1 }])
})

test('a wild clock makes no tables', async () => {
  await put([day(PARTITION_AHEAD_DAYS), day(PARTITION_AHEAD_DAYS + 1), day(-PARTITION_PAST_DAYS), day(-PARTITION_PAST_DAYS - 1), 0])
  expect(await places()).toEqual([{ name: 'reading_20250831', n: 1 }, { name: 'reading_20261008', n: 1 }, { name: 'reading_default', n: 3 }])
})

test('rows that lay in the default table move into their day when it is made, and stay unique', async () => {
  await put([day(5), day(5) + 1, day(6)])
  expect(await places()).toEqual([{ name: 'reading_default', n: 3 }])
  const later = partitions(day(4))
  expect(await put([day(5), day(5) + 1], later)).toMatchObject({ stored: 0, repeated: 2 })
  expect(await places()).toEqual([{ name: 'reading_20261010', n: 2 }, { name: 'reading_default', n: 1 }])
})

test('many at once make each table once, while others store', async () => {
  const storing = Array.from({ length: 10 }, (_, n) => put([day(-n), day(-n - 1), day(40 + n)]))
  const making = Array.from({ length: 10 }, () => partitions().ensure(Array.from({ length: 12 }, (_, n) => day(-n))))
  await Promise.all([...storing, ...making])
  expect((await tables()).filter((name) => name !== 'reading_default')).toHaveLength(12)
})

test('a known day costs no question', async () => {
  const asked: string[] = []
  const watched = createPartitions(Object.create(db.pool, { query: { value: (text: string, values: unknown[]) => { asked.push(text); return db.pool.query(text, values) } } }) as typeof db.pool, () => TODAY)
  await watched.ensure([day(0)])
  await watched.ensure([day(0), day(0) + 5])
  expect(asked).toHaveLength(1)
})
