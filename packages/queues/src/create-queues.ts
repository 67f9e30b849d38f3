import { errorText, systemClock } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { JOBS } from '@zhuzhan/contracts'
import type { JobData, JobName, JobsOf, QueueName } from '@zhuzhan/contracts'
import { gauge, metric } from '@zhuzhan/telemetry'
import type { Backend } from './backend.js'
import { watchFailedJobs } from './failed-jobs.js'
import { watchMisdatedJobs } from './misdated-jobs.js'
import { discardJobs, listOpenJobs, listSchedules } from './open-jobs.js'
import type { OpenJob, Schedule } from './open-jobs.js'
import { openPostgresBackend } from './postgres-backend.js'
import { createProducer } from './producer.js'
import type { AddOptions } from './producer.js'
import { quietLog } from './quiet-log.js'
import type { QueueLog } from './quiet-log.js'
import { openRedisBackend } from './redis-backend.js'
import { keepScheduled } from './scheduler.js'
import type { Rhythm, Scheduler } from './scheduler.js'
import { waitForServer } from './wait-for-server.js'
import { within } from './within.js'
import { createWorker } from './worker.js'
import type { Handlers, QueueWorker, WorkerOptions } from './worker.js'

export interface QueueOptions {
  databaseUrl: string
  /** Set: the queues live on this Redis. Absent: in schema `bullmq` of the database. */
  redisUrl?: string | undefined
  log: QueueLog
  /** Shown by the server among its connections. */
  applicationName: string
  /** How long to wait for the server at the start. */
  waitMs?: number
  clock?: Clock
}

/** Jobs by state. */
export interface QueueDepth {
  waiting: number
  active: number
  delayed: number
  failed: number
}

export interface Queues {
  readonly backend: 'postgres' | 'redis'
  /**
   * Adds a job; when this resolves the job is durable in the queue's store.
   * @returns the job's id
   * @throws HesError BODY_INVALID when the data does not fit the job's schema; UNAVAILABLE when the store did not confirm
   *   (the job may be there all the same: repeat it, handlers bear that)
   */
  add<N extends JobName>(name: N, data: JobData<N>, options?: AddOptions): Promise<string>
  /** Works on a queue until closed; heals by itself. */
  worker<Q extends QueueName>(queue: Q, handlers: Handlers<Q>, options: WorkerOptions & { onFailed?(count: number): void }): QueueWorker
  scheduler<Q extends QueueName, N extends JobsOf<Q>>(queue: Q, id: string, rhythm: Rhythm, name: N, data: JobData<N>): Scheduler
  depth(queue: QueueName): Promise<QueueDepth>
  /** At most `limit` jobs of each state that are not over, the active ones first; without what schedules have coming. */
  openJobs(queue: QueueName, limit: number): Promise<OpenJob[]>
  schedules(queue: QueueName): Promise<Schedule[]>
  /** Takes out jobs of a name that nobody has begun, some hundred in a call; those that workers have are counted only, and the next of a schedule stays. */
  discard<N extends JobName>(name: N): Promise<{ discarded: number; active: number; more: boolean }>
  /** Workers first, then the connections. */
  close(): Promise<void>
}

const WAIT_MS = 60_000
const CLOSE_MS = 3_000

/**
 * The station's queues on PostgreSQL or Redis: the same behaviour on both, with settings that lose nothing.
 * @throws HesError UNAVAILABLE when the server does not answer within `waitMs`
 */
export async function createQueues(options: QueueOptions): Promise<Queues> {
  const clock = options.clock ?? systemClock
  const log = quietLog(options.log, clock)
  await waitForServer(options, options.waitMs ?? WAIT_MS)

  let durable = 0
  const onError = (error: Error): void => log.warn({ reason: errorText(error) }, 'queue: connection lost')
  const check = async (backend: Backend): Promise<void> => {
    const faults = await backend.durabilityFaults()
    durable = faults.length === 0 ? 1 : 0
    for (const fault of faults) log.error({ fault }, 'queue: READINGS CONFIRMED TO TERMINALS CAN BE LOST at a power cut')
  }
  const shared = { applicationName: options.applicationName, onError }
  const backend: Backend = options.redisUrl === undefined
    ? await openPostgresBackend({ ...shared, url: options.databaseUrl })
    : await openRedisBackend({ ...shared, url: options.redisUrl, onReady: (again) => { check(again).catch(onError) } })
  await check(backend)

  const producer = createProducer(backend, log)
  const depth = async (queue: QueueName): Promise<QueueDepth> => {
    const counts = await (await producer.queue(queue)).getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed')
    return { waiting: (counts['waiting'] ?? 0) + (counts['prioritized'] ?? 0), active: counts['active'] ?? 0, delayed: counts['delayed'] ?? 0, failed: counts['failed'] ?? 0 }
  }
  const endings: (() => void)[] = [gauge('queue_store_durable', () => durable)]
  const workers: QueueWorker[] = []
  metric('queue_errors')

  return {
    backend: backend.kind,
    add: producer.add,
    depth,
    openJobs: (queue, limit) => listOpenJobs(producer, queue, limit),
    schedules: (queue) => listSchedules(producer, queue),
    discard: (name) => discardJobs(producer, JOBS[name].queue, name),
    worker: (queue, handlers, { onFailed, ...workerOptions }) => {
      const worker = createWorker({ backend, log, clock }, queue, handlers, workerOptions)
      workers.push(worker)
      const watch = watchFailedJobs(producer, log, queue, onFailed ?? (() => undefined))
      const dates = watchMisdatedJobs({ backend, producer, log, clock }, queue)
      endings.push(watch.end, dates.end, gauge('queue_depth', async () => Object.entries(await depth(queue)).map(([state, value]) => ({ value: value as number, labels: { queue, state } }))))
      return worker
    },
    scheduler: (queue, id, rhythm, name, data) => {
      const scheduler = keepScheduled({ producer, log, clock }, queue, id, rhythm, name, data)
      endings.push(scheduler.end)
      return scheduler
    },
    close: async () => {
      for (const end of endings) end()
      await Promise.all(workers.map((worker) => worker.close()))
      await producer.close()
      await within(CLOSE_MS, backend.close(), 'closing the connections').catch(onError)
    },
  }
}
