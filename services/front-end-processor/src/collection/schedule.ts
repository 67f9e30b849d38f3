import { HesError, errorCode } from '@zhuzhan/core'
import type { CollectionPlan, CollectionStore } from '@zhuzhan/persistence'
import type { Handlers, Queues, Scheduler } from '@zhuzhan/queues'
import type { Logger } from '@zhuzhan/service-kit'
import type { Directory } from '../terminals/directory.js'
import type { Terminal } from '../terminals/terminal.js'
import type { Collector } from './collect.js'

const PLANS_REFRESH_MS = 30_000

/** When what is read: a plan's tick finds the terminals that are served, a job a terminal reads what it owes. */
export interface CollectionSchedule {
  handlers: Handlers<'collection'>
  /** A terminal came (back): it may owe something of every plan. */
  onBound(terminal: Terminal): Promise<void>
  start(): Promise<void>
  stop(): void
}

export interface CollectionScheduleOptions {
  store: CollectionStore
  queues: Pick<Queues, 'add' | 'scheduler'>
  directory: Directory
  collect: Collector
  frontendId: string
  log: Logger
}

export function createCollectionSchedule({ store, queues, directory, collect, frontendId, log }: CollectionScheduleOptions): CollectionSchedule {
  let plans = new Map<string, CollectionPlan>()
  const rhythms = new Map<string, { every: number; scheduler: Scheduler }>()
  let timer: NodeJS.Timeout | undefined

  const refresh = async (): Promise<void> => {
    plans = new Map((await store.plans()).map((plan) => [plan.id, plan]))
    for (const plan of plans.values()) {
      const every = plan.everySeconds * 1000
      const known = rhythms.get(plan.id)
      if (known?.every === every) continue
      known?.scheduler.end()
      rhythms.set(plan.id, { every, scheduler: queues.scheduler('collection', `plan-${plan.id}`, { every }, 'collection.tick', { planId: plan.id }) })
    }
  }

  // The id keeps a terminal from queueing up twice for the same plan; it is free again when the job is done.
  const enqueue = (planId: string, terminal: string): Promise<string> => queues.add('collection.terminal', { planId, terminal }, { jobId: `${planId}_${terminal}` })

  return {
    handlers: {
      'collection.tick': async ({ planId }) => {
        if (!plans.has(planId)) return
        for (const { address } of await store.served()) await enqueue(planId, address)
      },
      'collection.terminal': async ({ planId, terminal: address }) => {
        const plan = plans.get(planId)
        if (!plan) return
        const terminal = directory.serving(address)
        if (!terminal) {
          const elsewhere = (await store.served()).some((one) => one.address === address && one.frontendId !== frontendId)
          // Another front end serves it: give the job back until that one takes it. Nobody does: its return makes a new job.
          if (elsewhere) throw new HesError('BUSY', 'served by another front end')
          return
        }
        if (terminal.secure && !terminal.secure.ready) return
        try {
          const { asked, brought } = await collect(terminal, plan)
          if (asked > 0) log.debug({ terminal: address, plan: planId, asked, brought }, 'collected')
        } catch (error) {
          const code = errorCode(error)
          if (code === 'INTERNAL') throw error
          log.debug({ terminal: address, plan: planId, code }, 'collection broken off; the next pass goes on')
        }
      },
    },
    onBound: async (terminal) => {
      for (const plan of plans.values()) await enqueue(plan.id, terminal.address)
    },
    start: async () => {
      await refresh()
      timer = setInterval(() => void refresh().catch((error: Error) => log.warn({ err: error.message }, 'plans not read')), PLANS_REFRESH_MS)
    },
    stop: () => {
      clearInterval(timer)
      for (const { scheduler } of rhythms.values()) scheduler.end()
    },
  }
}
