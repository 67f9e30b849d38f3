import { errorText } from '@zhuzhan/core'
import type { QueueName } from '@zhuzhan/contracts'
import { metric } from '@zhuzhan/telemetry'
import type { Producer } from './producer.js'
import type { QueueLog } from './quiet-log.js'

const EVERY_MS = 15_000

/**
 * Looks for jobs that BullMQ gave up (their workers were killed too often, or the store failed at the wrong moment),
 * raises the alarm and puts them back to work: nothing that was confirmed may lie in `failed` for ever.
 */
export function watchFailedJobs(producer: Producer, log: QueueLog, queue: QueueName, onFailed: (count: number) => void): { end(): void } {
  const look = async (): Promise<void> => {
    const one = await producer.queue(queue)
    const count = await one.getFailedCount()
    if (count === 0) return
    log.error({ queue, count }, 'queue: failed jobs; put back to work')
    metric('queue_jobs_redriven').add(count, { queue })
    onFailed(count)
    await one.retryJobs({ state: 'failed', count: 1_000 })
  }
  const timer = setInterval(() => {
    look().catch((error: unknown) => log.warn({ queue, reason: errorText(error) }, 'queue: could not look for failed jobs'))
  }, EVERY_MS)
  timer.unref()
  return { end: () => clearInterval(timer) }
}
