import { toColumns } from '@zhuzhan/contracts'
import type { Reading, ReadingColumns } from '@zhuzhan/contracts'
import { createPartitions, openDatabase, readingsPage, storeReadings } from '@zhuzhan/persistence'
import { startPostgres } from '@zhuzhan/testing'
import { median, print, resultOf } from './harness.js'

/**
 * Cost of a reading (wall time, four batches at once as analytics stores them) and of a query over 1,000, 10,000 and 100,000 meters: the
 * same number of rows of three values, in batches of 2,000 values, meters of an instant in scattered order, sizes by turns, an empty table
 * before each. `ours` is the greatest number of meters, the foil is 1,000. ROWS, ROUNDS change the size.
 */
const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const [ROWS, ROUNDS, WRITERS] = [size('ROWS', 100_000), size('ROUNDS', 5), 4]
const SIZES = [1_000, 10_000, 100_000] as const
const ITEMS = [0x00100201, 0x20000201, 0x20010201]
const DAY_MS = 86_400_000
const FIRST = Math.floor(Date.now() / DAY_MS) * DAY_MS
const BATCH_ROWS = 667
const QUERIES = 300

const postgres = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on', shared_buffers: '128MB', autovacuum: 'on', max_wal_size: '2GB' } })
const database = openDatabase({ url: postgres.url, max: WRITERS + 2 })
const { pool } = database
const partitions = createPartitions(pool)
await partitions.ensure([FIRST, FIRST + DAY_MS])
const address = (id: number): string => String(id).padStart(12, '0')
const ids = { get: (meter: string): number => Number(meter) }

/** Quarter hours of all meters, as far as the rows go; minutes when a day would not hold as many. */
function batchesOf(meters: number): ReadingColumns[] {
  const slotMs = Math.ceil(ROWS / meters) > 96 ? 60_000 : 900_000
  const batches: ReadingColumns[] = []
  for (let at = 0; at < ROWS; at += BATCH_ROWS) {
    const readings: Reading[] = []
    for (let row = at; row < Math.min(ROWS, at + BATCH_ROWS); row += 1) {
      // 7,919 is prime: every meter once, scattered.
      const meter = address(1 + ((row % meters) * 7_919) % meters)
      const time = FIRST + Math.floor(row / meters) * slotMs
      ITEMS.forEach((item, n) => readings.push({ meter, item, time, value: n === 0 ? (1_000 + row / 100).toFixed(2) : (220 + (row % 300) / 10).toFixed(1), quality: 'measured', source: 'report' }))
    }
    batches.push(toColumns(readings, Date.now()))
  }
  return batches
}

async function storeAll(batches: readonly ReadingColumns[]): Promise<number> {
  await pool.query('TRUNCATE reading, touched_days')
  await pool.query('CHECKPOINT')
  let next = 0
  let stored = 0
  const start = performance.now()
  await Promise.all(Array.from({ length: WRITERS }, async () => {
    for (let batch = batches[next++]; batch; batch = batches[next++]) {
      const result = await storeReadings(pool, partitions, [batch], ids)
      stored += result.stored
    }
  }))
  const micros = (performance.now() - start) * 1_000 / (ROWS * ITEMS.length)
  if (stored !== ROWS * ITEMS.length) throw new Error(`${stored} of ${ROWS * ITEMS.length} readings stored`)
  return micros
}

/** The values of one meter at one instant, through the function of the API. */
async function query(meters: number): Promise<number> {
  const took: number[] = []
  for (let n = 0; n < QUERIES; n += 1) {
    const start = performance.now()
    const { rows } = await readingsPage(pool, { meterId: 1 + (((n * 104_729) % Math.min(meters, ROWS)) * 7_919) % meters, from: new Date(FIRST), to: new Date(FIRST + 1), conflicts: false, limit: 100 })
    took.push((performance.now() - start) * 1_000)
    if (rows.length !== ITEMS.length) throw new Error(`${rows.length} values`)
  }
  return median(took)
}

const batches = SIZES.map(batchesOf)
const store = SIZES.map((): number[] => [])
const read = SIZES.map((): number[] => [])
await storeAll(batches[0] as ReadingColumns[])
for (let round = 0; round < ROUNDS; round += 1) {
  for (const n of round % 2 ? [2, 1, 0] : [0, 1, 2]) {
    store[n]?.push(await storeAll(batches[n] as ReadingColumns[]))
    // As autovacuum does sooner or later: without figures of the table the plan is a guess.
    await pool.query('ANALYZE reading')
    read[n]?.push(await query(SIZES[n] as number))
  }
  process.stderr.write(`round ${round + 1}: ${SIZES.map((meters, n) => `${meters} meters ${store[n]?.at(-1)?.toFixed(2)} us a reading, ${read[n]?.at(-1)?.toFixed(0)} us a query`).join('; ')}\n`)
}
const results: [string, number[][]][] = [['growth: store', store], ['growth: query', read]]
for (const [name, all] of results) {
  const [least, , most] = all as [number[], number[], number[]]
  print(resultOf(name, name === 'growth: store' ? 'us/reading' : 'us/query', most.map((ours, n) => ({ ours, foil: least[n] as number })), {
    meters: Object.fromEntries(SIZES.map((meters, n) => [meters, Number(median(all[n] as number[]).toPrecision(3))])),
  }))
}
await database.close()
await postgres.stop()
