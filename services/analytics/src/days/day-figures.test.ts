import { manualClock } from '@zhuzhan/core'
import type { Reading } from '@zhuzhan/contracts'
import { withPostgres } from '@zhuzhan/testing'
import { TERMINAL, TOTAL, addMeter, addTerminal, address, emptyStation, putReadings, reading, tariffItem, testDatabase } from '../fixtures/station.js'
import { createDayFigures } from './day-figures.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const query = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => (await database().pool.query(sql, values)).rows as Record<string, unknown>[]
const figuresAt = (now: string, registerFullScale = 1_000_000, figuresSettleSeconds = 0) => createDayFigures({ pool: database().pool, clock: manualClock(Date.parse(now)), settings: { registerFullScale, figuresSettleSeconds } })
const touch = (...pairs: [number, string][]) => query('INSERT INTO touched_days (meter_ids, days) VALUES ($1::int[], $2::date[])', [pairs.map(([id]) => id), pairs.map(([, day]) => day)])

const QUARTER_MS = 900_000
/** Quarter hours from `from` on, rising by 0.25 kWh; `without` are left out. */
function curve(meter: string, from: string, slots: number, without: readonly number[] = [], over: (slot: number) => Partial<Reading> = () => ({})): Reading[] {
  return Array.from({ length: slots }, (_, slot) => slot).filter((slot) => !without.includes(slot))
    .map((slot) => reading(meter, Date.parse(from) + slot * QUARTER_MS, (100 + slot * 0.25).toFixed(2), over(slot)))
}
const completeness = (plan = 'curve-15min') => query('SELECT meter_id, day::text AS day, expected, present, recollected FROM completeness WHERE plan_id = $1 ORDER BY meter_id, day', [plan])
const energy = () => query('SELECT meter_id, day::text AS day, item, start_value::text AS r1, end_value::text AS r2, energy::text AS energy, state FROM daily_energy ORDER BY meter_id, day, item')

beforeEach(async () => {
  await emptyStation(database())
  await addTerminal(database())
})

describe('completeness', () => {
  test('a full day, a day with gaps, slots a later pass brought, and a reading off the quarter hour', async () => {
    await addMeter(database(), address(1))
    await addMeter(database(), address(2))
    await putReadings(database(), [
      ...curve(address(1), '2026-10-04T16:00:00Z', 96),
      ...curve(address(2), '2026-10-04T16:00:00Z', 96, [3, 4, 95], (slot) => (slot < 10 ? { quality: 'recollected' } : {})),
      reading(address(2), '2026-10-04T16:46:00Z', '100.80'),
    ])
    await touch([1, '2026-10-05'], [2, '2026-10-05'])
    expect(await figuresAt('2026-10-07T00:00:00Z').touched()).toBe(2)
    expect(await completeness()).toEqual([
      { meter_id: 1, day: '2026-10-05', expected: 96, present: 96, recollected: 0 },
      { meter_id: 2, day: '2026-10-05', expected: 96, present: 93, recollected: 8 },
    ])
    // The midnight value is there for the daily freeze too: one identity, one row.
    expect(await completeness('day-freeze')).toEqual([
      { meter_id: 1, day: '2026-10-05', expected: 1, present: 1, recollected: 0 },
      { meter_id: 2, day: '2026-10-05', expected: 1, present: 1, recollected: 1 },
    ])
    expect(await completeness('month-freeze')).toEqual([])
  })

  test('the same run again changes nothing, the log is empty, and late rows are counted after they came', async () => {
    await addMeter(database(), address(1))
    await putReadings(database(), curve(address(1), '2026-10-04T16:00:00Z', 50))
    await touch([1, '2026-10-05'])
    const figures = figuresAt('2026-10-07T00:00:00Z')
    await figures.touched()
    expect(await completeness()).toMatchObject([{ present: 50 }])
    expect(await figures.touched()).toBe(0)
    await touch([1, '2026-10-05'], [1, '2026-10-05'])
    await figures.touched()
    expect(await completeness()).toMatchObject([{ expected: 96, present: 50 }])
    await putReadings(database(), curve(address(1), '2026-10-04T16:00:00Z', 96).slice(50))
    await touch([1, '2026-10-05'])
    await figures.touched()
    expect(await completeness()).toMatchObject([{ expected: 96, present: 96 }])
  })

  test('what reports touch settles and is computed once, what a person changed at once; mutation: SETTLE without its condition', async () => {
    await addMeter(database(), address(1))
    await putReadings(database(), curve(address(1), '2026-10-04T16:00:00Z', 50))
    for (let n = 0; n < 40; n += 1) await touch([1, '2026-10-05'])
    const figures = figuresAt('2026-10-07T00:00:00Z', undefined, 600)
    expect(await figures.touched()).toBe(0)
    await query(`INSERT INTO touched_days (meter_ids, days, cause) VALUES ('{1}', '{2026-10-05}', '{"kind": "edit"}')`)
    expect(await figures.touched()).toBe(1)
    await query("UPDATE touched_days SET noted_at = noted_at - interval '601 seconds' WHERE id = (SELECT min(id) FROM touched_days)")
    expect(await figures.touched()).toBe(1)
    expect(await query('SELECT count(*)::int AS n FROM touched_days')).toEqual([{ n: 0 }])
  })

  test('the day in progress owes what is due by now', async () => {
    await addMeter(database(), address(1))
    await putReadings(database(), curve(address(1), '2026-10-04T16:00:00Z', 4))
    await touch([1, '2026-10-05'], [1, '2026-10-06'])
    await figuresAt('2026-10-04T17:20:00Z').touched()
    // 00:00 to 01:15 of the local day: six slots.
    expect(await completeness()).toEqual([{ meter_id: 1, day: '2026-10-05', expected: 6, present: 4, recollected: 0 }])
  })

  test('counts from the installation on, or from what the meter had frozen before it', async () => {
    await addMeter(database(), address(1), { createdAt: '2026-10-05T03:50:00Z' })
    await addMeter(database(), address(2), { createdAt: '2026-10-05T03:50:00Z' })
    await putReadings(database(), [...curve(address(1), '2026-10-05T04:00:00Z', 48), ...curve(address(2), '2026-10-05T02:00:00Z', 56, [1])])
    await touch([1, '2026-10-04'], [2, '2026-10-04'], [1, '2026-10-05'], [2, '2026-10-05'])
    await figuresAt('2026-10-07T00:00:00Z').touched()
    expect(await completeness()).toEqual([
      { meter_id: 1, day: '2026-10-05', expected: 48, present: 48, recollected: 0 },
      { meter_id: 2, day: '2026-10-05', expected: 56, present: 55, recollected: 0 },
    ])
  })

  test('a silent meter shows what it owes; so does every meter after a sweep', async () => {
    await addMeter(database(), address(1))
    expect(await figuresAt('2026-10-06T00:00:00Z').sweep(2)).toBeGreaterThanOrEqual(2)
    expect(await completeness()).toEqual([
      { meter_id: 1, day: '2026-10-04', expected: 96, present: 0, recollected: 0 },
      { meter_id: 1, day: '2026-10-05', expected: 96, present: 0, recollected: 0 },
      { meter_id: 1, day: '2026-10-06', expected: 33, present: 0, recollected: 0 },
    ])
    expect(await completeness('day-freeze')).toHaveLength(3)
  })

  test.each([[480, '2026-10-04T16:00:00Z'], [0, '2026-10-05T00:00:00Z'], [-210, '2026-10-05T03:30:00Z'], [345, '2026-10-04T18:15:00Z']])('the day is the terminal\'s: offset %i minutes', async (offset, midnight) => {
    await addTerminal(database(), '000000000002', offset)
    await addMeter(database(), address(1), { terminal: '000000000002' })
    await putReadings(database(), [...curve(address(1), midnight, 97), reading(address(1), Date.parse(midnight) - QUARTER_MS, '99.75')])
    await touch([1, '2026-10-05'])
    await figuresAt('2026-10-08T00:00:00Z').touched()
    expect(await completeness()).toEqual([{ meter_id: 1, day: '2026-10-05', expected: 96, present: 96, recollected: 0 }])
    expect(await energy()).toMatchObject([{ day: '2026-10-05', r1: '100.00', r2: '124.00', energy: '24' }])
  })

  test('a monthly freeze is owed on the first', async () => {
    await addMeter(database(), address(1))
    await putReadings(database(), [reading(address(1), '2026-09-30T16:00:00Z', '5')])
    await touch([1, '2026-10-01'])
    await figuresAt('2026-10-07T00:00:00Z').touched()
    expect(await completeness('month-freeze')).toEqual([{ meter_id: 1, day: '2026-10-01', expected: 1, present: 1, recollected: 0 }])
  })

  test('a terminal\'s own row owes nothing', async () => {
    await query("INSERT INTO meter (address, kind, terminal_address) VALUES ('000000000001', 'terminal', $1)", [TERMINAL])
    await figuresAt('2026-10-07T00:00:00Z').sweep(2)
    expect(await completeness()).toEqual([])
  })
})

describe('daily energy', () => {
  const day = (meter: string, r1: string, r2: string, item = TOTAL, over: Partial<Reading> = {}): Reading[] => [
    reading(meter, '2026-10-04T16:00:00Z', r1, { item, ...over }), reading(meter, '2026-10-05T16:00:00Z', r2, { item }),
  ]
  const run = async (scale?: number) => {
    await touch([1, '2026-10-05'])
    await figuresAt('2026-10-07T00:00:00Z', scale).touched()
    return energy()
  }

  test('register difference times both ratios, exact, for total and tariffs', async () => {
    await addMeter(database(), address(1), { ctRatio: 30, ptRatio: 100.5 })
    await putReadings(database(), [...day(address(1), '1234.56', '1234.67'), ...day(address(1), '0.10', '0.30', tariffItem(2)), ...day(address(1), '7', '7', 0x00200201)])
    expect(await run()).toEqual([
      { meter_id: 1, day: '2026-10-05', item: TOTAL, r1: '1234.56', r2: '1234.67', energy: '331.65', state: 'measured' },
      { meter_id: 1, day: '2026-10-05', item: tariffItem(2), r1: '0.10', r2: '0.30', energy: '603', state: 'measured' },
      { meter_id: 1, day: '2026-10-05', item: 0x00200201, r1: '7', r2: '7', energy: '0', state: 'measured' },
    ])
  })

  test('a register that went backwards gives no energy and never a negative one', async () => {
    await addMeter(database(), address(1))
    await putReadings(database(), day(address(1), '500000.00', '12.00'))
    expect(await run()).toEqual([expect.objectContaining({ energy: null, state: 'backwards' })])
  })

  test.each([
    ['999999.50', '3.25', '3.75', 'rolled-over'],
    ['999999.50', '900000.00', null, 'backwards'],
    ['989999.00', '1.00', null, 'backwards'],
  ])('near its end: %s to %s', async (r1, r2, expected, state) => {
    await addMeter(database(), address(1))
    await putReadings(database(), day(address(1), r1, r2))
    expect(await run()).toEqual([expect.objectContaining({ energy: expected, state })])
  })

  test('without both registers there is no row', async () => {
    await addMeter(database(), address(1))
    await putReadings(database(), [day(address(1), '5', '6')[0]!, reading(address(1), '2026-10-05T15:45:00Z', '6')])
    expect(await run()).toEqual([])
  })

  test('an estimated register marks the day', async () => {
    await addMeter(database(), address(1))
    await putReadings(database(), day(address(1), '5', '6', TOTAL, { quality: 'estimated' }))
    expect(await run()).toEqual([expect.objectContaining({ energy: '1', state: 'estimated' })])
  })

  test('voltages, arrays and registers that may rightly fall have no daily energy', async () => {
    await addMeter(database(), address(1))
    await putReadings(database(), [0x20000201, 0x00100200, 0x00000201, 0x00300201, 0x10100201].flatMap((item) => day(address(1), '5', '6', item)))
    expect(await run()).toEqual([])
  })

  test('the register of midnight ends the day before', async () => {
    await addMeter(database(), address(1))
    await putReadings(database(), [...day(address(1), '5', '6'), reading(address(1), '2026-10-06T16:00:00Z', '9')])
    await touch([1, '2026-10-06'])
    await figuresAt('2026-10-08T00:00:00Z').touched()
    expect((await energy()).map((row) => [row['day'], row['energy']])).toEqual([['2026-10-05', '1'], ['2026-10-06', '3']])
  })
})

test('a run that is told to end computes nothing half; the next one does it all', async () => {
  await addMeter(database(), address(1))
  await putReadings(database(), curve(address(1), '2026-10-04T16:00:00Z', 96))
  await touch([1, '2026-10-05'], [1, '2026-10-06'])
  const figures = figuresAt('2026-10-07T00:00:00Z')
  const stopping = new Error('the service is stopping')
  await expect(figures.touched({ progress: async () => undefined, signal: AbortSignal.abort(stopping) })).rejects.toBe(stopping)
  expect(await completeness()).toEqual([])
  expect(await figures.touched()).toBe(2)
  expect(await completeness()).toHaveLength(2)
})

test('two runs at once and a thousand touched days: each computed, none twice at the same time', async () => {
  for (let n = 0; n < 20; n++) await addMeter(database(), address(n))
  await putReadings(database(), Array.from({ length: 20 }, (_, n) => curve(address(n), '2026-10-04T16:00:00Z', 96)).flat())
  for (let n = 0; n < 250; n++) await touch([1 + (n % 20), '2026-10-05'], [1 + ((n * 7) % 20), '2026-10-06'])
  const seen: number[] = []
  const figures = figuresAt('2026-10-07T00:00:00Z')
  await Promise.all([figures.touched({ progress: async (done) => { seen.push(done) }, signal: new AbortController().signal }), figures.touched()])
  expect(await query('SELECT count(*) AS n FROM touched_days')).toEqual([{ n: 0 }])
  expect((await completeness()).filter((row) => row['day'] === '2026-10-05')).toEqual(Array.from({ length: 20 }, (_, n) => ({ meter_id: n + 1, day: '2026-10-05', expected: 96, present: 96, recollected: 0 })))
  expect(seen.length).toBeGreaterThan(0)
}, 30_000)

describe('readings that may be old reports sent again', () => {
  test('are neither present nor energy, until a checked one comes', async () => {
    await addMeter(database(), address(1))
    // Switched off (no look at the quality), the day is complete and its energy that of the replay.
    await putReadings(database(), curve(address(1), '2026-10-04T16:00:00Z', 97, [], (slot) => (slot === 4 || slot === 96 ? { quality: 'replay-unchecked' } : {})))
    await touch([1, '2026-10-05'])
    const figures = figuresAt('2026-10-07T00:00:00Z')
    await figures.touched()
    expect(await completeness()).toMatchObject([{ expected: 96, present: 95 }])
    expect(await energy()).toEqual([])
    await query(`UPDATE reading SET shape = reading_shape_of(ARRAY[${TOTAL}], ARRAY['recollected']::reading_quality[], ARRAY['poll']::reading_source[])
      WHERE shape IN (SELECT shape FROM reading_shape_item WHERE quality = 'replay-unchecked')`)
    await touch([1, '2026-10-05'])
    await figures.touched()
    expect(await completeness()).toMatchObject([{ present: 96 }])
    expect(await energy()).toMatchObject([{ energy: '24' }])
  })
})
