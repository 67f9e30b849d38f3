import { errorText } from '@zhuzhan/core'
import { databaseTime, whoStoppedJobs } from '@zhuzhan/persistence'
import type { JobInHand } from '@zhuzhan/queues'
import type pg from 'pg'
import type { Logger } from 'pino'
import type { LongWork } from './days/day-figures.js'

const LOOK_MS = 1_000

/**
 * Long work that people may stop (table job_stop): it learns so by its signal within a second, ends at its next good point and is not tried again.
 * What it has not done stays due in its table, for the next job of its name.
 */
export async function stoppable<T extends object>({ pool, log }: { pool: pg.Pool; log: Logger }, name: string, job: JobInHand, work: (work: LongWork) => Promise<T>): Promise<T | { stoppedBy: string }> {
  const begin = await databaseTime(pool)
  const stop = new AbortController()
  let stoppedBy: string | undefined
  const look = async (): Promise<void> => {
    stoppedBy ??= await whoStoppedJobs(pool, name, begin)
    if (stoppedBy !== undefined) stop.abort(new Error(`stopped by ${stoppedBy}`))
  }
  const timer = setInterval(() => { look().catch((error: unknown) => log.warn({ job: name, reason: errorText(error) }, 'could not look whether a job should stop')) }, LOOK_MS)
  try {
    return await work({ progress: (done, total) => job.progress({ done, total }), signal: AbortSignal.any([job.signal, stop.signal]) })
  } catch (error) {
    // Whatever it threw, tried again it would go on.
    if (stoppedBy === undefined || job.signal.aborted) throw error
    log.info({ job: name, stoppedBy }, 'job stopped')
    return { stoppedBy }
  } finally {
    clearInterval(timer)
  }
}
