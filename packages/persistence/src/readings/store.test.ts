import fc from 'fast-check'
import { withPostgres } from '@zhuzhan/testing'
import { toColumns } from '@zhuzhan/contracts'
import type { Reading } from '@zhuzhan/contracts'
import { withDatabase } from '../test-support/open.js'
import { register } from '../test-support/rows.js'
import { createPartitions } from './partitions.js'
import { storeReadings } from './store.js'
import type { StoreResult } from './store.js'

const WRITERS = 10
const db = withDatabase(() => server, WRITERS)
const server = withPostgres()
const TODAY = Math.floor(Date.now() / 86_400_000) * 86_400_000
const METERS = ['000000000011', '000000000012', '000000000013']
let ids: Map<string, number>

const reading = (more: Partial<Reading> = {}): Reading => ({ meter: '000000000011', item: 0x00100201, time: TODAY, value: '1234.56', quality: 'measured', source: 'report', ...more })
const store = (...readings: Reading[]): Promise<StoreResult> => storeReadings(db.pool, createPartitions(db.pool), [toColumns(readings, TODAY + 1)], ids)
const rows = async (table: 'reading_value' | 'reading_conflict'): Promise<unknown[]> => (await db.pool.query(`SELECT meter_id, time, item, value FROM ${table} ORDER BY meter_id, time, item, value`)).rows

/** So many writers at once, each with a connection of its own, until all is stored. */
const storeAll = async (batches: readonly Reading[][]): Promise<StoreResult[]> => {
  const queue = [...batches]
  const writer = async (): Promise<StoreResult[]> => {
    const results: StoreResult[] = []
    for (let batch = queue.shift(); batch; batch = queue.shift()) results.push(await store(...batch))
    return results
  }
  return (await Promise.all(Array.from({ length: WRITERS }, writer))).flat()
}

beforeAll(async () => { ids = await register(db.pool, '000000000001', METERS) })
beforeEach(async () => { await db.pool.query('TRUNCATE reading, reading_conflict') })

test('keeps each value exactly as it was measured', async () => {
  const values = ['0', '-0.001', '42949672.95', '1844674407370955.1615', '0.10']
  expect(await store(...values.map((value, n) => reading({ item: 0x20040200 + n, value })))).toEqual({ stored: 5, repeated: 0, conflicts: 0, unknownMeters: [] })
  expect((await rows('reading_value')).map((row) => (row as { value: string }).value)).toEqual(values)
})

const decimal = fc.tuple(fc.boolean(), fc.stringMatching(/^[0-9]{1,40}$/), fc.option(fc.stringMatching(/^[0-9]{1,20}$/))).map(([minus, whole, part]) => `${minus ? '-' : ''}${whole}${part === null ? '' : `.${part}`}`)

test('any decimal is what PostgreSQL reads in its text, digit by digit', async () => {
  await fc.assert(fc.asyncProperty(fc.array(decimal, { minLength: 1, maxLength: 60 }), async (values) => {
    await db.pool.query('TRUNCATE reading, reading_conflict')
    await store(...values.map((value, n) => reading({ item: 0x20040200 + n, value })))
    const { rows: kept } = await db.pool.query('SELECT value::text AS value FROM reading_value ORDER BY item')
    expect(kept).toEqual((await db.pool.query('SELECT t::numeric::text AS value FROM unnest($1::text[]) WITH ORDINALITY AS v (t, n) ORDER BY n', [values])).rows)
  }), { numRuns: 20 })
})

test('what is no decimal is stored nowhere', async () => {
  await expect(store(reading({ value: '1e5' }))).rejects.toThrow('not a decimal')
  expect(await rows('reading_value')).toEqual([])
})

test('the whole row comes back: quality, source, moment of a demand, reception, items above 7FFFFFFF', async () => {
  await store(reading({ item: 0xf0100201, quality: 'recollected', source: 'poll', occurredAt: TODAY - 5 }))
  expect((await db.pool.query('SELECT item, quality, source, occurred_at, received_at FROM reading_value')).rows).toEqual([
    { item: 0xf0100201 | 0, quality: 'recollected', source: 'poll', occurred_at: new Date(TODAY - 5), received_at: new Date(TODAY + 1) }])
})

test('the same again is repeated, another value is kept beside the first, once', async () => {
  await store(reading())
  expect(await store(reading())).toMatchObject({ stored: 0, repeated: 1, conflicts: 0 })
  expect(await store(reading({ value: '1234.560' }))).toMatchObject({ repeated: 1, conflicts: 0 })
  expect(await store(reading({ value: '9' }), reading({ item: 2 }))).toMatchObject({ stored: 1, conflicts: 1, repeated: 0 })
  expect(await store(reading({ value: '9' }))).toMatchObject({ stored: 0, conflicts: 0, repeated: 1 })
  expect(await rows('reading_value')).toMatchObject([{ value: '1234.56', item: 2 }, { value: '1234.56', item: 0x00100201 }])
  expect(await rows('reading_conflict')).toMatchObject([{ value: '9' }])
})

test('a batch may contradict itself: the first counts, the other is a conflict', async () => {
  expect(await store(reading({ value: '1' }), reading({ value: '2' }), reading({ value: '1' }))).toMatchObject({ stored: 1, conflicts: 1, repeated: 1 })
  expect(await rows('reading_value')).toMatchObject([{ value: '1' }])
})

test('names unknown meters and stores the others', async () => {
  expect(await store(reading({ meter: '999999999999' }), reading())).toEqual({ stored: 1, repeated: 0, conflicts: 0, unknownMeters: ['999999999999'] })
  expect(await store(reading({ meter: '999999999999' }))).toEqual({ stored: 0, repeated: 0, conflicts: 0, unknownMeters: ['999999999999'] })
})

test('a meter with a wild clock does not keep the other rows of its batch out', async () => {
  // All a date_time_s can say: years 100 to 65534.
  const wild = [Date.UTC(100, 0, 1), Date.UTC(1969, 11, 31), Date.UTC(9999, 11, 31), Date.UTC(12_345, 6, 1), Date.UTC(65_534, 11, 31, 23, 59, 59)]
  expect(await store(reading(), ...wild.map((time) => reading({ time, occurredAt: time })))).toMatchObject({ stored: 6 })
  expect(await store(...wild.map((time) => reading({ time, occurredAt: time })))).toMatchObject({ repeated: 5 })
  expect((await db.pool.query<{ ms: string }>('SELECT (extract(epoch FROM time) * 1000)::bigint::text AS ms FROM reading_value ORDER BY time')).rows.map((row) => Number(row.ms)))
    .toEqual([...wild, TODAY].sort((a, b) => a - b))
})

test('a hundred batches from ten writers, each delivered twice and in another order: every reading once, no deadlock', async () => {
  const all = METERS.flatMap((meter) => Array.from({ length: 60 }, (_, n) => reading({ meter, time: TODAY + (n % 20) * 60_000, item: Math.floor(n / 20) })))
  const batches = fc.sample(fc.shuffledSubarray(all, { minLength: 60 }), { numRuns: 50, seed: 7 })
  const covered = new Set(batches.flat().map((one) => `${one.meter} ${one.time} ${one.item}`))
  const results = await storeAll(batches.flatMap((batch) => [batch, [...batch].reverse()]))
  expect(results.reduce((sum, result) => sum + result.stored, 0)).toBe(covered.size)
  expect(results.reduce((sum, result) => sum + result.stored + result.repeated, 0)).toBe(2 * batches.flat().length)
  expect(await rows('reading_value')).toHaveLength(covered.size)
  expect(await rows('reading_conflict')).toEqual([])
})

test('concurrent batches with other values: one is first, every other is kept, once', async () => {
  const results = await storeAll(Array.from({ length: 20 }, (_, n) => METERS.map((meter) => reading({ meter, value: String(n % 4) }))))
  expect(results.reduce((sum, result) => sum + result.stored, 0)).toBe(3)
  for (const meter of METERS) {
    const { rows: kept } = await db.pool.query<{ value: string }>('SELECT value FROM reading_value WHERE meter_id = $1 UNION ALL SELECT value FROM reading_conflict WHERE meter_id = $1', [ids.get(meter)])
    expect(kept.map((row) => row.value).sort()).toEqual(['0', '1', '2', '3'])
  }
})

describe('a reading that may be an old report sent again', () => {
  const unchecked = (value: string): Reading => reading({ value, quality: 'replay-unchecked' })
  const stored = async (): Promise<unknown[]> => (await db.pool.query('SELECT value, quality, source FROM reading_value')).rows

  test('makes room for a checked one of the same value, which then counts', async () => {
    await store(unchecked('5'))
    expect(await stored()).toEqual([{ value: '5', quality: 'replay-unchecked', source: 'report' }])
    // Switched off (no replacing), the meter's reading stays unchecked for ever, whatever is read in a session.
    expect(await store(reading({ value: '5', quality: 'recollected', source: 'poll' }))).toMatchObject({ stored: 1, repeated: 0, conflicts: 0 })
    expect(await stored()).toEqual([{ value: '5', quality: 'recollected', source: 'poll' }])
    expect(await rows('reading_conflict')).toEqual([])
  })

  test('of another value is kept beside the checked one', async () => {
    await store(unchecked('5'))
    expect(await store(reading({ value: '6' }))).toMatchObject({ stored: 1, repeated: 0, conflicts: 0 })
    expect(await stored()).toEqual([{ value: '6', quality: 'measured', source: 'report' }])
    expect(await rows('reading_conflict')).toMatchObject([{ value: '5' }])
    expect(await store(reading({ value: '6' }))).toMatchObject({ stored: 0, repeated: 1, conflicts: 0 })
  })

  test('takes the place of nothing', async () => {
    await store(reading({ value: '6' }))
    expect(await store(unchecked('5'))).toMatchObject({ stored: 0, conflicts: 1 })
    expect(await store(unchecked('6'))).toMatchObject({ stored: 0, repeated: 1 })
    expect(await stored()).toEqual([{ value: '6', quality: 'measured', source: 'report' }])
  })
})
