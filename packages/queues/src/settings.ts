import type { DefaultJobOptions, WorkerOptions as BullWorkerOptions } from 'bullmq'

/** PostgreSQL keeps the number of attempts in an int4; this is "without end". */
const WITHOUT_END = 2_000_000_000

export const LONGEST_BACKOFF_MS = 10_000

/** First repeat after a quarter of a second, then twice as long each time, never more than ten seconds. */
export function backoffMs(attempt: number): number {
  return Math.min(LONGEST_BACKOFF_MS, 250 * 2 ** Math.min(attempt - 1, 10))
}

/**
 * A job that was confirmed must end in a row, whatever dies on the way (queue facts §3): attempts never run out, a failed
 * job is kept, and only a completed one is removed.
 */
export const JOB_OPTIONS: DefaultJobOptions = {
  attempts: WITHOUT_END,
  backoff: { type: 'custom' },
  removeOnComplete: true,
  removeOnFail: false,
  // BullMQ keeps a stack per failed attempt inside the job; a long outage must not make jobs grow.
  stackTraceLimit: 1,
}

/** Events are a convenience of BullMQ that nobody here listens to; the shortest stream costs least. */
export const EVENT_STREAM = { events: { maxLen: 100 } }

export const WORKER_OPTIONS = {
  // A worker that was killed loses its jobs to another after lockDuration + stalledInterval at the latest.
  lockDuration: 10_000,
  stalledInterval: 5_000,
  // The default of 1 fails a job for good when its worker is killed twice.
  maxStalledCount: 1_000,
  // The default of 15 s leaves workers idle long after the server is back.
  runRetryDelay: 500,
  drainDelay: 5,
  settings: { backoffStrategy: (attempt: number) => backoffMs(attempt) },
} as const satisfies Omit<BullWorkerOptions, 'connection'>
