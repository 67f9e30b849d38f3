import { errorText } from '@zhuzhan/core'
import type { QueueName } from '@zhuzhan/contracts'
import type { EventLog } from '@zhuzhan/persistence'
import type { Logger } from 'pino'

/** Tells people of jobs the queue had given up; the queue itself has counted them and put them back to work. */
export function createFailedJobAlarm({ events, log }: { events: EventLog; log: Logger }): (queue: QueueName) => (count: number) => void {
  return (queue) => (count) => {
    void events.publish({ kind: 'queue.failed', severity: 'alarm', code: 'INTERNAL', detail: { queue, jobs: count } })
      .catch((error: unknown) => log.warn({ reason: errorText(error) }, 'event not written'))
  }
}
