import { Worker } from 'bullmq'
import type { Job } from 'bullmq'
import { HesError, errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { JOBS, QUEUES } from '@zhuzhan/contracts'
import type { JobData, JobName, JobsOf, QueueName } from '@zhuzhan/contracts'
import { metric } from '@zhuzhan/telemetry'
import type { Backend } from './backend.js'
import type { QueueLog } from './quiet-log.js'
import { renewable } from './renewable.js'
import { WORKER_OPTIONS } from './settings.js'
import { within } from './within.js'
import { pauseOnErrors } from './worker-pause.js'

/** What a handler may know of its job besides the data. */
export interface JobInHand {
  id: string
  /** 1 at the first attempt. */
  attempt: number
  /** Shown to whoever asks the queue; any JSON. */
  progress(value: object): Promise<void>
  /** Aborted when the worker closes: long work throws its reason at the next good point and is done by another worker. */
  signal: AbortSignal
}

/**
 * One function for every job of the queue: a missing one does not compile. Delivery is at least once, so a handler must
 * bear being called again; it must end far inside 10 s or yield to the event loop. Whatever it throws is tried again.
 */
export type Handlers<Q extends QueueName> = { [N in JobsOf<Q>]: (data: JobData<N>, job: JobInHand) => Promise<void> }

/** What no schema accepts; the same shape as persistence's dead letter. */
export interface RefusedJob {
  origin: string
  code: string
  detail: string
  payload: unknown
}

export interface WorkerOptions {
  /** Jobs in hand at once. */
  concurrency: number
  /** Keeps what no schema accepts. When it resolves the job is over; when it rejects the job is tried again. */
  refuse(job: RefusedJob): Promise<void>
}

export interface QueueWorker {
  /** The first connection is made. Later ones are made without anybody asking. */
  ready(): Promise<void>
  /** Takes no more jobs and waits for those in hand, some seconds at most. */
  close(): Promise<void>
}

const READY_MS = 10_000
const RETRY_MS = 500
const WATCH_MS = 5_000
/** Below the 15 s a service has to stop; a job cut off here comes back to another worker. */
const CLOSE_MS = 8_000

export interface WorkerDeps {
  backend: Backend
  log: QueueLog
  clock: Clock
}

export function createWorker<Q extends QueueName>({ backend, log, clock }: WorkerDeps, queue: Q, handlers: Handlers<Q>, options: WorkerOptions): QueueWorker {
  const connection = backend.consumer()
  const closing = new AbortController()
  const handle = handler(queue, handlers, options, closing.signal)
  let closed = false
  let current = renewable(() => open())

  const open = async (): Promise<{ worker: Worker; end(): Promise<void> }> => {
    const worker = new Worker(QUEUES[queue], handle, { ...WORKER_OPTIONS, connection, concurrency: options.concurrency, autorun: false }, backend.factory)
    const rest = pauseOnErrors(worker, clock)
    const end = async (): Promise<void> => {
      rest.end()
      await within(CLOSE_MS, worker.close(), 'closing a worker').catch((error: unknown) => log.warn({ queue, reason: errorText(error) }, 'queue: worker did not close in time'))
    }
    worker.on('error', (error) => {
      metric('queue_errors').add(1, { queue })
      log.warn({ queue, reason: errorText(error) }, 'queue: error of a worker')
      rest.onError(error)
    })
    worker.on('failed', (job, error) => {
      metric('queue_attempts_failed').add(1, { queue, job: job?.name ?? 'unknown' })
      log.warn({ queue, job: job?.id, attempt: job?.attemptsMade, reason: errorText(error) }, 'queue: an attempt at a job failed')
    })
    try {
      await within(READY_MS, worker.waitUntilReady(), 'connecting a worker')
    } catch (error) {
      await end()
      throw error
    }
    worker.run().catch((error: unknown) => log.error({ queue, reason: errorText(error) }, 'queue: worker stopped'))
    return { worker, end }
  }

  /** Tries until a worker stands. */
  const ready = async (): Promise<void> => {
    while (!closed) {
      try {
        await current.get()
        return
      } catch (error) {
        log.warn({ queue, reason: errorText(error) }, 'queue: worker did not become ready; made anew')
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }
  /** A worker that neither runs nor rests will never take a job again. */
  const watch = setInterval(() => {
    void current.get().then(async ({ worker, end }) => {
      if (closed || worker.isRunning() || worker.isPaused()) return
      log.error({ queue }, 'queue: worker stands still; made anew')
      current = renewable(() => open())
      await end()
      await ready()
    }, () => undefined)
  }, WATCH_MS)
  watch.unref()

  const first = ready()
  return {
    ready: () => first,
    close: async () => {
      closed = true
      clearInterval(watch)
      closing.abort(new HesError('UNAVAILABLE', 'the service is stopping; another worker goes on'))
      await (await current.end())?.end()
    },
  }
}

function handler<Q extends QueueName>(queue: Q, handlers: Handlers<Q>, options: WorkerOptions, signal: AbortSignal): (job: Job) => Promise<void> {
  const known = new Map<string, (data: unknown, job: JobInHand) => Promise<void>>(Object.entries(handlers))
  return async (job) => {
    const run = known.get(job.name)
    if (!run) return options.refuse(refused(queue, job, `no handler for jobs named ${job.name}`))
    const parsed = JOBS[job.name as JobName].data.safeParse(job.data)
    if (!parsed.success) {
      const [issue] = parsed.error.issues
      return options.refuse(refused(queue, job, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'does not fit the schema'}`))
    }
    await run(parsed.data, { id: job.id ?? '', attempt: job.attemptsMade + 1, progress: (value) => job.updateProgress(value), signal })
  }
}

function refused(queue: QueueName, job: Job, detail: string): RefusedJob {
  return { origin: `queue ${queue}`, code: 'BODY_INVALID', detail, payload: { job: job.name, id: job.id ?? '', data: job.data as unknown } }
}
