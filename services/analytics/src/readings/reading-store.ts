import { errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { readingsOf, toColumns } from '@zhuzhan/contracts'
import type { JobData, ReadingColumns, RowShape } from '@zhuzhan/contracts'
import { storeReadings } from '@zhuzhan/persistence'
import type { Partitions, StoreResult } from '@zhuzhan/persistence'
import type { JobInHand } from '@zhuzhan/queues'
import { metric, withSpan } from '@zhuzhan/telemetry'
import type pg from 'pg'
import type { Logger } from 'pino'
import { isDataFault } from '../alarms/dead-letters.js'
import type { DeadLetters } from '../alarms/dead-letters.js'
import { touchedDays } from '../days/touched-days.js'
import { tellConflicts } from './conflict-events.js'
import type { KnownMeters, MeterIndex } from './meter-index.js'
import { judgeBatch, readBatch } from './read-batch.js'
import { keepRefused } from './refused-rows.js'
import type { StoredEvents } from './stored-events.js'
import { writtenTogether } from './written-together.js'

export interface ReadingStoreDeps {
  pool: pg.Pool
  partitions: Partitions
  meters: MeterIndex
  letters: DeadLetters
  storedEvents: Pick<StoredEvents, 'add'>
  /** Each needs a connection of the pool. */
  writesAtOnce: number
  clock: Clock
  log: Logger
}

const stored = metric('analytics_readings_stored')
const duplicates = metric('analytics_duplicates')
const conflicts = metric('analytics_conflicts')
const batchRows = metric('analytics_batch_rows')
const storeSeconds = metric('analytics_store_seconds')
const latencySeconds = metric('analytics_latency_seconds')

type Outcome = Pick<StoreResult, 'stored' | 'repeated' | 'conflicts'>

/** What a job brings to a write. */
interface Part {
  columns: ReadingColumns
  found: KnownMeters
}

/** Jobs of a backlog are written together up to so many rows; more of them would gain little, and each waits for the whole. */
const ENOUGH_ROWS = 8_000
const WAIT_MS = 5

/**
 * Stores the batch of one `reading.store` job. When it resolves every reading is committed in `reading` or `reading_conflict`,
 * or kept as a dead letter; when it rejects the job comes again, and nothing is stored twice. A job that comes again is written alone: what
 * keeps it out keeps no other out for long.
 */
export function createReadingStore(deps: ReadingStoreDeps): (job: JobData<'reading.store'>, hand?: Pick<JobInHand, 'attempt'>) => Promise<void> {
  const { pool, partitions, meters, letters, storedEvents, clock, log } = deps

  /** A value that the database cannot hold must not keep its neighbours out: halves are tried until it stands alone. */
  const storeOrDivide = async (parts: readonly Part[]): Promise<Outcome> => {
    try {
      const touched = parts.map(({ columns, found }) => touchedDays(columns, found))
      const { unknownMeters, ...outcome } = await storeReadings(pool, partitions, parts.map(({ columns }) => columns), idsOf(parts),
        { meterIds: touched.flatMap(({ meterIds }) => meterIds), days: touched.flatMap(({ days }) => days) })
      // Deleted since it was looked up. The job comes again, and its rows become a dead letter.
      if (unknownMeters.length > 0) throw new Error(`meter ${unknownMeters[0]} vanished`)
      return outcome
    } catch (error) {
      if (!isDataFault(error)) throw error
      const halves = halved(parts)
      if (halves === undefined) {
        const [{ columns }] = parts as readonly [Part]
        await keepRefused(letters, columns.receivedAt, readingsOf(columns).map((reading) => ({ reading, reason: `the database refuses the value: ${errorText(error)}` })))
        return { stored: 0, repeated: 0, conflicts: 0 }
      }
      const first = await storeOrDivide(halves[0])
      const second = await storeOrDivide(halves[1])
      return { stored: first.stored + second.stored, repeated: first.repeated + second.repeated, conflicts: first.conflicts + second.conflicts }
    }
  }

  const tellOfConflicts = async (parts: readonly Part[], count: number): Promise<void> => {
    const times = parts.flatMap(({ columns }) => columns.times)
    await tellConflicts(pool, {
      meterIds: parts.flatMap(({ columns, found }) => columns.meters.flatMap((address) => found.get(address)?.id ?? [])),
      from: times.reduce((least, time) => Math.min(least, time)), to: times.reduce((most, time) => Math.max(most, time)),
      receivedAt: parts.map(({ columns }) => columns.receivedAt), count,
    }).catch((error: unknown) => log.warn({ reason: errorText(error) }, 'conflict events not written'))
  }

  const write = async (parts: readonly Part[]): Promise<Outcome> => {
    const outcome = await storeOrDivide(parts)
    stored.add(outcome.stored)
    duplicates.add(outcome.repeated)
    conflicts.add(outcome.conflicts)
    if (outcome.conflicts > 0) await tellOfConflicts(parts, outcome.conflicts)
    return outcome
  }
  const writeTogether = writtenTogether(write, { atOnce: deps.writesAtOnce, enoughRows: ENOUGH_ROWS, waitMs: WAIT_MS })

  const tellStored = ({ columns, found }: Part): void => {
    const perMeter = new Array<number>(columns.meters.length).fill(0)
    columns.meter.forEach((meter, row) => { (perMeter[meter] as number) += (columns.shapes[columns.shape[row] as number] as RowShape).item.length })
    perMeter.forEach((count, meter) => { if (count > 0) storedEvents.add(found.get(columns.meters[meter] as string)?.terminal ?? '', count) })
  }

  const storeBatch = async (job: JobData<'reading.store'>, attempt: number): Promise<void> => {
    let columns: ReadingColumns
    try {
      columns = readBatch(job.batch)
    } catch (error) {
      return letters.keep({ origin: 'reading.store', code: 'READING_REFUSED', detail: errorText(error), payload: job, rows: job.rows })
    }
    const begin = clock.monotonic()
    const found = await meters.find(columns.meters)
    const { known, refused } = judgeBatch(columns, found)
    await keepRefused(letters, columns.receivedAt, refused)
    if (known.values.length === 0) return
    const part = { columns: known, found }
    // What is enough for a write finds no place in another.
    const outcome = await writeTogether(part, attempt === 1 ? known.meter.length : ENOUGH_ROWS)

    batchRows.record(known.values.length)
    storeSeconds.record((clock.monotonic() - begin) / 1_000)
    latencySeconds.record(Math.max(0, clock.now() - columns.receivedAt) / 1_000)
    if (outcome.stored > 0) tellStored(part)
  }

  return (job, { attempt } = { attempt: 1 }) => withSpan('analytics.reading.store', () => storeBatch(job, attempt), { parent: job.traceparent, attributes: { rows: job.rows } })
}

/** Every address is known to the part that has it. */
function idsOf(parts: readonly Part[]): { get(address: string): number | undefined } {
  return {
    get: (address) => {
      for (const { found } of parts) {
        const entry = found.get(address)
        if (entry) return entry.id
      }
      return undefined
    },
  }
}

/** Half of the jobs, or half of the one job's readings. @returns undefined when there is one reading */
function halved(parts: readonly Part[]): [Part[], Part[]] | undefined {
  if (parts.length > 1) return [parts.slice(0, parts.length >> 1), parts.slice(parts.length >> 1)]
  const [{ columns, found }] = parts as readonly [Part]
  const readings = readingsOf(columns)
  if (readings.length === 1) return undefined
  const part = (some: typeof readings): Part[] => [{ columns: toColumns(some, columns.receivedAt), found }]
  return [part(readings.slice(0, readings.length >> 1)), part(readings.slice(readings.length >> 1))]
}
