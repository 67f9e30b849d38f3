import { manualClock } from '@zhuzhan/core'
import type { JobName } from '@zhuzhan/contracts'
import { withPostgres } from '@zhuzhan/testing'
import { TOTAL, addMeter, addTerminal, address, emptyStation, putReadings, reading, tariffItem, testDatabase } from '../fixtures/station.js'
import { createAudits, monthsDue } from './audits.js'

const BEGIN = Date.parse('2026-09-30T16:00:00Z')
const SLOT_MS = 900_000
const db = withPostgres()
const database = testDatabase(() => db.url)
const query = async (sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> => (await database().pool.query(sql, values)).rows as Record<string, unknown>[]

const auditsAt = (now: string) => {
  const added: [string, object, object | undefined][] = []
  const add = async (name: JobName, data: object, options?: object): Promise<string> => { added.push([name, data, options]); return '' }
  return { added, audits: createAudits({ pool: database().pool, queues: { add: add as never }, clock: manualClock(Date.parse(now)) }) }
}

beforeEach(async () => {
  await emptyStation(database())
  await addTerminal(database())
})

test('two days of October by hand, from rows to the stored report', async () => {
  await addMeter(database(), address(1), { ctRatio: 10, tariff: 'ZJ-RES', createdAt: '2026-10-01T02:00:00Z' })
  // 1 kWh a quarter hour in all: 10 with the ratio. The first slots were frozen before the meter was registered.
  const curve = Array.from({ length: 193 }, (_, slot) => reading(address(1), BEGIN + slot * SLOT_MS, `${500 + slot}.00`, slot === 7 ? { quality: 'recollected' } : {}))
  const tariffs = [0, 1, 2].flatMap((day) => [0, 56, 0, 40].map((kWh, index) => reading(address(1), BEGIN + day * 96 * SLOT_MS, String(kWh * day), { item: tariffItem(index + 1) })))
  const noise = [reading(address(1), BEGIN + 60_000, '501'), reading(address(1), BEGIN - SLOT_MS * 4_000, '1'), reading(address(1), BEGIN, '220.1', { item: 0x20000201 })]
  await putReadings(database(), [...curve, ...tariffs, ...noise])
  await query("INSERT INTO reading_conflict SELECT meter_id, time, item, value + 1, quality, source, occurred_at, received_at FROM reading_value WHERE item = $1 AND time = $2", [TOTAL, new Date(BEGIN)])

  const { audits } = auditsAt('2026-10-02T16:00:30Z')
  const report = await audits.one(address(1), '2026-10')
  expect(report).toMatchObject({
    period: { from: '2026-10-01T00:00:00+08:00', monthOver: false, installedAt: '2026-10-01T00:00:00+08:00' },
    provisional: true,
    energy: { total: { value: '1920', basis: 'registers', to: '2026-10-03T00:00:00+08:00' }, intervalCheck: { holds: true } },
    energyByPeriod: { basis: 'registers', periods: { peak: { value: '1120' }, valley: { value: '800' } } },
    // 1,120 x 0.568 + 800 x 0.288; the year's begin is not known.
    cost: { amount: '866.56', notApplied: ['yearly steps: no register of the year\'s begin'] },
    maximumDemand: { value: '40', register: null },
    loadFactor: { month: 1, daily: 1, dailyOverDays: 2 },
    completeness: { expected: 193, present: 193, recollected: 1, share: 1 },
    data: { midnightRegisters: 3, midnightsExpected: 3, conflicts: 1, latestReceivedAt: '2026-10-03T00:01:00+08:00' },
  })
  const [row] = await query('SELECT month::text AS month, report, computed_at FROM energy_audit')
  expect(row).toEqual({ month: '2026-10-01', report: JSON.parse(JSON.stringify(report)), computed_at: new Date('2026-10-02T16:00:30Z') })
})

test('the meter\'s own maximum demand of the month, and the year\'s register', async () => {
  await addMeter(database(), address(1), { tariff: 'ZJ-RES', ptRatio: 2 })
  const end = Date.parse('2026-10-31T16:00:00Z')
  await putReadings(database(), [
    reading(address(1), '2025-12-31T16:00:00Z', '0'), reading(address(1), BEGIN, '2000'), reading(address(1), end, '2100'),
    reading(address(1), end, '3.2100', { item: 0x10100201, occurredAt: Date.parse('2026-10-12T10:30:00Z') }),
  ])
  const report = await auditsAt('2026-11-03T00:00:00Z').audits.one(address(1), '2026-10')
  expect(report.maximumDemand.register).toEqual({ value: '6.42', occurredAt: '2026-10-12T18:30:00+08:00' })
  expect(report.cost.notApplied).not.toContain('yearly steps: no register of the year\'s begin')
})

test('a later audit replaces an earlier one, never the other way', async () => {
  await addMeter(database(), address(1))
  await auditsAt('2026-11-02T00:00:00Z').audits.one(address(1), '2026-10')
  await auditsAt('2026-11-01T00:00:00Z').audits.one(address(1), '2026-10')
  expect(await query('SELECT computed_at FROM energy_audit')).toEqual([{ computed_at: new Date('2026-11-02T00:00:00Z') }])
  await auditsAt('2026-11-03T00:00:00Z').audits.one(address(1), '2026-10')
  expect(await query('SELECT computed_at FROM energy_audit')).toEqual([{ computed_at: new Date('2026-11-03T00:00:00Z') }])
})

test('an unknown meter', async () => {
  await expect(auditsAt('2026-11-02T00:00:00Z').audits.one(address(5), '2026-10')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('all: one job a meter and month due, terminals left out, progress told', async () => {
  for (const number of [3, 1, 2]) await addMeter(database(), address(number))
  await query("INSERT INTO meter (address, kind, terminal_address) VALUES ('000000000001', 'terminal', '000000000001')")
  const { added, audits } = auditsAt('2026-10-20T00:00:00Z')
  const seen: number[][] = []
  expect(await audits.all(undefined, { progress: async (done, total) => { seen.push([done, total]) }, signal: new AbortController().signal })).toBe(3)
  expect(added).toEqual([1, 2, 3].map((number) => ['analysis.audit', { meter: address(number), month: '2026-10' }, { jobId: `audit-${address(number)}-2026-10`, priority: 10 }]))
  expect(seen).toEqual([[3, 3]])
})

test.each([
  ['2026-10-20T00:00:00Z', ['2026-10']],
  ['2026-09-30T18:30:00Z', ['2026-09', '2026-10']],
  ['2026-11-07T00:00:00Z', ['2026-10', '2026-11']],
  ['2027-01-02T00:00:00Z', ['2026-12', '2027-01']],
])('at %s the months %j are due', (now, months) => expect(monthsDue(Date.parse(now))).toEqual(months))
