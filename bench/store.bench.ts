import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { systemClock } from '@zhuzhan/core'
import { toColumns } from '@zhuzhan/contracts'
import type { JobData, Reading } from '@zhuzhan/contracts'
import { createPartitions, openDatabase } from '@zhuzhan/persistence'
import { createQueues, encodeBatch } from '@zhuzhan/queues'
import { createLogger } from '@zhuzhan/service-kit'
import { startPostgres, startRedis } from '@zhuzhan/testing'
import { from as copyFrom } from 'pg-copy-streams'
import { createDeadLetters } from '../services/analytics/src/alarms/dead-letters.js'
import { createMeterIndex } from '../services/analytics/src/readings/meter-index.js'
import { createReadingStore } from '../services/analytics/src/readings/reading-store.js'
import { compare } from './harness.js'

/**
 * Readings committed, against one bare COPY of the same rows into the same table (fsync on, one PostgreSQL, empty table).
 * Modes: `path` the storing path alone, from the encoded batch to the commit; `postgres`, `redis` from adding the job to
 * the queue to the commit.
 */
const mode = ['postgres', 'redis'].find((one) => process.argv.includes(one)) ?? 'path'
const BATCH_ROWS = Number(process.env['BATCH_ROWS'] ?? 2_000)
const ROWS = Number(process.env['ROWS'] ?? 200_000)
const CONCURRENCY = Number(process.env['CONCURRENCY'] ?? 4)
const ROUNDS = Number(process.env['ROUNDS'] ?? 5)
const ITEMS = [0x00100201, 0x20000201, 0x20010201, 0x20040201, 0x200a0201]
const METERS = 1_000
const FIRST = Math.floor(Date.now() / 86_400_000) * 86_400_000

const postgres = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on', shared_buffers: '128MB', autovacuum: 'on', max_wal_size: '2GB' } })
const redis = mode === 'redis' ? await startRedis() : undefined
const log = createLogger({ service: 'bench', level: 'warn' })
const database = openDatabase({ url: postgres.url, max: CONCURRENCY + 3 })
const { pool } = database
await pool.query("INSERT INTO terminal (address, security_profile) VALUES ('000000000001', 'plain')")
await pool.query("INSERT INTO meter (address, terminal_address) SELECT lpad(n::text, 12, '0'), '000000000001' FROM generate_series(1, $1) n", [METERS])
const partitions = createPartitions(pool)
await partitions.ensure([FIRST, FIRST + 86_400_000])

/** A minute's values of every meter after each other, as a front end collects them. */
const readings: Reading[] = Array.from({ length: ROWS }, (_, n) => ({
  meter: String(1 + (Math.floor(n / ITEMS.length) % METERS)).padStart(12, '0'), item: ITEMS[n % ITEMS.length] as number,
  time: FIRST + Math.floor(n / ITEMS.length / METERS) * 60_000, value: (1000 + n / 100).toFixed(2), quality: 'measured', source: 'report',
}))
const jobs: JobData<'reading.store'>[] = []
for (let at = 0; at < ROWS; at += BATCH_ROWS) jobs.push({ batch: encodeBatch(toColumns(readings.slice(at, at + BATCH_ROWS), Date.now())), rows: Math.min(BATCH_ROWS, ROWS - at) })
const ids = new Map((await pool.query<{ id: number; address: string }>('SELECT id, address FROM meter')).rows.map((row) => [row.address, row.id]))
// Whole chunks, so that the foil does not pay for Node's streams line by line.
const lines = readings.map((one) => `${ids.get(one.meter)}\t${new Date(one.time).toISOString()}\t${one.item | 0}\t${one.value}\tmeasured\treport\t\\N\t${new Date(FIRST).toISOString()}\n`)
const chunks = Array.from({ length: Math.ceil(lines.length / 1_000) }, (_, n) => Buffer.from(lines.slice(n * 1_000, (n + 1) * 1_000).join('')))

const store = createReadingStore({ pool, partitions, meters: createMeterIndex(pool), letters: createDeadLetters({ pool, log }), storedEvents: { add: () => undefined }, clock: systemClock, log })
const queues = mode === 'path' ? undefined : await createQueues({ databaseUrl: postgres.url, redisUrl: redis?.url, log, applicationName: 'bench' })
let stored = 0
if (queues) {
  const handle = async (job: JobData<'reading.store'>): Promise<void> => {
    await store(job)
    stored += job.rows
  }
  await queues.worker('readings', { 'reading.store': handle }, { concurrency: CONCURRENCY, refuse: async (job) => { throw new Error(job.detail) } }).ready()
}

async function empty(): Promise<void> {
  await pool.query('TRUNCATE reading, touched_days')
  await pool.query('CHECKPOINT')
}

async function timed(work: () => Promise<void>): Promise<number> {
  await empty()
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1_000
  const { rows } = await pool.query<{ n: number }>('SELECT count(*) AS n FROM reading')
  if (rows[0]?.n !== ROWS) throw new Error(`${rows[0]?.n} of ${ROWS} rows`)
  return ROWS / seconds
}

/** Takes the next job until none is left. */
async function each(width: number, work: (job: JobData<'reading.store'>) => Promise<unknown>): Promise<void> {
  let next = 0
  const one = async (): Promise<void> => {
    for (let job = jobs[next++]; job; job = jobs[next++]) await work(job)
  }
  await Promise.all(Array.from({ length: width }, one))
}

const ours = queues
  ? () => timed(async () => {
    stored = 0
    await each(4, (job) => queues.add('reading.store', job))
    while (stored < ROWS) await new Promise((resolve) => setTimeout(resolve, 2))
  })
  : () => timed(() => each(CONCURRENCY, store))
const copy = () => timed(async () => {
  const client = await pool.connect()
  try {
    await pipeline(Readable.from(chunks), client.query(copyFrom('COPY reading FROM STDIN')))
  } finally {
    client.release()
  }
})

await compare(mode === 'path' ? 'store' : `store-through-${mode}`, 'rows/s', ROUNDS, ours, copy)
await queues?.close()
await database.close()
await redis?.stop()
await postgres.stop()
