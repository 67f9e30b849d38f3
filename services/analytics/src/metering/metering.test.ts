import { manualClock } from '@zhuzhan/core'
import type { Reading } from '@zhuzhan/contracts'
import { editReading } from '@zhuzhan/persistence'
import { withPostgres } from '@zhuzhan/testing'
import { createDayFigures } from '../days/day-figures.js'
import { TOTAL, addMeter, addTerminal, address, emptyStation, putReadings, reading, testDatabase } from '../fixtures/station.js'
import { queueAuditsDue } from './audits-due.js'
import { closeGaps } from './gaps.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const query = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => (await database().pool.query(sql, values)).rows as Record<string, unknown>[]
const clock = manualClock(Date.parse('2026-10-20T00:00:00Z'))
const run = () => createDayFigures({ pool: database().pool, clock, settings: { registerFullScale: 1_000_000, figuresSettleSeconds: 0 } }).touched()
const touch = (...pairs: [number, string][]) => query('INSERT INTO touched_days (meter_ids, days) VALUES ($1::int[], $2::date[])', [pairs.map(([id]) => id), pairs.map(([, day]) => day)])
const figures = async () => query(
  `SELECT meter_id, day::text AS day, energy::text AS energy, why_not, basis, complete, may_act, counts ->> 'estimated' AS estimated FROM vee_day ORDER BY meter_id, day`)
const history = async () => query('SELECT meter_id, figure, subject, before, after, cause FROM figure_history WHERE id > $1 ORDER BY id', [seen])
const months = async () => query("SELECT meter_id, to_char(month, 'YYYY-MM') AS month, energy::text AS energy, why_not, days, cost::text AS cost FROM consumption_month ORDER BY meter_id, month")

const QUARTER_MS = 900_000
const MIDNIGHT = Date.parse('2026-10-04T16:00:00Z')
/** Days of quarter hours from the local midnight of 5 October on: 0.05 kWh each, and the midnight at the end. */
function curve(meter: string, days: number, without: (slot: number) => boolean = () => false, over: (slot: number) => Partial<Reading> = () => ({})): Reading[] {
  return Array.from({ length: days * 96 + 1 }, (_, slot) => slot).filter((slot) => !without(slot))
    .map((slot) => reading(meter, MIDNIGHT + slot * QUARTER_MS, (100 + slot * 0.05).toFixed(2), over(slot)))
}
const at = (slot: number): Date => new Date(MIDNIGHT + slot * QUARTER_MS)
const edit = (kind: 'replace' | 'reject' | 'withdraw', slot: number, value?: string) => editReading(database().pool, {
  meterId: 1, meter: address(1), item: TOTAL, time: at(slot), kind, value, who: 'li', why: 'read at the meter', days: ['2026-10-05'],
})

let seen = 0
beforeEach(async () => {
  await emptyStation(database())
  await addTerminal(database())
  await addMeter(database(), address(1), { tariff: 'ZJ-RES', createdAt: '2026-10-04T16:00:00Z' })
  seen = Number((await query('SELECT coalesce(max(id), 0) AS id FROM figure_history'))[0]?.id)
})

test('a whole day, its month and its cost; the same again writes nothing', async () => {
  await putReadings(database(), curve(address(1), 1))
  await touch([1, '2026-10-05'])
  await run()
  expect(await figures()).toEqual([{ meter_id: 1, day: '2026-10-05', energy: '4.8', why_not: null, basis: 'registers', complete: true, may_act: true, estimated: '0' }])
  // 56 slots of peak and 40 of valley: 2.8 x 0.568 + 2 x 0.288
  expect(await months()).toEqual([{ meter_id: 1, month: '2026-10', energy: '4.8', why_not: null, days: 1, cost: '2.1664' }])
  const rows = await query('SELECT xmin::text AS x FROM vee_day UNION ALL SELECT xmin::text FROM consumption_month')
  await touch([1, '2026-10-05'])
  await run()
  expect(await query('SELECT xmin::text AS x FROM vee_day UNION ALL SELECT xmin::text FROM consumption_month')).toEqual(rows)
  expect(await history()).toEqual([])
})

test('a gap is estimated, listed, filled when the values come late, and every figure tells before and after', async () => {
  await addMeter(database(), address(2), { createdAt: '2026-10-04T16:00:00Z' })
  const lost = (slot: number): boolean => slot >= 40 && slot < 50
  await putReadings(database(), [...curve(address(1), 1, lost), ...curve(address(2), 1)])
  await touch([1, '2026-10-05'], [2, '2026-10-05'])
  await run()
  expect(await figures()).toMatchObject([{ energy: '4.8', complete: false, may_act: false, estimated: '11' }, { complete: true }])
  expect(await query('SELECT from_at, to_at, reason, method, state FROM vee_gap')).toEqual([{ from_at: at(39), to_at: at(50), reason: 'nothing came', method: 'line', state: 'open' }])

  await putReadings(database(), curve(address(1), 1, (slot) => !lost(slot), () => ({ quality: 'recollected' })))
  await touch([1, '2026-10-05'])
  await run()
  expect(await figures()).toMatchObject([{ energy: '4.8', complete: true, may_act: true, estimated: '0' }, { complete: true }])
  expect(await query('SELECT state FROM vee_gap')).toEqual([{ state: 'filled' }])
  const changes = await history()
  expect(changes.map(({ meter_id, figure, subject }) => [meter_id, figure, subject])).toEqual([
    [1, 'completeness', '2026-10-05/curve-15min'], [1, 'vee_day', '2026-10-05/00100201'], [1, 'consumption_month', '2026-10/00100201'],
  ])
  expect(changes[1]).toMatchObject({ before: { complete: false, counts: { estimated: 11 } }, after: { complete: true, counts: { estimated: 0, recollected: 11 } }, cause: { kind: 'readings' } })
  expect(changes[2]).toMatchObject({ before: { may_act: false }, after: { may_act: true } })
})

test('an edit keeps the raw value, names person and reason, and moves every figure that looks at it and no other', async () => {
  await addMeter(database(), address(2), { createdAt: '2026-10-04T16:00:00Z' })
  await putReadings(database(), [...curve(address(1), 2), ...curve(address(2), 2)])
  await touch([1, '2026-10-05'], [1, '2026-10-06'], [2, '2026-10-05'], [2, '2026-10-06'])
  await run()
  const raw = await query('SELECT * FROM reading ORDER BY meter_id, time')
  // The midnight between the two days: what the first loses the second gains.
  const { before } = await editReading(database().pool, { meterId: 1, meter: address(1), item: TOTAL, time: at(96), kind: 'replace', value: '104.90', who: 'li', why: 'read at the meter', days: ['2026-10-05', '2026-10-06'] })
  expect(before).toBe('104.80')
  await run()
  expect(await figures()).toMatchObject([{ energy: '4.9', may_act: false }, { energy: '4.7', may_act: false }, { energy: '4.8', may_act: true }, { energy: '4.8', may_act: true }])
  expect(await query('SELECT energy::text AS e, state FROM daily_energy ORDER BY meter_id, day')).toEqual([{ e: '4.90', state: 'estimated' }, { e: '4.70', state: 'estimated' }, { e: '4.80', state: 'measured' }, { e: '4.80', state: 'measured' }].map(({ e, state }) => ({ e: e.replace(/0$/, ''), state })))
  expect(await months()).toMatchObject([{ meter_id: 1, energy: '9.6' }, { meter_id: 2, energy: '9.6' }])
  const changes = await history()
  expect([...new Set(changes.map(({ meter_id, figure, subject }) => `${meter_id} ${figure} ${subject}`))].sort()).toEqual([
    '1 consumption_month 2026-10/00100201', '1 daily_energy 2026-10-05/00100201', '1 daily_energy 2026-10-06/00100201', '1 vee_day 2026-10-05/00100201', '1 vee_day 2026-10-06/00100201',
  ])
  expect(changes.find(({ figure }) => figure === 'vee_day')).toMatchObject({ before: { energy: 4.8 }, after: { energy: 4.9 }, cause: { kind: 'edit', who: 'li', why: 'read at the meter' } })
  expect(await query('SELECT * FROM reading ORDER BY meter_id, time')).toEqual(raw)
  expect(await query("SELECT actor, action, reason FROM audit_entry WHERE action LIKE 'reading.%' ORDER BY id DESC LIMIT 1")).toEqual([{ actor: 'li', action: 'reading.replace', reason: 'read at the meter' }])
})

const clockRead = (meter: number, time: string, deviation: number, uncertainty = 1) => query('INSERT INTO meter_clock (meter_id, at, deviation_s, uncertainty_s) VALUES ($1, $2, $3, $4)', [meter, time, deviation, uncertainty])

/** Mutation: `clock` of load-days.ts left undefined. */
test('check 1 runs where the clock was read: ten minutes off flags the day, an unknown clock leaves the check not run and says so', async () => {
  await addMeter(database(), address(2), { createdAt: '2026-10-04T16:00:00Z' })
  await putReadings(database(), [...curve(address(1), 1), ...curve(address(2), 1)])
  await clockRead(1, '2026-10-05T01:00:00Z', 600)
  await clockRead(1, '2026-10-05T02:00:00Z', 0)
  await query("INSERT INTO meter_clock (meter_id, at, reason) VALUES (2, '2026-10-05T01:00:00Z', 'DAR 33')")
  await touch([1, '2026-10-05'], [2, '2026-10-05'])
  await run()
  expect(await query('SELECT findings, clock, complete, may_act, energy::text AS energy FROM vee_day ORDER BY meter_id')).toEqual([
    { findings: [expect.objectContaining({ code: 'VEE-1-CLOCK', effect: 'flag', value: 600_000, limit: 300_000 })], clock: { at: '2026-10-05T01:00:00.000Z', deviation: 600, uncertainty: 1 }, complete: false, may_act: false, energy: '4.8' },
    { findings: [], clock: null, complete: true, may_act: true, energy: '4.8' },
  ])
})

test('more than an interval off: nothing of the day is used as it came, all of it is read once more and estimated to the registers\' difference', async () => {
  await putReadings(database(), curve(address(1), 8))
  await clockRead(1, '2026-10-12T01:00:00Z', -901.1)
  await touch(...[5, 6, 7, 8, 9, 10, 11, 12].map((day): [number, string] => [1, `2026-10-${String(day).padStart(2, '0')}`]))
  await run()
  const [day] = await query("SELECT energy::text AS energy, basis, may_act, counts FROM vee_day WHERE day = '2026-10-12'")
  expect(day).toEqual({ energy: '4.8', basis: 'registers', may_act: false, counts: expect.objectContaining({ rejected: 96, estimated: 96 }) })
  expect(await query("SELECT reason, method FROM vee_gap WHERE day = '2026-10-12'")).toEqual([{ reason: 'VEE-1-CLOCK', method: expect.any(String) }])
})

test('a day in which nobody read the clock has the nearest reading of a day before or after, and none from farther away', async () => {
  await putReadings(database(), curve(address(1), 4))
  // 6 October begins at 16:00 of the 5th: half an hour after this, and the next is 2 h behind the day's end.
  await clockRead(1, '2026-10-05T15:30:00Z', 400)
  await clockRead(1, '2026-10-06T18:00:00Z', 0)
  await touch(...[5, 6, 7, 8].map((day): [number, string] => [1, `2026-10-0${day}`]))
  await run()
  expect(await query("SELECT day::text AS day, clock ->> 'deviation' AS off, jsonb_path_query_array(findings, '$.code') AS codes FROM vee_day ORDER BY day")).toEqual([
    { day: '2026-10-05', off: '400', codes: ['VEE-1-CLOCK'] }, { day: '2026-10-06', off: '400', codes: ['VEE-1-CLOCK'] },
    { day: '2026-10-07', off: '0', codes: [] }, { day: '2026-10-08', off: '0', codes: [] },
  ])
})

test('taking a value out leaves a gap, withdrawing brings the raw one back; neither without something to act on', async () => {
  await putReadings(database(), curve(address(1), 1))
  await touch([1, '2026-10-05'])
  await run()
  await expect(edit('withdraw', 10)).rejects.toThrow(/no edit/)
  await expect(edit('reject', 200)).rejects.toThrow(/no value/)
  await edit('reject', 10)
  await run()
  expect(await figures()).toMatchObject([{ energy: '4.8', estimated: '2', may_act: false }])
  await expect(edit('reject', 10)).rejects.toThrow(/no value/)
  await edit('withdraw', 10)
  await run()
  expect(await figures()).toMatchObject([{ energy: '4.8', estimated: '0', may_act: true }])
  await expect(query("UPDATE reading_edit SET who = 'nobody'")).rejects.toThrow(/append-only/)
})

test('a value that contradicts a stored one is not used until a person decides', async () => {
  await putReadings(database(), curve(address(1), 1))
  await query(`INSERT INTO reading_conflict (meter_id, time, item, value, quality, source, received_at) VALUES (1, $1, ${TOTAL}, 101.07, 'measured', 'poll', now())`, [at(20)])
  await touch([1, '2026-10-05'])
  await run()
  expect(await figures()).toMatchObject([{ energy: '4.8', complete: false, estimated: '2' }])
  expect(await query('SELECT reason, method FROM vee_gap')).toEqual([{ reason: 'VEE-2-DUPLICATE', method: 'line' }])
  await edit('replace', 20, '101.00')
  await run()
  expect(await figures()).toMatchObject([{ complete: true, may_act: false, estimated: '0' }])
})

test('a flown-away register: no energy, no month, no cost; its registers are read once more', async () => {
  clock.advance(Date.parse('2026-10-06T00:00:00Z') - clock.now())
  await putReadings(database(), curve(address(1), 1).map((one, slot) => (slot >= 50 ? { ...one, value: (Number(one.value) + 5_000).toFixed(2) } : one)))
  await touch([1, '2026-10-05'])
  await run()
  expect(await figures()).toMatchObject([{ energy: null, why_not: expect.stringContaining('VEE-4-STEP') as string, may_act: false }])
  expect(await months()).toMatchObject([{ energy: null, why_not: expect.stringContaining('2026-10-05') as string, cost: null }])
  expect(await query('SELECT energy, state FROM daily_energy')).toEqual([{ energy: null, state: 'doubtful' }])
  expect(await query("SELECT count(*)::int AS slots, min(again) AS again FROM collection_gap WHERE plan_id = 'curve-15min'")).toEqual([{ slots: 97, again: 'due' }])
  // The order is there once, however often the day is computed.
  await touch([1, '2026-10-05'])
  await run()
  expect(await query('SELECT count(*)::int AS slots FROM collection_gap')).toEqual([{ slots: 97 }])
})

test('a correction reaches later days that look at this one, in their own time', async () => {
  // Two like weekdays before the third; the first turns out to be a third of what it was.
  await putReadings(database(), curve(address(1), 15))
  await touch(...Array.from({ length: 15 }, (_, n): [number, string] => [1, `2026-10-${String(5 + n).padStart(2, '0')}`]))
  await run()
  await run()
  expect((await figures()).every(({ complete }) => complete === true)).toBe(true)
  await edit('reject', 0)
  await run()
  expect(await query('SELECT DISTINCT cause ->> \'kind\' AS kind FROM touched_days')).toEqual([{ kind: 'earlier-day' }])
  await run()
  await run()
  expect(await query('SELECT count(*)::int AS left FROM touched_days')).toEqual([{ left: 0 }])
})

test('a day in progress ends with its last register; a silent meter has no figure for it', async () => {
  clock.advance(Date.parse('2026-10-05T00:20:00Z') - clock.now())
  await putReadings(database(), curve(address(1), 1).slice(0, 30))
  await touch([1, '2026-10-05'])
  await run()
  expect(await figures()).toMatchObject([{ energy: '1.45', may_act: false, estimated: '0' }])
  expect(await query('SELECT day_over, counts FROM vee_day')).toMatchObject([{ day_over: false, counts: { measured: 29, missing: 0 } }])
  expect(await months()).toEqual([])
})

test('a multiplier that is changed holds from then on; the day of the change has no energy', async () => {
  await putReadings(database(), curve(address(1), 3))
  await query('UPDATE meter SET ct_ratio = 30 WHERE id = 1')
  await query('UPDATE meter_ratio SET until_at = $1', [at(96 + 40)])
  await touch([1, '2026-10-05'], [1, '2026-10-06'], [1, '2026-10-07'])
  await run()
  expect(await figures()).toMatchObject([{ energy: '4.8' }, { energy: null, why_not: expect.stringContaining('multiplier') as string }, { energy: '144' }])
  expect(await query('SELECT energy::text AS energy, state FROM daily_energy ORDER BY day')).toEqual([
    { energy: '4.8', state: 'measured' }, { energy: null, state: 'ratio-changed' }, { energy: '144', state: 'measured' },
  ])
})

test('estimates are final once the meter has forgotten; audits of closed months are queued again', async () => {
  await putReadings(database(), curve(address(1), 1, (slot) => slot === 7))
  await touch([1, '2026-10-05'])
  await run()
  clock.advance(Date.parse('2026-10-07T15:00:00Z') - clock.now())
  expect(await closeGaps(database().pool, new Date('2026-10-06T00:00:00Z'))).toBe(0)
  expect(await closeGaps(database().pool, new Date('2026-10-07T16:00:00Z'))).toBe(1)
  await query(`INSERT INTO energy_audit (meter_id, month, report, computed_at) VALUES (1, '2026-10-01', '{"period": {"monthOver": true}}', now())`)
  await putReadings(database(), curve(address(1), 1, (slot) => slot !== 7))
  await touch([1, '2026-10-05'])
  await run()
  const queued: unknown[] = []
  const queues = { add: (name: string, data: unknown) => { queued.push([name, data]); return Promise.resolve('') } }
  expect(await queueAuditsDue(database().pool, queues)).toBe(1)
  expect(queued).toEqual([['analysis.audit', { meter: address(1), month: '2026-10' }]])
  expect(await queueAuditsDue(database().pool, queues)).toBe(0)
  expect(await query('SELECT state FROM vee_gap')).toEqual([{ state: 'filled' }])
})
