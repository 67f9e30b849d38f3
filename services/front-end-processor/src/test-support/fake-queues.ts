import type { Reading } from '@zhuzhan/contracts'
import { ReadingColumns, readingsOf } from '@zhuzhan/contracts'
import { HesError } from '@zhuzhan/core'
import { decodeBatch } from '@zhuzhan/queues'
import type { Queues } from '@zhuzhan/queues'

/** A queue's store in memory. Jobs are kept as they would be read by a worker, checked by the same schema. */
export interface FakeQueues extends Pick<Queues, 'add' | 'scheduler'> {
  readonly jobs: { name: string; data: Record<string, unknown>; jobId: string | undefined; priority?: number }[]
  readonly schedulers: Map<string, number>
  /** Batches of readings, in the order they came. */
  readonly batches: Reading[][]
  away: boolean
  /** While set, jobs are confirmed only when it resolves. */
  confirm: Promise<void> | undefined
}

export function fakeQueues(): FakeQueues {
  const queues: FakeQueues = {
    jobs: [], batches: [], schedulers: new Map(), away: false, confirm: undefined,
    add: async (name, data, options) => {
      if (queues.away) throw new HesError('UNAVAILABLE', 'the store is away')
      queues.jobs.push({ name, data: data as Record<string, unknown>, jobId: options?.jobId, ...(options?.priority === undefined ? {} : { priority: options.priority }) })
      if ('batch' in data) queues.batches.push(readingsOf(ReadingColumns.parse(decodeBatch(data.batch))))
      await queues.confirm
      return String(queues.jobs.length)
    },
    scheduler: ((_queue: string, id: string, rhythm: { every?: number }) => {
      queues.schedulers.set(id, rhythm.every ?? 0)
      return { end: () => queues.schedulers.delete(id) }
    }) as unknown as Queues['scheduler'],
  }
  return queues
}
