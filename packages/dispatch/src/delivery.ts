import type { CommandRecord, CommandStore } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type { Logger } from '@zhuzhan/service-kit'

/** Hands a job to its queue; durable when it resolves. @throws HesError UNAVAILABLE */
export type Enqueue = Queues['add']

export interface Delivery {
  /** approved → queued, and handed over. The record after it, or undefined when somebody else had moved it. */
  release(command: Pick<CommandRecord, 'id' | 'traceParent'>): Promise<CommandRecord | undefined>
  /** Tells the front ends of a queued command. */
  handOver(command: Pick<CommandRecord, 'id' | 'traceParent'>): Promise<void>
}

/**
 * The row says `queued` before the job is added: a job that got lost is added again by the sweeper, and a job too many is
 * harmless, because a front end claims the command by the guarded step queued → sent.
 */
export function createDelivery(store: CommandStore, enqueue: Enqueue, log: Logger): Delivery {
  const handOver: Delivery['handOver'] = async ({ id, traceParent }) => {
    try {
      await enqueue('command.deliver', { commandId: id, ...(traceParent === null ? {} : { traceparent: traceParent }) }, { jobId: `deliver-${id}` })
    } catch (error) {
      log.warn({ err: error, command: id }, 'a queued command could not be handed over yet; it will be tried again')
    }
  }
  return {
    handOver,
    release: async ({ id }) => {
      const queued = await store.move(id, { from: ['approved'], to: 'queued', who: 'operator-api' })
      if (queued) await handOver(queued)
      return queued
    },
  }
}
