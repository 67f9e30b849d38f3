import { errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { readingsOf, toColumns } from '@zhuzhan/contracts'
import type { JobData, ReadingColumns, RowShape } from '@zhuzhan/contracts'
import { storeReadings } from '@zhuzhan/persistence'
import type { Partitions, StoreResult } from '@zhuzhan/persistence'
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

export interface ReadingStoreDeps {
  pool: pg.Pool
  partitions: Partitions
  meters: MeterIndex
  letters: DeadLetters
  storedEvents: Pick<StoredEvents, 'add'>
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

/**
 * Stores the batch of one `reading.store` job. When it resolves every reading is committed in `reading` or `reading_conflict`,
 * or kept as a dead letter; when it rejects the job comes again, and nothing is stored twice.
 */
export function createReadingStore(deps: ReadingStoreDeps): (job: JobData<'reading.store'>) => Promise<void> {
  const { pool, partitions, meters, letters, storedEvents, clock, log } = deps

  /** A value that the database cannot hold must not keep its neighbours out: halves are tried until it stands alone. */
  const storeOrDivide = async (columns: ReadingColumns, found: KnownMeters): Promise<Outcome> => {
    try {
      const { unknownMeters, ...outcome } = await storeReadings(pool, partitions, columns, { get: (address) => found.get(address)?.id }, touchedDays(columns, found))
      // Deleted since it was looked up. The job comes again, and its rows become a dead letter.
      if (unknownMeters.length > 0) throw new Error(`meter ${unknownMeters[0]} vanished`)
      return outcome
    } catch (error) {
      if (!isDataFault(error)) throw error
      const readings = readingsOf(columns)
      if (readings.length === 1) {
        await keepRefused(letters, columns.receivedAt, readings.map((reading) => ({ reading, reason: `the database refuses the value: ${errorText(error)}` })))
        return { stored: 0, repeated: 0, conflicts: 0 }
      }
      const middle = readings.length >> 1
      const first = await storeOrDivide(toColumns(readings.slice(0, middle), columns.receivedAt), found)
      const second = await storeOrDivide(toColumns(readings.slice(middle), columns.receivedAt), found)
      return { stored: first.stored + second.stored, repeated: first.repeated + second.repeated, conflicts: first.conflicts + second.conflicts }
    }
  }

  const tell = async (columns: ReadingColumns, found: KnownMeters, outcome: Outcome): Promise<void> => {
    if (outcome.stored > 0) {
      const perMeter = new Array<number>(columns.meters.length).fill(0)
      columns.meter.forEach((meter, row) => { (perMeter[meter] as number) += (columns.shapes[columns.shape[row] as number] as RowShape).item.length })
      perMeter.forEach((count, meter) => { if (count > 0) storedEvents.add(found.get(columns.meters[meter] as string)?.terminal ?? '', count) })
    }
    if (outcome.conflicts === 0) return
    const from = columns.times.reduce((least, time) => Math.min(least, time))
    const to = columns.times.reduce((most, time) => Math.max(most, time))
    await tellConflicts(pool, { meterIds: columns.meters.flatMap((address) => found.get(address)?.id ?? []), from, to, receivedAt: columns.receivedAt, count: outcome.conflicts })
      .catch((error: unknown) => log.warn({ reason: errorText(error) }, 'conflict events not written'))
  }

  const storeBatch = async (job: JobData<'reading.store'>): Promise<void> => {
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
    const outcome = await storeOrDivide(known, found)

    stored.add(outcome.stored)
    duplicates.add(outcome.repeated)
    conflicts.add(outcome.conflicts)
    batchRows.record(known.values.length)
    storeSeconds.record((clock.monotonic() - begin) / 1_000)
    latencySeconds.record(Math.max(0, clock.now() - columns.receivedAt) / 1_000)
    await tell(known, found, outcome)
  }

  return (job) => withSpan('analytics.reading.store', () => storeBatch(job), { parent: job.traceparent, attributes: { rows: job.rows } })
}
