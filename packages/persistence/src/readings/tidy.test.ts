import { withPostgres } from '@zhuzhan/testing'
import { toColumns } from '@zhuzhan/contracts'
import { openDatabase } from '../database.js'
import { withDatabase } from '../test-support/open.js'
import { register } from '../test-support/rows.js'
import { until } from '../test-support/until.js'
import { createPartitions } from './partitions.js'
import { storeReadings } from './store.js'
import type { StoreResult } from './store.js'
import { tidyDays } from './tidy.js'

const db = withDatabase(() => server, 12)
const server = withPostgres()
const DAY_MS = 86_400_000
const TODAY = Date.UTC(2026, 9, 5)
const METERS = Array.from({ length: 40 }, (_, n) => String(1_000 + n).padStart(12, '0'))
const CLOSED = 'reading_20261003'
let ids: Map<string, number>

const partitions = (): ReturnType<typeof createPartitions> => createPartitions(db.pool, () => TODAY)
/** A row of every meter at each quarter hour from..to of the day that lies `back` days back, in the order of time as they come in. */
const put = (back: number, from: number, to: number, value = (slot: number) => `${slot}.50`): Promise<StoreResult> => {
  const readings = Array.from({ length: to - from }, (_, n) => from + n).flatMap((slot) => METERS.map((meter) => (
    { meter, item: 0x00100201, time: TODAY - back * DAY_MS + slot * 900_000, value: value(slot), quality: 'measured' as const, source: 'report' as const })))
  return storeReadings(db.pool, partitions(), [toColumns(readings, TODAY)], ids)
}
const tidy = (more: { budgetMs?: number; signal?: AbortSignal } = {}) => tidyDays(db.pool, { now: TODAY + 3_600_000, afterDays: 2, ...more })
const query = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => (await db.pool.query(sql, values)).rows as Record<string, unknown>[]
const view = () => query('SELECT * FROM reading_value ORDER BY meter_id, time, item')
const inOrder = async (table: string): Promise<boolean> => {
  const keys = (await query(`SELECT meter_id, time FROM ${table} ORDER BY ctid`)).map((row) => [Number(row['meter_id']), (row['time'] as Date).getTime()] as const)
  return keys.every(([meter, time], n) => n === 0 || keys[n - 1]![0] < meter || (keys[n - 1]![0] === meter && keys[n - 1]![1] < time))
}
const days = (outcomes: readonly { day: string }[] | undefined) => outcomes?.map(({ day }) => day)

beforeAll(async () => { ids = await register(db.pool, '000000000001', METERS) })
beforeEach(async () => {
  for (const { name } of await query(`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'reading'::regclass AND inhrelid <> 'reading_default'::regclass`)) await db.pool.query(`DROP TABLE ${String(name)}`)
  await db.pool.query('TRUNCATE reading, reading_conflict, reading_tidy')
})

test('closed days lie in the order of the key afterwards, oldest first, the open ones as before; the view says the same', async () => {
  for (const back of [0, 1, 2, 4]) for (const slot of [0, 4]) await put(back, slot, slot + 4)
  const before = await view()
  expect(await inOrder(CLOSED)).toBe(false)
  const outcomes = await tidy()
  expect(days(outcomes)).toEqual(['2026-10-01', '2026-10-03'])
  expect(outcomes).toMatchObject([{ rows: 320 }, { rows: 320 }])
  expect(await view()).toEqual(before)
  expect([await inOrder('reading_20261001'), await inOrder(CLOSED), await inOrder('reading_20261004'), await inOrder('reading_20261005')]).toEqual([true, true, false, false])
  expect(await query(`SELECT day::text AS day, rows, bytes_before > 0 AND bytes_after > 0 AS sized FROM reading_tidy ORDER BY day`))
    .toEqual([{ day: '2026-10-01', rows: 320, sized: true }, { day: '2026-10-03', rows: 320, sized: true }])
  // The whole table's figures, without which joins with the shapes are planned for a few rows.
  expect(await query("SELECT 1 AS known FROM pg_stats WHERE tablename = 'reading' AND attname = 'shape' AND inherited")).toEqual([{ known: 1 }])
  // Every page is known to be visible to all, so that an index alone may answer.
  expect(await query(`SELECT relallvisible = relpages AS visible FROM pg_class WHERE relname = '${CLOSED}'`)).toEqual([{ visible: true }])
})

test('what was put in order is left alone until many rows came since', async () => {
  await put(2, 0, 80)
  expect(days(await tidy())).toEqual(['2026-10-03'])
  expect(await tidy()).toEqual([])
  await put(2, 80, 82)
  expect(await tidy()).toEqual([])
  await put(2, 82, 90)
  await put(2, 90, 96)
  expect(days(await tidy())).toEqual(['2026-10-03'])
  expect(await inOrder(CLOSED)).toBe(true)
  expect(await tidy()).toEqual([])
})

test('late rows are stored exactly once: new ones, repeated ones, other values beside the first', async () => {
  await put(2, 0, 8)
  await tidy()
  expect(await put(2, 6, 10)).toMatchObject({ stored: 80, repeated: 80, conflicts: 0 })
  expect(await put(2, 6, 10)).toMatchObject({ stored: 0, repeated: 160, conflicts: 0 })
  expect(await put(2, 0, 1, () => '7')).toMatchObject({ stored: 0, conflicts: 40 })
  expect(await query('SELECT count(*) AS n FROM reading_value')).toEqual([{ n: 400 }])
})

test('batches that come while days are rewritten again and again are neither lost nor doubled', async () => {
  await put(2, 0, 4)
  let storing = true
  const rewriting = (async () => {
    let rewritten = 0
    while (storing || rewritten === 0) {
      await db.pool.query('DELETE FROM reading_tidy')
      rewritten += (await tidy())?.filter((outcome) => !('why' in outcome)).length ?? 0
    }
    return rewritten
  })()
  const batches = Array.from({ length: 60 }, (_, n) => put(2, (n * 7) % 90, (n * 7) % 90 + 6))
  const results = await Promise.all(batches)
  storing = false
  expect(await rewriting).toBeGreaterThan(0)
  const slots = new Set([...Array(4).keys(), ...batches.flatMap((_, n) => Array.from({ length: 6 }, (__, m) => (n * 7) % 90 + m))])
  expect(await query('SELECT count(*) AS n FROM reading_value')).toEqual([{ n: slots.size * METERS.length }])
  expect(results.reduce((sum, { stored }) => sum + stored, 0)).toBe((slots.size - 4) * METERS.length)
  expect(await query('SELECT count(*) AS n FROM reading_conflict')).toEqual([{ n: 0 }])
}, 30_000)

// Seen failing with the lock of the days always granted (both rewrite), and without the bound on waiting for a table's lock.
test('a day somebody writes to is given up for now and the others are done; a second replica stands back meanwhile', async () => {
  for (const back of [2, 3]) await put(back, 0, 4)
  const writer = await db.pool.connect()
  try {
    await writer.query('BEGIN')
    await writer.query('UPDATE reading_20261002 SET received_at = received_at')
    const first = tidy()
    await until(async () => (await query("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'LOCK TABLE%'")).length === 1)
    expect(await tidy()).toBeUndefined()
    // Who comes behind the waiting lock gets through once it is given up.
    const late = put(3, 2, 6)
    expect(await first).toEqual([{ day: '2026-10-02', why: 'busy', reason: expect.stringContaining('lock timeout') as string }, expect.objectContaining({ day: '2026-10-03', rows: 160 })])
    await writer.query('COMMIT')
    expect(await late).toMatchObject({ stored: 80, repeated: 80 })
  } finally {
    writer.release()
  }
  expect(days(await tidy())).toEqual(['2026-10-02'])
}, 15_000)

test('no day is begun after the time is used up or the service stops', async () => {
  for (const back of [2, 3]) await put(back, 0, 4)
  expect(await tidy({ signal: AbortSignal.abort() })).toEqual([])
  expect(await tidy({ budgetMs: -1 })).toEqual([])
  expect(await tidy()).toHaveLength(2)
})

test('the connection dies in the middle: the day is whole, and done the next time', async () => {
  await partitions().ensure([TODAY - 2 * DAY_MS])
  await db.pool.query(`INSERT INTO ${CLOSED} (time, received_at, meter_id, shape, values)
    SELECT to_timestamp(${(TODAY - 2 * DAY_MS) / 1_000} + s), now(), m, 1, ARRAY[s + 0.5] FROM generate_series(0, 399) AS s, generate_series(1, 500) AS m`)
  const state = async () => (await query(`SELECT pg_relation_filenode('${CLOSED}') AS file, count(*) AS rows, sum(values[1] * meter_id)::text AS sum FROM ${CLOSED}`))[0]!
  const before = await state()
  // A pool of its own: as another process.
  const other = openDatabase({ url: server.url, max: 1, onError: () => undefined })
  const outcome = tidyDays(other.pool, { now: TODAY, afterDays: 2 }).then(() => 'done', () => 'cut off')
  await until(async () => (await query('SELECT 1 FROM pg_stat_progress_cluster WHERE heap_tuples_scanned > 0')).length === 1)
  await query('SELECT pg_terminate_backend(pid) FROM pg_stat_progress_cluster')
  expect(await outcome).toBe('cut off')
  expect(await state()).toEqual(before)
  expect(await tidy()).toMatchObject([{ day: '2026-10-03', rows: before['rows'] }])
  expect(await state()).toEqual({ ...before, file: expect.any(Number) as number })
  expect((await state())['file']).not.toBe(before['file'])
  await other.close()
}, 30_000)
