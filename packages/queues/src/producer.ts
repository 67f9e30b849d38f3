import { Queue } from 'bullmq'
import { HesError, errorText } from '@zhuzhan/core'
import { JOBS, QUEUES } from '@zhuzhan/contracts'
import type { JobData, JobName, QueueName } from '@zhuzhan/contracts'
import { currentTraceparent, metric } from '@zhuzhan/telemetry'
import type { Backend } from './backend.js'
import type { QueueLog } from './quiet-log.js'
import { renewable } from './renewable.js'
import type { Renewable } from './renewable.js'
import { EVENT_STREAM, JOB_OPTIONS } from './settings.js'
import { within } from './within.js'

export interface AddOptions {
  /**
   * While a job with this id exists, another is not added. No colon, not a bare number. It protects only until the job is
   * done and forgotten: exactly-once comes from unique keys in the database.
   */
  jobId?: string
  /** Milliseconds. */
  delay?: number
  /** 1 is first; jobs without a priority come before all of them. */
  priority?: number
}

export interface Producer {
  add<N extends JobName>(name: N, data: JobData<N>, options?: AddOptions): Promise<string>
  queue(name: QueueName): Promise<Queue>
  close(): Promise<void>
}

const READY_MS = 10_000
/** The backends have shorter limits of their own; this one is for what slips past them. */
const ADD_MS = 20_000

/** The adding side: one BullMQ Queue a queue, made at first use. */
export function createProducer(backend: Backend, log: QueueLog): Producer {
  const queues = new Map<QueueName, Renewable<Queue>>()
  const open = async (name: QueueName): Promise<Queue> => {
    // BullMQ would wait for the connection without saying so.
    if (!backend.connected()) throw new Error('no connection')
    const queue = new Queue(QUEUES[name], { connection: backend.producer(), defaultJobOptions: JOB_OPTIONS, streams: EVENT_STREAM }, backend.factory)
    queue.on('error', (error) => {
      metric('queue_errors').add(1, { queue: name })
      log.warn({ queue: name, reason: errorText(error) }, 'queue: error of a producer')
    })
    try {
      await within(READY_MS, queue.waitUntilReady(), 'connecting the queue')
      return queue
    } catch (error) {
      await queue.close().catch(() => undefined)
      throw error
    }
  }
  const queue = (name: QueueName): Promise<Queue> => {
    let one = queues.get(name)
    if (!one) queues.set(name, (one = renewable(() => open(name))))
    return one.get()
  }
  return {
    queue,
    add: async (name, data, options = {}) => {
      const row = JOBS[name]
      const checked = row.data.safeParse(withTrace(data))
      if (!checked.success) throw new HesError('BODY_INVALID', `job ${name}: ${checked.error.issues[0]?.path.join('.') ?? ''} ${checked.error.issues[0]?.message ?? 'does not fit'}`)
      try {
        const added = await within(ADD_MS, queue(row.queue).then((one) => one.add(name, checked.data, options)), 'adding a job')
        return added.id ?? ''
      } catch (error) {
        throw new HesError('UNAVAILABLE', `The queue did not take the job: ${errorText(error)}`, { job: name }, { cause: error })
      }
    },
    close: async () => {
      await Promise.all([...queues.values()].map(async (one) => { await (await one.end())?.close().catch(() => undefined) }))
    },
  }
}

/** Jobs whose schema has a place for it carry the active trace on. */
function withTrace(data: object): object {
  const traceparent = 'traceparent' in data ? undefined : currentTraceparent()
  return traceparent === undefined ? data : { ...data, traceparent }
}
