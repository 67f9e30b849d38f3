import { systemClock } from '@zhuzhan/core'
import { noServiceDispatch } from '@zhuzhan/dispatch'
import { createEventLog } from '@zhuzhan/persistence'
import { createQueues } from '@zhuzhan/queues'
import type { Queues } from '@zhuzhan/queues'
import type { Part } from '@zhuzhan/service-kit'
import { withPostgres } from '@zhuzhan/testing'
import { createAnalytics } from './app.js'
import { addMeter, addTerminal, address, emptyStation, reading, silentLog, storeJob, testDatabase } from './fixtures/station.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const query = async (sql: string): Promise<Record<string, unknown>[]> => (await database().pool.query(sql)).rows as Record<string, unknown>[]
const eventually = async (holds: () => Promise<boolean>, ms: number): Promise<void> => {
  for (const end = Date.now() + ms; !(await holds().catch(() => false));) {
    if (Date.now() > end) throw new Error(`not within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

let queues: Queues
let parts: Part[]

beforeEach(async () => {
  await emptyStation(database())
  await addTerminal(database())
  for (let n = 0; n < 20; n++) await addMeter(database(), address(n))
  queues = await createQueues({ databaseUrl: db.url, log: silentLog, applicationName: 'test' })
  parts = createAnalytics({
    database: database(), queues, events: createEventLog(database().pool), serviceDispatch: noServiceDispatch, clock: systemClock, log: silentLog,
    settings: { storeConcurrency: 10, registerFullScale: 1_000_000, figuresSettleSeconds: 0, nightZone: 'Asia/Shanghai', anomalyCaseScore: 0.95, webhooks: { master: undefined, origins: new Set() }, tidyAfterDays: 2, keepReadingsDays: 0, loadObjects: { pile: 'E001', appliance: 'E002' } },
  })
  for (const part of parts) await part.start()
}, 30_000)

afterEach(async () => {
  for (const part of [...parts].reverse()) await part.stop()
  await queues.close()
}, 30_000)

const QUARTER_MS = 900_000
const LATEST = Math.floor(Date.now() / QUARTER_MS) * QUARTER_MS
/** 60 batches of 100 readings, all different; two days back. */
const batches = Array.from({ length: 60 }, (_, batch) => Array.from({ length: 100 }, (__, n) => {
  const all = batch * 100 + n
  return reading(address(all % 20), LATEST - QUARTER_MS * (Math.floor(all / 20) % 180), `${all}.25`, { item: 0x00100201 + Math.floor(all / 3600) })
}))
const identities = new Set(batches.flat().map(({ meter, item, time }) => `${meter} ${item} ${time}`)).size

test('ten workers, every batch delivered twice, the database killed in between: each identity once', async () => {
  const add = async (readings: (typeof batches)[number]): Promise<void> => {
    for (;;) {
      try {
        await queues.add('reading.store', storeJob(readings, Date.now()))
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
  const adding = Promise.all([...batches, ...[...batches].reverse()].map(add))
  await eventually(async () => Number((await query('SELECT count(*) AS n FROM reading_value'))[0]!['n']) > 500, 20_000)
  await db.kill()
  await new Promise((resolve) => setTimeout(resolve, 500))
  await db.restart()
  await adding
  await eventually(async () => {
    const { waiting, active, delayed, failed } = await queues.depth('readings')
    return waiting + active + delayed + failed === 0
  }, 40_000)
  expect(identities).toBe(6_000)
  expect(await query('SELECT count(*) AS n FROM reading_value')).toEqual([{ n: identities }])
  expect(await query('SELECT count(*) AS n FROM reading_conflict')).toEqual([{ n: 0 }])
  expect(await query('SELECT count(*) AS n FROM dead_letter')).toEqual([{ n: 0 }])
}, 90_000)

test('from a queued batch to completeness, daily energy, an audit and an event', async () => {
  const midnight = Math.floor((Date.now() + 8 * 3_600_000) / 86_400_000) * 86_400_000 - 8 * 3_600_000
  const curve = Array.from({ length: 97 }, (_, slot) => reading(address(1), midnight - 86_400_000 + slot * QUARTER_MS, `${100 + slot}`))
  await queues.add('reading.store', storeJob(curve, Date.now()))
  await eventually(async () => (await query('SELECT count(*) AS n FROM touched_days'))[0]!['n'] === 1, 20_000)
  await queues.add('analysis.daily', {})
  const month = new Date(midnight - 86_400_000 + 8 * 3_600_000).toISOString().slice(0, 7)
  await queues.add('analysis.audits', { month })
  await eventually(async () => (await query('SELECT count(*) AS n FROM energy_audit'))[0]!['n'] === 20, 30_000)
  expect(await query("SELECT expected, present FROM completeness WHERE plan_id = 'curve-15min' AND present = 96")).toEqual([{ expected: 96, present: 96 }])
  expect(await query('SELECT energy::text AS energy, state FROM daily_energy')).toEqual([{ energy: '96', state: 'measured' }])
  expect(await query(`SELECT report->'maximumDemand'->>'value' AS kw FROM energy_audit a JOIN meter m ON m.id = a.meter_id WHERE m.address = '${address(1)}'`)).toEqual([{ kw: '4' }])
  await eventually(async () => (await query("SELECT detail FROM event WHERE kind = 'reading.stored'")).length > 0, 5_000)
  expect(await query("SELECT terminal, detail FROM event WHERE kind = 'reading.stored'")).toEqual([{ terminal: '000000000001', detail: { readings: 97 } }])
}, 60_000)

test('a job that no schema accepts is a dead letter with an alarm', async () => {
  await queues.add('reading.store', { batch: 'AAAA', rows: 1 })
  await eventually(async () => (await query("SELECT * FROM event WHERE kind = 'reading.dead-letter'")).length === 1, 20_000)
  expect(await query('SELECT code, origin FROM dead_letter')).toEqual([{ code: 'READING_REFUSED', origin: 'reading.store' }])
  expect(await query("SELECT severity, code FROM event WHERE kind = 'reading.dead-letter'")).toEqual([{ severity: 'alarm', code: 'READING_REFUSED' }])
}, 30_000)

test('days ahead have their partition before their first reading', async () => {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
  await eventually(async () => (await query(`SELECT 1 FROM pg_class WHERE relname = 'reading_${tomorrow}'`)).length === 1, 20_000)
}, 30_000)
