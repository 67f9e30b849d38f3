import { fork } from 'node:child_process'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { toColumns } from '@zhuzhan/contracts'
import type { JobData, Reading } from '@zhuzhan/contracts'
import { createPartitions, openDatabase } from '@zhuzhan/persistence'
import { createQueues, encodeBatch } from '@zhuzhan/queues'
import { createLogger } from '@zhuzhan/service-kit'
import { startPostgres, startRedis } from '@zhuzhan/testing'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { compare } from './harness.js'

/**
 * Rows (a meter at an instant with its values) from the queue to the commit, by the analytics service as a process of its own, against
 * one bare COPY of the same rows into the same table (fsync on, one PostgreSQL, empty table, text or binary: the faster one).
 * QUEUE=postgres (default) or redis; ROWS, VALUES (of a row), BATCH_VALUES, METERS, ROUNDS change the size.
 */
const onRedis = process.env['QUEUE'] === 'redis'
const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
const [ROWS, VALUES, BATCH_VALUES, METERS, ROUNDS, ADDERS] = [size('ROWS', 100_000), size('VALUES', 3), size('BATCH_VALUES', 5_000), size('METERS', 1_000), size('ROUNDS', 5), 4]
const ITEMS = [0x00100201, 0x20000201, 0x20010201, 0x20040201, 0x200a0201].slice(0, VALUES)
const CHUNK = 65_536
const FIRST = Math.floor(Date.now() / 86_400_000) * 86_400_000

const postgres = await startPostgres({ settings: { fsync: 'on', full_page_writes: 'on', shared_buffers: '128MB', autovacuum: 'on', max_wal_size: '2GB' } })
const redis = onRedis ? await startRedis() : undefined
const database = openDatabase({ url: postgres.url })
const { pool } = database
await pool.query("INSERT INTO terminal (address, security_profile) VALUES ('000000000001', 'plain')")
await pool.query("INSERT INTO meter (address, terminal_address) SELECT lpad(n::text, 12, '0'), '000000000001' FROM generate_series(1, $1) n", [METERS])
// As a registry that has been there for a day: without its figures the hourly sweep, which analytics begins with, takes half a minute.
await pool.query('ANALYZE terminal, meter')
await createPartitions(pool).ensure([FIRST, FIRST + 86_400_000])

/** A minute's values of every meter after each other, as a front end collects them. */
const readings: Reading[] = Array.from({ length: ROWS * VALUES }, (_, n) => ({
  meter: String(1 + (Math.floor(n / VALUES) % METERS)).padStart(12, '0'), item: ITEMS[n % VALUES] as number,
  time: FIRST + Math.floor(n / VALUES / METERS) * 60_000, value: n % VALUES === 0 ? (1000 + n / 100).toFixed(2) : (220 + (n % 300) / 10).toFixed(1), quality: 'measured', source: 'report',
}))
const jobs: JobData<'reading.store'>[] = []
// Whole rows, as the front end cuts its batches.
const JOB_VALUES = Math.max(1, Math.floor(BATCH_VALUES / VALUES)) * VALUES
for (let at = 0; at < readings.length; at += JOB_VALUES) {
  const some = readings.slice(at, at + JOB_VALUES)
  jobs.push({ batch: encodeBatch(toColumns(some, Date.now())), rows: some.length })
}

const analytics = fork(fileURLToPath(new URL('../services/analytics/src/main.ts', import.meta.url)), {
  execArgv: ['--conditions=zhuzhan-source', '--import', 'tsx'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  env: { ...process.env, DATABASE_URL: postgres.url, REDIS_URL: redis?.url ?? '', ZHUZHAN_OPS_PORT: '0', ZHUZHAN_LOG_LEVEL: 'error' },
})
await new Promise<void>((resolve, reject) => {
  analytics.once('message', () => resolve())
  analytics.once('exit', (code) => reject(new Error(`analytics ended with ${code}`)))
})
const queues = await createQueues({ databaseUrl: postgres.url, redisUrl: redis?.url, log: createLogger({ service: 'bench', level: 'warn' }), applicationName: 'bench' })

const stored = async (): Promise<number> => (await pool.query<{ n: number }>('SELECT count(*) AS n FROM reading')).rows[0]?.n ?? 0

async function timed(work: () => Promise<void>): Promise<number> {
  await pool.query('TRUNCATE reading')
  await pool.query('CHECKPOINT')
  const start = performance.now()
  await work()
  const seconds = (performance.now() - start) / 1_000
  const rows = await stored()
  if (rows !== ROWS) throw new Error(`${rows} of ${ROWS} rows`)
  return ROWS / seconds
}

const throughTheStation = () => timed(async () => {
  let next = 0
  const adder = async (): Promise<void> => {
    for (let job = jobs[next++]; job; job = jobs[next++]) await queues.add('reading.store', job)
  }
  await Promise.all(Array.from({ length: ADDERS }, adder))
  // A job is gone when its rows are committed. Counting the rows themselves would be work for the same database.
  for (;;) {
    const { waiting, active, delayed } = await queues.depth('readings')
    if (waiting + active + delayed === 0) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
})
/** The table's own rows, as the server writes them itself, in chunks: the foil pays neither for making nor for streaming them line by line. */
async function rowsAsCopied(format: 'text' | 'binary'): Promise<Buffer[]> {
  const client = await pool.connect()
  try {
    const parts: Buffer[] = []
    for await (const part of client.query(copyTo(`COPY (SELECT * FROM reading) TO STDOUT (FORMAT ${format})`))) parts.push(part as Buffer)
    const whole = Buffer.concat(parts)
    return Array.from({ length: Math.ceil(whole.length / CHUNK) }, (_, n) => whole.subarray(n * CHUNK, (n + 1) * CHUNK))
  } finally {
    client.release()
  }
}
const copied = (format: 'text' | 'binary', chunks: readonly Buffer[]) => timed(async () => {
  const client = await pool.connect()
  try {
    await pipeline(Readable.from(chunks), client.query(copyFrom(`COPY reading FROM STDIN (FORMAT ${format})`)))
  } finally {
    client.release()
  }
})

// Warms everything, and leaves the rows that the foil copies.
await throughTheStation()
const foils = { text: await rowsAsCopied('text'), binary: await rowsAsCopied('binary') }
const trial = { text: await copied('text', foils.text), binary: await copied('binary', foils.binary) }
const format = trial.binary > trial.text ? 'binary' : 'text'
await compare(`copy-${queues.backend}`, 'rows/s', ROUNDS, throughTheStation, () => copied(format, foils[format]), { valuesPerRow: VALUES, valuesPerJob: JOB_VALUES, meters: METERS, foilFormat: format })
await queues.close()
const gone = new Promise((resolve) => analytics.once('exit', resolve))
analytics.disconnect()
await gone
await database.close()
await redis?.stop()
await postgres.stop()
