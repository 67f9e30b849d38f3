import { errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { QUEUES } from '@zhuzhan/contracts'
import type { QueueName } from '@zhuzhan/contracts'
import { metric } from '@zhuzhan/telemetry'
import type { Backend } from './backend.js'
import type { Producer } from './producer.js'
import type { QueueLog } from './quiet-log.js'
import { LONGEST_BACKOFF_MS } from './settings.js'

const EVERY_MS = 5_000
/** The farthest of the waiting are looked at; a schedule has only a few that far ahead. */
const FARTHEST = 50

export interface MisdatedOptions {
  backend: Backend
  producer: Pick<Producer, 'queue'>
  log: QueueLog
  clock: Clock
  everyMs?: number
  /** A retry that waits for longer is misdated. */
  patienceMs?: number
}

interface Seen {
  attempts: number
  /** Monotonic. */
  at: number
}

/**
 * BullMQ dates by the clock of whoever writes. A clock that was an hour ahead for a moment, until somebody set it right, leaves
 * retries, locks and the look for stalled jobs an hour in the future, and with them readings that were confirmed. Retries wait ten
 * seconds at most here: one that waits for longer, by monotonic time, is brought forward; locks and looks are the backend's.
 */
export function watchMisdatedJobs({ backend, producer, log, clock, everyMs = EVERY_MS, patienceMs = LONGEST_BACKOFF_MS + EVERY_MS }: MisdatedOptions, queue: QueueName): { end(): void } {
  let seen = new Map<string, Seen>()
  const look = async (): Promise<void> => {
    let mended = await backend.redate?.(QUEUES[queue], clock.now()) ?? 0
    const one = await producer.queue(queue)
    const now = clock.monotonic()
    const next = new Map<string, Seen>()
    for (const job of await one.getJobs(['delayed'], 0, FARTHEST - 1, false)) {
      // What was never tried waits because it was asked to.
      if (job?.id === undefined || job.attemptsMade === 0) continue
      const before = seen.get(job.id)
      const first = before?.attempts === job.attemptsMade ? before : { attempts: job.attemptsMade, at: now }
      if (now - first.at <= patienceMs) {
        next.set(job.id, first)
        continue
      }
      await job.promote()
      mended += 1
    }
    seen = next
    if (mended === 0) return
    metric('queue_jobs_redriven').add(mended, { queue })
    log.warn({ queue, count: mended }, 'queue: jobs dated into the future brought back; was a clock wrong?')
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.warn({ queue, reason: errorText(error) }, 'queue: could not look for misdated jobs'))
  }, everyMs)
  timer.unref()
  return { end: () => clearInterval(timer) }
}
