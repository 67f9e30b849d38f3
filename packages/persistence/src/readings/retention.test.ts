import { withPostgres } from '@zhuzhan/testing'
import { toColumns } from '@zhuzhan/contracts'
import { verifyAudit } from '../audit.js'
import { withDatabase } from '../test-support/open.js'
import { register } from '../test-support/rows.js'
import { createPartitions } from './partitions.js'
import { dropOldReadings } from './retention.js'
import { storeReadings } from './store.js'
import { tidyDays } from './tidy.js'

const db = withDatabase(() => server, 6)
const server = withPostgres()
const DAY_MS = 86_400_000
const TODAY = Date.UTC(2026, 9, 5)
const METER = '000000001001'
let ids: Map<string, number>
/** Audit entries of former tests. */
let mark = 0

const put = (times: readonly number[], value = '1'): Promise<unknown> => storeReadings(db.pool, createPartitions(db.pool, () => TODAY),
  [toColumns(times.map((time) => ({ meter: METER, item: 0x00100201, time, value, quality: 'measured' as const, source: 'report' as const })), TODAY)], ids)
const ago = (days: number, more = 0): number => TODAY - days * DAY_MS + more
const drop = (keepDays: number, now = TODAY + 1, closedAfterDays = 2) => dropOldReadings(db.pool, { now, keepDays, closedAfterDays })
const query = async (sql: string): Promise<Record<string, unknown>[]> => (await db.pool.query(sql)).rows as Record<string, unknown>[]
const left = async (table = 'reading'): Promise<number[]> => (await query(`SELECT time FROM ${table} ORDER BY time`)).map((row) => (row['time'] as Date).getTime())
const audit = () => query(`SELECT actor, object, outcome, detail FROM audit_entry WHERE action = 'reading.drop' AND id > ${mark} ORDER BY id`)

beforeAll(async () => { ids = await register(db.pool, '000000000001', [METER]) })
beforeEach(async () => {
  for (const { name } of await query(`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'reading'::regclass AND inhrelid <> 'reading_default'::regclass`)) await db.pool.query(`DROP TABLE ${String(name)}`)
  await db.pool.query('TRUNCATE reading, reading_conflict, reading_tidy')
  mark = Number((await query('SELECT coalesce(max(id), 0) AS id FROM audit_entry'))[0]!['id'])
})

test('days before those that are kept go, to the millisecond, and each has its entry in the audit log', async () => {
  const [first, last] = [ago(9), ago(9) - 1]
  const times = [first, last, ago(11), ago(500), 5, ago(0), ago(3)]
  await put(times)
  await put([last, first, 5], '2')
  await tidyDays(db.pool, { now: TODAY, afterDays: 2 })
  expect(await drop(10)).toMatchObject({ days: [{ day: '2026-09-24', rows: 1 }, { day: '2026-09-25', rows: 1 }], skipped: [], single: { rows: 2, conflicts: 2 } })
  expect(await left()).toEqual([first, ago(3), ago(0)])
  expect(await left('reading_conflict')).toEqual([first])
  expect((await query('SELECT day::text AS day FROM reading_tidy ORDER BY day')).map(({ day }) => day)).toEqual(['2026-09-26', '2026-10-02'])
  expect(await audit()).toMatchObject([
    { actor: 'analytics', object: 'reading/2026-09-24', outcome: 'ok', detail: { rows: 1, keepDays: 10 } },
    { object: 'reading/2026-09-25', detail: { rows: 1 } },
    { object: 'reading/before 2026-09-26', detail: { rows: 2, conflicts: 2 } },
  ])
  expect((await verifyAudit(db.pool)).broken).toBeUndefined()
  expect(await drop(10)).toEqual({ days: [], skipped: [], single: { rows: 0, conflicts: 0 } })
  expect(await audit()).toHaveLength(3)
})

test('for ever is the default, and then nothing is looked at', async () => {
  await put([ago(300), 5])
  expect(await drop(0)).toBeUndefined()
  expect(await left()).toEqual([5, ago(300)])
})

// Seen failing with the bound of closed days left out.
test.each([[1, 2, [2, 3]], [1, 4, [4, 5]], [3, 1, [3, 4]]])('%i days kept, closed after %i', async (keep, closedAfter, [kept, gone]) => {
  await put([ago(0), ago(kept! - 1), ago(kept!), ago(gone!)])
  await drop(keep, TODAY, closedAfter)
  expect(await left()).toEqual([...new Set([ago(kept! - 1), ago(0)])])
})

// Seen failing with the age counted from the clock.
test('a clock that runs a year ahead drops nothing more', async () => {
  await put([ago(0), ago(5), ago(12)])
  await drop(10, TODAY + 365 * DAY_MS)
  expect(await left()).toEqual([ago(5), ago(0)])
})

test('a row that stands ahead of time, in a day or beyond, does not make the others old', async () => {
  await put([ago(-3), ago(-50), ago(0), ago(9)])
  await drop(10)
  expect(await left()).toEqual([ago(9), ago(0), ago(-3), ago(-50)])
})

test('a table somebody reads is left for the next time', async () => {
  await put([ago(0), ago(20), ago(21)])
  const reader = await db.pool.connect()
  try {
    await reader.query('BEGIN')
    await reader.query('SELECT * FROM reading_20260914')
    const dropped = await drop(10)
    expect(dropped).toMatchObject({ days: [{ day: '2026-09-15' }], skipped: [{ day: '2026-09-14', why: 'busy' }] })
    await reader.query('COMMIT')
  } finally {
    reader.release()
  }
  expect(await audit()).toHaveLength(1)
  expect(await drop(10)).toMatchObject({ days: [{ day: '2026-09-14', rows: 1 }] })
}, 15_000)
