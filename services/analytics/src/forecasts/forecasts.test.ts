import { HesError, addDays, manualClock } from '@zhuzhan/core'
import { STATE } from '@zhuzhan/metering'
import { putEnergySite } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { TOTAL, addMeter, addTerminal, address, emptyStation, testDatabase } from '../fixtures/station.js'
import { createForecasts } from './forecasts.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const query = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => (await database().pool.query(sql, values)).rows as Record<string, unknown>[]

const FIRST = '2026-08-20'
const TODAY = '2026-10-05'
const TOMORROW = '2026-10-06'
const DAYS = 47
/** 10:05 of today, in +08:00. */
const clock = manualClock(Date.parse('2026-10-05T02:05:00Z'))
const queued: { name: string; data: unknown; options: unknown }[] = []
const queues = { add: async (name: string, data: unknown, options?: unknown) => { queued.push({ name, data, options }); return '1' } }
const forecasts = () => createForecasts({ pool: database().pool, queues: queues as never, clock })
const signal = new AbortController().signal

/** Hundredths of a kWh in a quarter hour: a day's course, less on Sundays, and something of its own every day. */
function digits(day: number, slot: number): number {
  const sunday = new Date(Date.parse(`${FIRST}T00:00:00Z`) + day * 86_400_000).getUTCDay() === 0
  return Math.round((100 + 60 * Math.sin((slot / 96) * 2 * Math.PI)) * (sunday ? 0.6 : 1) + ((day * 7 + slot) % 5))
}
async function putDay(meterId: number, day: number, slots = 96, over: (slot: number) => number | undefined = () => undefined): Promise<void> {
  const best = Array.from({ length: 96 }, (_, slot) => (slot < slots ? over(slot) ?? digits(day, slot) : null))
  const states = Buffer.from(best.map((one) => (one === null ? STATE.missing : STATE.measured)))
  await query(`INSERT INTO vee_day (meter_id, day, item, day_over, decimals, ratio, counts, estimated_share, complete, may_act, best, states, gaps, findings, periods, computed_at)
    VALUES ($1, $2, ${TOTAL}, true, 2, 10, '{}', 0, true, true, $3, $4, '[]', '[]', '{}', now()) ON CONFLICT (meter_id, day, item) DO UPDATE SET best = excluded.best, states = excluded.states`, [meterId, addDays(FIRST, day), best, states])
}
const rows = () => query('SELECT subject, to_char(day, \'YYYY-MM-DD\') AS day, version, method, power, why_not, back_test, seen FROM load_forecast ORDER BY subject, version')

let meters: number[]
beforeAll(async () => {
  await emptyStation(database())
  await addTerminal(database())
  meters = [await addMeter(database(), address(1)), await addMeter(database(), address(2))]
  await putEnergySite(database().pool, { id: 'works', level: 'plant', name: null, settings: {}, changedBy: 'li', meters: [1, 2].map((n) => ({ meter: address(n), role: 'main', parent: null })) })
  await putEnergySite(database().pool, { id: 'new', level: 'area', name: null, settings: {}, changedBy: 'li', meters: [{ meter: address(1), role: 'main', parent: null }] })
  for (const meter of meters) for (let day = 0; day < DAYS; day += 1) await putDay(meter, day, addDays(FIRST, day) === TODAY ? 40 : 96)
})
beforeEach(() => query('TRUNCATE load_forecast'))

test('tomorrow of a site: every quarter hour, the candidates beside it, and one version for one load', async () => {
  expect(await forecasts().one('plant', 'works', TOMORROW, { signal })).toBe(1)
  const [row] = await rows()
  const power = row?.['power'] as number[]
  // Both meters with a ratio of 10: hundredths of a kWh in a quarter hour are 0.8 kW.
  const truth = Array.from({ length: 96 }, (_, slot) => digits(DAYS, slot) * 0.8)
  const wape = power.reduce((sum, kw, slot) => sum + Math.abs(kw - truth[slot]!), 0) / truth.reduce((a, b) => a + b, 0)
  expect(wape).toBeLessThan(0.1)
  const backTest = row?.['back_test'] as { wape: number; days: number; candidates: Record<string, { wape: number }> }
  expect(Object.keys(backTest.candidates).sort()).toEqual(['boosted', 'combined', 'hourly', 'last-week', 'mean-7-days', 'median-weekdays', 'ridge', 'yesterday'])
  expect(backTest.wape).toBeLessThan(Math.max(...Object.values(backTest.candidates).map((one) => one.wape)))
  expect(row).toMatchObject({ day: TOMORROW, version: 1, why_not: null, seen: { meters: 2, days: DAYS } })

  expect(await forecasts().one('plant', 'works', TOMORROW, { signal })).toBe(1)
  await putDay(meters[0]!, 30, 96, () => 50)
  expect(await forecasts().one('plant', 'works', TOMORROW, { signal })).toBe(2)
  await putDay(meters[0]!, 30)
}, 60_000)

test('what came after 10:00 changes nothing', async () => {
  await forecasts().one('customer', address(2), TOMORROW, { signal })
  await putDay(meters[1]!, DAYS - 1, 96, (slot) => (slot >= 40 ? 9_999 : undefined))
  expect(await forecasts().one('customer', address(2), TOMORROW, { signal })).toBe(1)
  // Seen failing with `known` of subject-load.ts taken as endless.
  await putDay(meters[1]!, DAYS - 1, 40)
}, 60_000)

test.each<[string, () => Promise<unknown>, object]>([
  ['before 10:00 of the day before', () => forecasts().one('plant', 'works', addDays(TOMORROW, 1), { signal }), { code: 'STATE_CONFLICT' }],
  ['of a site nobody knows', () => forecasts().one('plant', 'nowhere', TOMORROW, { signal }), { code: 'NOT_FOUND' }],
  ['of a site of another level', () => forecasts().one('area', 'works', TOMORROW, { signal }), { code: 'NOT_FOUND' }],
])('no forecast %s', async (_, make, error) => {
  await expect(make()).rejects.toMatchObject(error)
  expect(await rows()).toEqual([])
})

test('data that carry no forecast leave the reason, not numbers', async () => {
  await query("DELETE FROM vee_day WHERE meter_id = $1 AND day < '2026-09-28'", [meters[0]])
  await forecasts().one('area', 'new', TOMORROW, { signal })
  expect(await rows()).toMatchObject([{ subject: 'new', power: null, method: null, why_not: expect.stringMatching(/^A forecast needs 30 days before it/) as string }])
  await query('DELETE FROM vee_day WHERE meter_id = $1', [meters[0]])
  expect(await forecasts().one('area', 'new', TOMORROW, { signal })).toBe(2)
  expect((await rows())[1]).toMatchObject({ power: null, why_not: 'Only 0 % of the values are there.' })
})

test('a job that is taken back ends its thread', async () => {
  const stop = new AbortController()
  const making = forecasts().one('plant', 'works', TOMORROW, { signal: stop.signal })
  setTimeout(() => stop.abort(new HesError('UNAVAILABLE', 'taken back')), 20)
  await expect(making).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect(await rows()).toEqual([])
})

test('every day each site is queued once, for its own tomorrow', async () => {
  queued.length = 0
  const seen: number[] = []
  expect(await forecasts().all({ progress: async (done) => { seen.push(done) }, signal })).toBe(2)
  expect(queued).toMatchObject([
    { name: 'analysis.forecast', data: { level: 'area', subject: 'new', day: TOMORROW }, options: { jobId: `forecast-area-new-${TOMORROW}` } },
    { name: 'analysis.forecast', data: { level: 'plant', subject: 'works', day: TOMORROW } },
  ])
  expect(seen).toEqual([1, 2])
})
