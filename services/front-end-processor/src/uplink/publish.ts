import { HesError, errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { toColumns } from '@zhuzhan/contracts'
import type { Reading } from '@zhuzhan/contracts'
import { encodeBatch } from '@zhuzhan/queues'
import type { Queues } from '@zhuzhan/queues'
import { currentTraceparent, metric, withSpan } from '@zhuzhan/telemetry'

/** Hands readings to the queue in batches. */
export interface Publisher {
  /**
   * Resolves when all the readings are durable in the queue's store: only then may a terminal be told so.
   * @throws HesError UNAVAILABLE
   */
  publish(readings: readonly Reading[], how?: PublishOptions): Promise<void>
  /** Sends what waits and resolves when it is settled. */
  drain(): Promise<void>
}

export interface PublishOptions {
  /** Traceparents the readings came with; without them the active one. */
  traces?: readonly string[]
  /** They have waited for others already: the batch leaves with them. */
  gathered?: boolean
}

export interface PublisherOptions {
  queues: Pick<Queues, 'add'>
  clock: Clock
  log: { warn(context: object, message: string): void }
  /** A batch leaves this long after its first reading. */
  windowMs?: number
  maxRows?: number
  /** While the store is away a batch is tried again this long; meanwhile its reports hold their credit, which slows the sockets. */
  patienceMs?: number
}

/**
 * Values older than this when they come are backlog: jobs of their own, done after those of live values. A flood after an outage
 * then never stands before what comes now; among themselves the oldest hour goes first.
 */
const LIVE_MS = 3_600_000
/** Priorities count from 1, the first to be done; jobs without one come before all. Hours that far back (a century) are all alike. */
const HOURS = 1_000_000

type Lane = 'live' | 'backlog'

interface Batch {
  lane: Lane
  /** Least time of its readings, epoch ms. */
  oldest: number
  readings: Reading[]
  links: string[]
  settled: Promise<void>
  resolve(): void
  reject(error: Error): void
  timer: NodeJS.Timeout | undefined
}

const RETRY_MS = [50, 100, 250, 500, 1_000] as const
const MAX_LINKS = 16

export function createPublisher({ queues, clock, log, windowMs = 20, maxRows = 5_000, patienceMs = 25_000 }: PublisherOptions): Publisher {
  const current: Record<Lane, Batch | undefined> = { live: undefined, backlog: undefined }
  const inFlight = new Set<Promise<void>>()

  const begin = (lane: Lane): Batch => {
    let resolve!: () => void
    let reject!: (error: Error) => void
    const settled = new Promise<void>((yes, no) => {
      resolve = yes
      reject = no
    })
    const batch: Batch = { lane, oldest: Infinity, readings: [], links: [], settled, resolve, reject, timer: undefined }
    batch.timer = setTimeout(() => leave(batch), windowMs)
    return batch
  }

  const leave = (batch: Batch): void => {
    if (current[batch.lane] === batch) current[batch.lane] = undefined
    clearTimeout(batch.timer)
    const sending = send(batch).then(batch.resolve, batch.reject)
    inFlight.add(sending)
    void sending.finally(() => inFlight.delete(sending))
  }

  const send = (batch: Batch): Promise<void> => withSpan('fep.reading.publish', async () => {
    const startedAt = clock.monotonic()
    const data = { batch: encodeBatch(toColumns(batch.readings, clock.now())), rows: batch.readings.length, ...trace() }
    const priority = batch.lane === 'live' ? undefined : Math.max(1, HOURS - Math.floor((clock.now() - batch.oldest) / LIVE_MS))
    for (let attempt = 0; ; attempt += 1) {
      try {
        await (priority === undefined ? queues.add('reading.store', data) : queues.add('reading.store', data, { priority }))
        break
      } catch (error) {
        // The store may hold the job although it did not confirm: doubled work is harmless, a lost batch is not.
        if (error instanceof HesError && error.code !== 'UNAVAILABLE') throw error
        if (clock.monotonic() - startedAt > patienceMs) throw new HesError('UNAVAILABLE', 'the queue does not take readings now')
        log.warn({ err: errorText(error), rows: data.rows, attempt }, 'queue did not take a batch; trying again')
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]))
      }
    }
    metric('fep_readings_published').add(data.rows)
    metric('fep_batch_readings').record(data.rows)
    metric('fep_publish_seconds').record((clock.monotonic() - startedAt) / 1000)
  }, { parent: batch.links[0], links: batch.links.slice(1), attributes: { rows: batch.readings.length } })

  const gather = (lane: Lane, readings: readonly Reading[], traces: readonly string[], settled: Promise<void>[]): void => {
    // A job has bounded room. One report of a hundred thousand values must not make a job that no worker accepts, with the
    // readings of others in it. A row of the table is not cut in two, unless it alone is wider than a job: its second half would find
    // the first, be locked and merged, and the store would expect the like of the jobs after it, which makes them dear.
    for (let at = 0; at < readings.length;) {
      const batch = (current[lane] ??= begin(lane))
      const end = endOfRows(readings, at, at + maxRows - batch.readings.length)
      if (end === at && batch.readings.length > 0) {
        leave(batch)
        continue
      }
      const part = readings.slice(at, end === at ? at + maxRows : end)
      batch.readings.push(...part)
      for (const { time } of part) if (time < batch.oldest) batch.oldest = time
      at += part.length
      settled.push(batch.settled)
      for (const traceparent of traces) if (traceparent.endsWith('1') && batch.links.length < MAX_LINKS) batch.links.push(traceparent)
      if (batch.readings.length >= maxRows) leave(batch)
    }
  }

  const leaveAll = (): void => {
    for (const batch of [current.live, current.backlog]) if (batch) leave(batch)
  }

  return {
    publish: (readings, { traces = activeTrace(), gathered = false } = {}) => {
      const settled: Promise<void>[] = []
      const liveFrom = clock.now() - LIVE_MS
      const old = readings.some((one) => one.time < liveFrom)
      gather('live', old ? readings.filter((one) => one.time >= liveFrom) : readings, traces, settled)
      if (old) gather('backlog', readings.filter((one) => one.time < liveFrom), traces, settled)
      if (gathered) leaveAll()
      // Not async: the readings need not live until they are durable.
      return Promise.all(settled).then(() => undefined)
    },
    drain: async () => {
      leaveAll()
      await Promise.all(inFlight)
    },
  }
}

/** The last place up to `most` at which a row (the values of one meter and time after each other) ends; `from` when there is none. */
function endOfRows(readings: readonly Reading[], from: number, most: number): number {
  if (readings.length <= most) return readings.length
  let end = most
  while (end > from && sameRow(readings[end - 1], readings[end])) end -= 1
  return end
}

const sameRow = (a: Reading | undefined, b: Reading | undefined): boolean => a?.meter === b?.meter && a?.time === b?.time

function activeTrace(): string[] {
  const traceparent = currentTraceparent()
  return traceparent === undefined ? [] : [traceparent]
}

function trace(): { traceparent?: string } {
  const traceparent = currentTraceparent()
  return traceparent === undefined ? {} : { traceparent }
}
