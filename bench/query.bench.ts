import { latestReadings, openDatabase, readingsPage, tidyDays } from '@zhuzhan/persistence'
import { startPostgres } from '@zhuzhan/testing'
import pg from 'pg'
import { median, percentile95, print, resultOf } from './harness.js'
import type { Run } from './harness.js'
import { DAY_MS, ITEMS, fillNarrow, fillWide } from './readings-table.js'

/**
 * Queries of readings over METERS meters, DAYS days of quarter hours with three items (values in the table = METERS x DAYS x 288), through
 * the functions of the API, or for many meters through the view `reading_value`. Foil: one row a value, key (meter_id, time, item), with
 * FOIL_METERS meters of the same days; a smaller table than ours when that is less.
 * The rows are filled in the order they come in, by time; ours are then put in order by the station's own `tidyDays`, as at night (TIDY=0:
 * left as they are). Each query asks for other meters and days every time, ours of all METERS. `cold`: the first time after PostgreSQL was started anew; the kernel's cache stays.
 */
const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const [METERS, DAYS, RUNS] = [size('METERS', 1_000), size('DAYS', 35), size('RUNS', 25)]
const FOIL_METERS = size('FOIL_METERS', Math.min(METERS, 1_000))
const AREA = 1_000
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS
const FROM = TODAY - DAYS * DAY_MS

const postgres = await startPostgres({ settings: { shared_buffers: '128MB', max_wal_size: '4GB', wal_level: 'minimal', max_wal_senders: '0', maintenance_work_mem: '256MB' } })
let database = openDatabase({ url: postgres.url })
const begin = performance.now()
// A pool of its own: filling a day may take longer than a query of the station may.
const filler = new pg.Pool({ connectionString: postgres.url, max: 1 })
const bytes = { wide: await fillWide(filler, METERS, FROM, DAYS), narrow: await fillNarrow(filler, FOIL_METERS, FROM, DAYS) }
await filler.end()
process.stderr.write(`filled in ${Math.round((performance.now() - begin) / 1_000)} s\n`)
const tidied = process.env['TIDY'] === '0' ? [] : (await tidyDays(database.pool, {
  now: TODAY, afterDays: 1, onDay: (outcome) => process.stderr.write(`\rput in order: ${outcome.day} ${'why' in outcome ? outcome.reason : ''} `),
}))?.flatMap((outcome) => ('why' in outcome ? [] : [outcome])) ?? []
const tidy = tidied.length > 0 && {
  tidied: {
    days: tidied.length, rowsADay: tidied[0]?.rows,
    lockedMsADay: median(tidied.map(({ lockedMs }) => lockedMs)), msADay: median(tidied.map(({ tookMs }) => tookMs)),
    bytesPerValue: Number((tidied.reduce((sum, { bytesAfter }) => sum + bytesAfter, 0) / (METERS * DAYS * 96 * ITEMS.length)).toFixed(1)),
  },
}

const monthOf = (n: number, meters: number) => ({ meter: 1 + (n * 7_919) % meters, from: new Date(FROM + DAY_MS), to: new Date(FROM + 31 * DAY_MS) })
const dayOf = (n: number, meters: number) => ({ first: 1 + (n * 101) % Math.max(1, meters - AREA + 1), from: new Date(FROM + (n % DAYS) * DAY_MS), to: new Date(FROM + (1 + n % DAYS) * DAY_MS) })
const [ENERGY] = ITEMS
const NARROW = 'SELECT time, item, value::text AS value, quality::text AS quality, source::text AS source, occurred_at, received_at FROM narrow WHERE'
const AREA_DAY = (table: string) => `SELECT meter_id, count(*) AS points, min(value)::text AS least, max(value)::text AS most FROM ${table}
  WHERE meter_id BETWEEN $1 AND $2 AND time >= $3 AND time < $4 AND item = ${ENERGY} GROUP BY meter_id`
const AREA_ROWS = (table: string) => `SELECT meter_id, time, value::text AS value FROM ${table} WHERE meter_id BETWEEN $1 AND $2 AND time >= $3 AND time < $4 AND item = ${ENERGY}`
const LATEST = (table: string) => `SELECT m.id, l.time, l.value::text AS value FROM generate_series(1, $1::int) AS m (id) CROSS JOIN LATERAL (
  SELECT time, value FROM ${table} WHERE meter_id = m.id AND item = ${ENERGY} AND time > $2 AND time <= $3 ORDER BY time DESC LIMIT 1) AS l`
const LATEST_METERS = Math.min(METERS, 10_000)

interface Query { name: string; rows: number; ours(pool: pg.Pool, n: number): Promise<{ length: number }>; foil?(pool: pg.Pool, n: number): Promise<{ length: number }> }
const rowsOf = async (pool: pg.Pool, text: string, values: unknown[]) => (await pool.query(text, values)).rows
const page = async (pool: pg.Pool, n: number, items?: number[]) => {
  const { meter, from, to } = monthOf(n, METERS)
  return (await readingsPage(pool, { meterId: meter, from, to, items, conflicts: false, limit: 10_000 })).rows
}
const area = (sql: (table: string) => string, table: string, meters: number) => (pool: pg.Pool, n: number) => {
  const { first, from, to } = dayOf(n, meters)
  return rowsOf(pool, sql(table), [first, first + AREA - 1, from, to])
}
const month = (condition: string) => (pool: pg.Pool, n: number) => {
  const { meter, from, to } = monthOf(n, FOIL_METERS)
  return rowsOf(pool, `${NARROW} meter_id = $1 AND time >= $2 AND time < $3 ${condition} ORDER BY time, item`, [meter, from, to])
}
const QUERIES: Query[] = [
  { name: "a meter's month, one item", rows: 2_880, ours: (pool, n) => page(pool, n, [ENERGY]), foil: month(`AND item = ${ENERGY}`) },
  { name: "a meter's month, three items", rows: 8_640, ours: (pool, n) => page(pool, n), foil: month('') },
  { name: "an area's day of 1,000 meters, figures of each", rows: AREA, ours: area(AREA_DAY, 'reading_value', METERS), foil: area(AREA_DAY, 'narrow', FOIL_METERS) },
  { name: "an area's day of 1,000 meters, every point", rows: AREA * 96, ours: area(AREA_ROWS, 'reading_value', METERS), foil: area(AREA_ROWS, 'narrow', FOIL_METERS) },
  { name: "a meter's latest values", rows: 3, ours: (pool, n) => latestReadings(pool, monthOf(n, METERS).meter, new Date(TODAY)) },
  {
    name: `latest values of ${LATEST_METERS.toLocaleString('en')} meters within a day`, rows: LATEST_METERS,
    ours: (pool) => rowsOf(pool, LATEST('reading_value'), [LATEST_METERS, new Date(TODAY - DAY_MS), new Date(TODAY)]),
  },
]

async function timed(query: Query, which: 'ours' | 'foil', n: number): Promise<number> {
  const start = performance.now()
  const { length } = await (query[which] as NonNullable<Query['foil']>)(database.pool, n)
  const took = performance.now() - start
  if (length !== query.rows) throw new Error(`${query.name}: ${length} rows, ${query.rows} expected`)
  return took
}

for (const query of QUERIES) {
  await database.close()
  await postgres.restart()
  database = openDatabase({ url: postgres.url })
  await database.pool.query('SELECT 1')
  const cold = { ours: await timed(query, 'ours', 0), ...(query.foil && { foil: await timed(query, 'foil', 0) }) }
  const runs: Run[] = []
  const rounds = query.rows >= 50_000 || query.rows === LATEST_METERS ? Math.min(RUNS, 9) : RUNS
  for (let n = 1; n <= rounds; n += 1) runs.push({ ours: await timed(query, 'ours', n), foil: query.foil ? await timed(query, 'foil', n) : Number.NaN })
  print(resultOf(`query: ${query.name}`, 'ms', runs, {
    p95: { ours: percentile95(runs.map(({ ours }) => ours)), foil: percentile95(runs.map(({ foil }) => foil)) }, median: median(runs.map(({ ours }) => ours)), cold,
    values: { ours: METERS * DAYS * 96 * ITEMS.length, foil: FOIL_METERS * DAYS * 96 * ITEMS.length }, bytesPerValue: bytes, ...tidy,
  }))
}
await database.close()
await postgres.stop()
