import { HesError, errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { JOBS } from '@zhuzhan/contracts'
import type { JobData, JobsOf, QueueName } from '@zhuzhan/contracts'
import type { Producer } from './producer.js'
import type { QueueLog } from './quiet-log.js'
import { JOB_OPTIONS } from './settings.js'

/** `every`: milliseconds. `pattern`: cron, in the time zone `tz` (IANA name). */
export type Rhythm = { every: number } | { pattern: string; tz: string }

export interface Scheduler {
  /** The rhythm stands in the queue. */
  ready(): Promise<void>
  /** Stops caring for it; the rhythm stays in the queue for the other replicas. */
  end(): void
}

const RETRY_MS = 1_000
const WATCH_MS = 60_000
/** BullMQ adds the next job when the last is taken up; if that fails the rhythm stops for ever (read in its worker). */
const OVERDUE_MS = 120_000

/** Keeps a repeating job in the queue: one, however many replicas ask for it. The same id replaces an earlier rhythm. */
export function keepScheduled<Q extends QueueName, N extends JobsOf<Q>>(
  deps: { producer: Producer; log: QueueLog; clock: Clock; watchMs?: number }, queue: Q, id: string, rhythm: Rhythm, name: N, data: JobData<N>,
): Scheduler {
  const { producer, log, clock, watchMs = WATCH_MS } = deps
  if (!JOBS[name].data.safeParse(data).success) throw new HesError('BODY_INVALID', `scheduled job ${name} does not fit its schema`)
  let ended = false
  const upsert = async (): Promise<void> => {
    await (await producer.queue(queue)).upsertJobScheduler(id, rhythm, { name, data, opts: JOB_OPTIONS })
  }
  const put = async (): Promise<void> => {
    while (!ended) {
      try {
        return await upsert()
      } catch (error) {
        log.warn({ queue, scheduler: id, reason: errorText(error) }, 'queue: could not set a scheduler')
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
      }
    }
  }
  const look = async (): Promise<void> => {
    const one = await producer.queue(queue)
    const known = await one.getJobScheduler(id)
    const next = known?.next ?? -Infinity
    const now = clock.now()
    // A clock that was ahead when the next job was made: its date stays through an upsert, so the scheduler goes first.
    const misdated = 'every' in rhythm && next > now + rhythm.every + OVERDUE_MS
    if (next > now - OVERDUE_MS && !misdated) return
    log.warn({ queue, scheduler: id, misdated }, 'queue: a scheduler stood still; set anew')
    if (misdated) await one.removeJobScheduler(id)
    await put()
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.warn({ queue, scheduler: id, reason: errorText(error) }, 'queue: could not look at a scheduler'))
  }, watchMs)
  timer.unref()
  const first = put()
  return {
    ready: () => first,
    end: () => {
      ended = true
      clearInterval(timer)
    },
  }
}
