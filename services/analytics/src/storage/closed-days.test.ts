import { manualClock } from '@zhuzhan/core'
import { createEventLog, createPartitions } from '@zhuzhan/persistence'
import { metricsText } from '@zhuzhan/telemetry'
import { withPostgres } from '@zhuzhan/testing'
import { addMeter, addTerminal, address, emptyStation, putReadings, reading, silentLog, testDatabase } from '../fixtures/station.js'
import { createClosedDays } from './closed-days.js'

const db = withPostgres()
const database = testDatabase(() => db.url)
const query = async (sql: string): Promise<Record<string, unknown>[]> => (await database().pool.query(sql)).rows as Record<string, unknown>[]
const NOW = Date.parse('2026-10-05T18:00:00Z')
const daysAt = (tidyAfterDays: number, keepReadingsDays: number) => createClosedDays({
  pool: database().pool, events: createEventLog(database().pool), clock: manualClock(NOW), log: silentLog, settings: { tidyAfterDays, keepReadingsDays },
})
const run = (tidyAfterDays: number, keepReadingsDays: number) => daysAt(tidyAfterDays, keepReadingsDays).run(new AbortController().signal)
const events = async (count: number) => {
  for (let n = 0; n < 100 && (await query("SELECT 1 FROM event WHERE kind LIKE 'storage.%'")).length < count; n++) await new Promise((resolve) => setTimeout(resolve, 20))
  return query("SELECT kind, severity, detail FROM event WHERE kind LIKE 'storage.%' ORDER BY id")
}

beforeEach(async () => {
  await emptyStation(database())
  await database().pool.query('TRUNCATE reading_tidy')
  await addTerminal(database())
  await addMeter(database(), address(1))
  await createPartitions(database().pool, () => NOW).ensure([1, 2, 3, 4].map((n) => Date.parse(`2026-10-0${n + 1}T00:00:00Z`)))
  await putReadings(database(), [2, 3, 4, 5].map((day) => reading(address(1), `2026-10-0${day}T01:00:00Z`, '1')))
})

test('one run drops what is too old, puts what is closed in order, tells and counts it', async () => {
  expect(await run(2, 3)).toEqual({ dropped: 1, tidied: 1 })
  expect(await query('SELECT time FROM reading ORDER BY time')).toHaveLength(3)
  expect(await events(2)).toEqual([
    { kind: 'storage.dropped', severity: 'info', detail: expect.objectContaining({ day: '2026-10-02', rows: 1 }) as object },
    { kind: 'storage.tidied', severity: 'info', detail: expect.objectContaining({ day: '2026-10-03', rows: 1 }) as object },
  ])
  expect(await metricsText()).toMatch(/zhuzhan_analytics_days_tidied_total\{result="done"\} 1/)
  expect(await run(2, 3)).toEqual({ dropped: 0, tidied: 0 })
})

test('switched off, it does nothing', async () => {
  expect(await run(0, 0)).toEqual({ dropped: 0, tidied: 0 })
  expect(await query('SELECT * FROM reading')).toHaveLength(4)
})

test('a fault is told, and does not stop the other half', async () => {
  await database().pool.query('ALTER TABLE audit_entry RENAME TO audit_away')
  try {
    expect(await run(2, 3)).toEqual({ dropped: 0, tidied: 2 })
  } finally {
    await database().pool.query('ALTER TABLE audit_away RENAME TO audit_entry')
  }
  expect((await events(3)).filter(({ kind }) => kind === 'storage.fault')).toEqual([{ kind: 'storage.fault', severity: 'warning', detail: expect.objectContaining({ task: 'drop', day: '2026-10-02' }) as object }])
  expect(await query('SELECT * FROM reading')).toHaveLength(4)
})
