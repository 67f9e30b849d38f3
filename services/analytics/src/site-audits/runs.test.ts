import { manualClock } from '@zhuzhan/core'
import type { JobName } from '@zhuzhan/contracts'
import { demoPlant, exactText, siteAudit } from '@zhuzhan/energy-audit'
import type { SiteAudit, SiteInput } from '@zhuzhan/energy-audit'
import { withPostgres } from '@zhuzhan/testing'
import { transaction } from '@zhuzhan/persistence'
import type { Reading } from '@zhuzhan/contracts'
import { addMeter, addTerminal, address, emptyStation, putReadings, reading, testDatabase } from '../fixtures/station.js'
import { computeValidatedDays } from '../metering/validated-days.js'
import { ITEMS } from './load-meters.js'
import { createAuditRuns } from './runs.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const sql = async <T extends object = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<T[]> => (await database().pool.query<T>(text, values)).rows
const RUN = '00000000-0000-4000-8000-000000000001'
const NOW = Date.parse('2026-11-04T00:00:00Z')
const BEGIN = '2026-09-30T16:00:00Z'
const END = '2026-10-31T16:00:00Z'

const newRun = (level: string, subject: string | null = null, month = '2026-10') =>
  sql('INSERT INTO energy_audit_run (id, level, month, subject, requested_by) VALUES ($1, $2, $3::date, $4, $5)', [RUN, level, `${month}-01`, subject, 'somebody'])
const runRow = async () => (await sql('SELECT state, total, done, failed, cursor, errors FROM energy_audit_run'))[0]
const watch = { progress: async () => undefined, signal: new AbortController().signal }

function runner(sliceMs?: number) {
  const added: [string, object][] = []
  const add = async (name: JobName, data: object): Promise<string> => { added.push([name, data]); return '' }
  return { added, runs: createAuditRuns({ pool: database().pool, queues: { add: add as never }, clock: manualClock(NOW), ...(sliceMs !== undefined && { sliceMs }) }) }
}

const empty = async (): Promise<void> => {
  await emptyStation(database())
  await sql('TRUNCATE energy_site, energy_site_meter, energy_audit_run, energy_audit_version CASCADE')
  await addTerminal(database())
}

/** The made-up plant's readings as rows, and its site. */
async function putPlant(plant: SiteInput): Promise<void> {
  const readings: Reading[] = []
  for (const meter of plant.meters) {
    await addMeter(database(), meter.address, { ctRatio: Number(meter.ctRatio), tariff: 'ZJ-CI-2026' })
    const put = (time: number, item: number, value: string): number => readings.push(reading(meter.address, time, value, { item }))
    for (const { time, value } of meter.curve) put(time, ITEMS.total, exactText(value))
    const curve = new Set(meter.curve.map(({ time }) => time))
    for (const { time, values } of meter.midnights) for (const [index, value] of values) if (index > 1 || !curve.has(time)) put(time, ITEMS.total + index - 1, exactText(value))
    for (const { time, value } of meter.reactive) put(time, ITEMS.reactive, exactText(value))
    for (const { time, volts, amps, powerFactor } of meter.samples) {
      volts?.forEach((value, phase) => put(time, ITEMS.volts + phase, String(value)))
      amps?.forEach((value, phase) => put(time, ITEMS.amps + phase, String(value)))
      if (powerFactor !== undefined) put(time, ITEMS.powerFactor, exactText(powerFactor))
    }
    if (meter.demandRegister) readings.push(reading(meter.address, Date.parse(END), exactText(meter.demandRegister.value), { item: ITEMS.demand, occurredAt: meter.demandRegister.occurredAt ?? undefined }))
  }
  await putReadings(database(), readings)
  const settings = {
    contract: { use: 'industry', shifts: 'two', capacityKva: '1000', charging: 'capacity', capacityPriceCnyPerKva: '30', demandPriceCnyPerKw: '48', powerFactorStandard: '0.90' },
    tariff: 'ZJ-CI-2026', flatPriceCnyPerKwh: '0.65', transformer: { ratedKva: '1000', noLoadLossKw: '1.7', loadLossKw: '10.3' },
  }
  await sql("INSERT INTO energy_site (id, level, name, settings, changed_by) VALUES ('works', 'plant', 'Works', $1, 'test')", [settings])
  await sql("INSERT INTO energy_site_meter SELECT 'works', id, CASE address WHEN $1 THEN 'main' ELSE 'sub' END, CASE address WHEN $1 THEN NULL ELSE (SELECT id FROM meter WHERE address = $1) END FROM meter", [plant.meters[0]?.address])
}

/** October of every meter, as analytics validates it when the readings come. */
async function validate(): Promise<void> {
  const ids = (await sql<{ id: number }>('SELECT id FROM meter')).map(({ id }) => id)
  for (let day = 1; day <= 31; day++) {
    await transaction(database().pool, (client) => computeValidatedDays(client, { registerFullScale: 1e8 }, `2026-10-${String(day).padStart(2, '0')}`, ids, new Date(NOW), { kind: 'readings' }))
  }
}

describe.each(['readings', 'validated days'])('a plant out of %s', (source) => {
  let audit: SiteAudit
  const made = demoPlant('2026-10', 'en')
  beforeAll(async () => {
    await empty()
    await putPlant(made)
    if (source === 'readings') return
    await sql("UPDATE meter SET created_at = '2026-09-01'")
    await validate()
  })
  const MAIN = 'SELECT id FROM meter WHERE address = \'000000990001\''
  const number = (key: string, name: string) => audit.rows.find((row) => row.key === key)?.numbers[name]
  const value = async (text: string, values: unknown[] = [BEGIN, END]): Promise<number> => Number((await sql<{ v: string }>(text, values))[0]?.v)
  const POWER = `SELECT time, (value - lag(value) OVER (ORDER BY time)) * 100 * 4 AS kw FROM reading_value WHERE meter_id = (${MAIN}) AND item = ${ITEMS.total} AND time >= $1 AND time <= $2`
  const used = (item: number) => `SELECT (max(value) - min(value)) * 100 AS v FROM reading_value WHERE meter_id = (${MAIN}) AND item = ${item} AND time IN ($1::timestamptz, $2::timestamptz)`

  test('its figures equal plain SQL over the same rows', async () => {
    await newRun('plant')
    expect(await runner().runs.work(RUN, watch)).toBe(1)
    expect(await runRow()).toMatchObject({ state: 'done', total: 1, done: 1, failed: 0 })
    const rows = await sql<{ audit: SiteAudit; version: number; provisional: boolean }>('SELECT audit, version, provisional FROM energy_audit_version')
    expect(rows).toMatchObject([{ version: 1, provisional: false }])
    audit = rows[0]!.audit

    expect(Number(audit.energy.kwh)).toBe(await value(used(ITEMS.total)))
    for (const [at, period] of (['sharp', 'peak', 'flat', 'valley', 'deep'] as const).entries()) expect(Number(audit.periods.find((one) => one.period === period)?.kwh ?? 0)).toBe(await value(used(ITEMS.total + at + 1)))
    // Ratios of ZJ-CI-2026 in October times 0.65.
    const cost = await value(`SELECT round(sum(round(kwh * price, 4)), 2) AS v FROM (VALUES ((${used(ITEMS.total + 2)}), 1.85 * 0.65), ((${used(ITEMS.total + 3)}), 0.65), ((${used(ITEMS.total + 4)}), 0.4 * 0.65)) AS one (kwh, price)`)
    expect(Number(audit.bill?.energyCny)).toBe(cost)
    expect(Number(number('demand', 'maximumKw'))).toBe(await value(`SELECT round(max(kw), 2) AS v FROM (${POWER}) p`))
    expect(Number(number('peakValley', 'differenceKw'))).toBe(await value(`SELECT round(max(kw) - min(kw), 2) AS v FROM (${POWER}) p`))
    expect(Number(number('baseLoad', 'baseKw'))).toBeCloseTo(await value(`SELECT percentile_cont(0.05) WITHIN GROUP (ORDER BY kw) AS v FROM (${POWER}) p WHERE kw IS NOT NULL`), 2)
    expect(number('loadFactor', 'monthShare')).toBeCloseTo(await value(`SELECT avg(kw) / max(kw) AS v FROM (${POWER}) p`), 4)
    const factor = await value(`SELECT round(p / sqrt(p * p + q * q), 2) AS v FROM (SELECT (${used(ITEMS.total)}) AS p, (${used(ITEMS.reactive)}) AS q) one`)
    expect(number('powerFactor', 'powerFactor')).toBe(factor)
    // Standard 0.90: half a percent for each 0.01 below, on energy and capacity charge.
    expect(Number(audit.bill?.adjustmentCny)).toBeCloseTo((cost + 30_000) * Math.round((0.9 - factor) * 100) * 0.005, 2)
    const outside = `SELECT count(*) FILTER (WHERE value BETWEEN 204.6 AND 235.4)::numeric / count(*) AS v FROM reading_value WHERE meter_id = (${MAIN}) AND item BETWEEN ${ITEMS.volts} AND ${ITEMS.volts + 2} AND time >= $1 AND time < $2`
    expect(number('voltage', 'insideShare')).toBeCloseTo(await value(outside), 4)
    const unbalance = `SELECT avg((greatest(a, b, c) - m) / m) AS v FROM (SELECT a, b, c, (a + b + c) / 3 AS m FROM (SELECT max(value) FILTER (WHERE item = ${ITEMS.amps}) AS a, max(value) FILTER (WHERE item = ${ITEMS.amps + 1}) AS b, max(value) FILTER (WHERE item = ${ITEMS.amps + 2}) AS c
      FROM reading_value WHERE meter_id = (${MAIN}) AND time >= $1 AND time < $2 GROUP BY time) x) y WHERE m >= 0.1 * (SELECT max(s) / 3 FROM (SELECT sum(value) AS s FROM reading_value WHERE meter_id = (${MAIN}) AND item BETWEEN ${ITEMS.amps} AND ${ITEMS.amps + 2} GROUP BY time) z)`
    expect(number('unbalance', 'currentMeanShare')).toBeCloseTo(await value(unbalance), 4)
    expect(audit.status.present).toBe(await value(`SELECT count(*) AS v FROM reading_value WHERE item = ${ITEMS.total} AND time >= $1 AND time < $2`))
    const subs = await sql<{ address: string; v: string }>(`SELECT m.address, (max(value) - min(value)) * m.ct_ratio AS v FROM reading_value r JOIN meter m ON m.id = r.meter_id WHERE item = ${ITEMS.total} AND time IN ($1::timestamptz, $2::timestamptz) GROUP BY m.address, m.ct_ratio`, [BEGIN, END])
    expect(new Map(audit.meters.map(({ address: one, kwh }) => [one, Number(kwh)]))).toEqual(new Map(subs.map(({ address: one, v }) => [one, Number(v)])))
  })

  test('it is audited as it was made', () => {
    const expected = siteAudit(made)
    expect([audit.energy, audit.periods, audit.charts.profiles]).toEqual([expected.energy, expected.periods, expected.charts.profiles])
  })

  test('the same data make no second version, other data do', async () => {
    await sql('TRUNCATE energy_audit_run')
    await newRun('plant', 'works')
    await runner().runs.work(RUN, watch)
    expect(await sql('SELECT version FROM energy_audit_version')).toEqual([{ version: 1 }])
    await sql('TRUNCATE energy_audit_run')
    await sql("UPDATE energy_site SET settings = jsonb_set(settings, '{flatPriceCnyPerKwh}', '\"0.7\"')")
    await newRun('plant', 'works')
    await runner().runs.work(RUN, watch)
    expect(await sql('SELECT version FROM energy_audit_version ORDER BY version')).toEqual([{ version: 1 }, { version: 2 }])
  })

  test(`it looks at ${source} and nothing else`, async () => {
    const count = () => value('SELECT count(*) AS v FROM energy_audit_version', [])
    const before = await count()
    await sql(`DELETE FROM reading WHERE meter_id = (${MAIN}) AND time = '2026-10-10T03:15:00Z'`)
    await sql('TRUNCATE energy_audit_run')
    await newRun('plant', 'works')
    await runner().runs.work(RUN, watch)
    expect(await count() - before).toBe(source === 'readings' ? 1 : 0)
  })
})

describe('a run over many meters', () => {
  beforeEach(empty)
  const meters = async (count: number) => { for (let at = 1; at <= count; at++) await addMeter(database(), address(at)) }
  const stored = async () => (await sql<{ subject: string }>("SELECT subject FROM energy_audit_version WHERE level = 'customer' ORDER BY subject")).map(({ subject }) => subject)
  const all = (count: number) => Array.from({ length: count }, (_, at) => address(at + 1))

  test('goes on in slices, each queued behind the last', async () => {
    await meters(3)
    await newRun('customer')
    const slow = runner(0)
    // A slice of no time does nothing but queue the next.
    expect([await slow.runs.work(RUN, watch), slow.added]).toEqual([0, [['analysis.audit-run', { run: RUN }]]])
    expect(await runRow()).toMatchObject({ state: 'running', total: 3, done: 0 })
    expect(await runner().runs.work(RUN, watch)).toBe(3)
    expect([await runRow(), await stored()]).toMatchObject([{ state: 'done', done: 3, cursor: address(3) }, all(3)])
  })

  // Mutation seen: with STEP leaving the cursor as it is, the second worker begins anew.
  test('killed in the middle it resumes behind the last subject and does nothing twice', async () => {
    await meters(5)
    await newRun('customer')
    const stop = new AbortController()
    let told = 0
    const dying = createAuditRuns({ pool: database().pool, queues: { add: (async () => '') as never }, clock: manualClock(NOW), largestPage: 1 })
    // Told once a page, before the page is stored: the third one's way there is cut off.
    const progress = async (): Promise<void> => { if (++told === 4) stop.abort(new Error('killed')) }
    await expect(dying.work(RUN, { progress, signal: stop.signal })).rejects.toThrow('killed')
    const [{ done }] = await sql<{ done: number }>('SELECT done FROM energy_audit_run') as [{ done: number }]
    expect([await runRow(), await stored()]).toMatchObject([{ state: 'running', cursor: address(done) }, all(done)])
    expect([3, 4]).toContain(done)
    expect(await runner().runs.work(RUN, watch)).toBe(5 - done)
    expect([await runRow(), await stored()]).toMatchObject([{ state: 'done', done: 5 }, all(5)])
  })

  // Mutation seen: without the cursor in STEP's condition both count.
  test('two workers at once share a run without counting a subject twice', async () => {
    await meters(6)
    await newRun('customer')
    await Promise.all([runner().runs.work(RUN, watch), runner().runs.work(RUN, watch)])
    await runner().runs.work(RUN, watch)
    expect([await runRow(), await stored()]).toMatchObject([{ state: 'done', done: 6, failed: 0 }, all(6)])
  })

  test('cancelled it stops, and stays so', async () => {
    await meters(3)
    await newRun('customer')
    await sql("UPDATE energy_audit_run SET state = 'cancelled'")
    expect(await runner().runs.work(RUN, watch)).toBe(0)
    expect([await runRow(), await stored()]).toMatchObject([{ state: 'cancelled', done: 0 }, []])
  })

  test('a subject that cannot be audited is counted and named, the others go on', async () => {
    await meters(1)
    await sql("INSERT INTO energy_site (id, level, settings, changed_by) VALUES ('a', 'plant', '{}', 'x'), ('b', 'plant', '{\"contract\": {\"use\": \"none\"}}', 'x')")
    await sql("INSERT INTO energy_site_meter SELECT 'b', id, 'main', NULL FROM meter")
    await newRun('plant')
    await runner().runs.work(RUN, watch)
    expect(await runRow()).toMatchObject({ state: 'done', total: 2, done: 0, failed: 2, errors: [{ subject: 'a', error: expect.stringContaining('main meter') }, { subject: 'b', error: expect.stringContaining('contract.use') }] })
  })

  test('runs nobody works on are queued again, young ones are not', async () => {
    await newRun('customer')
    const { runs, added } = runner()
    await sql('UPDATE energy_audit_run SET updated_at = $1', [new Date(NOW - 30_000)])
    expect(await runs.wake()).toBe(0)
    await sql('UPDATE energy_audit_run SET updated_at = $1', [new Date(NOW - 61_000)])
    expect([await runs.wake(), added]).toEqual([1, [['analysis.audit-run', { run: RUN }]]])
  })
})
