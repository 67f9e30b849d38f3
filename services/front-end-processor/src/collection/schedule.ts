import { HesError, errorCode, errorText } from '@zhuzhan/core'
import type { CollectionPlan, CollectionStore } from '@zhuzhan/persistence'
import type { Handlers, Queues, Scheduler } from '@zhuzhan/queues'
import type { Logger } from '@zhuzhan/service-kit'
import { gauge } from '@zhuzhan/telemetry'
import type { Directory } from '../terminals/directory.js'
import type { Terminal } from '../terminals/terminal.js'
import type { Collector } from './collect.js'

const PLANS_REFRESH_MS = 30_000
/** Jobs added at once by a tick. */
const LOT = 64
/** A pass that takes longer waits for answers: its job is given back, so that a thousand silent terminals hold no places of others. */
const PLACE_MS = 1_000
/** Passes without a place. Each is a list of slots and at most two requests under way; beyond these a pass keeps its place. */
const MAX_BEHIND = 5_000
/** Priority of a plan that is not known any more. */
const LAST = 9

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
  /** Passes under way, by terminal's connection and plan, whether their job still runs or not. */
  const passes = new Map<string, Terminal>()
  let behind = 0
  const endGauge = gauge('fep_collection_behind', () => behind)

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

  // The id keeps a terminal from queueing up twice for the same plan; it is free again when the job is done. Daily freezes come before curves
  // (analytics reference §2): that is the plans' priority.
  const enqueue = (planId: string, terminal: string): Promise<string> =>
    queues.add('collection.terminal', { planId, terminal }, { jobId: `${planId}_${terminal}`, priority: plans.get(planId)?.priority ?? LAST })

  const pass = async (terminal: Terminal, plan: CollectionPlan, onAsking: () => void): Promise<void> => {
    const { address } = terminal
    try {
      const { asked, brought } = await collect(terminal, plan, onAsking)
      if (asked > 0) log.debug({ terminal: address, plan: plan.id, asked, brought }, 'collected')
    } catch (error) {
      const code = errorCode(error)
      if (code === 'INTERNAL') throw error
      log.debug({ terminal: address, plan: plan.id, code }, 'collection broken off; the next pass goes on')
    }
  }

  /** Resolves when the pass is over, or after its time in a place: then it goes on behind. */
  const inPlace = async (terminal: Terminal, plan: CollectionPlan): Promise<void> => {
    const key = `${plan.id} ${terminal.address}`
    // A pass of a former connection ends by itself and holds up nobody.
    if (passes.get(key) === terminal) return
    passes.set(key, terminal)
    await new Promise<void>((resolve, reject) => {
      let place: NodeJS.Timeout | undefined
      let given = false
      const giveBack = (): void => {
        if (behind >= MAX_BEHIND) return
        given = true
        behind += 1
        resolve()
      }
      pass(terminal, plan, () => { place = setTimeout(giveBack, PLACE_MS) }).finally(() => {
        clearTimeout(place)
        if (passes.get(key) === terminal) passes.delete(key)
        if (given) behind -= 1
      }).then(resolve, (error: unknown) => {
        if (given) log.warn({ terminal: terminal.address, plan: plan.id, err: errorText(error) }, 'collection broken off; the next pass goes on')
        reject(error as Error)
      })
    })
  }

  return {
    handlers: {
      'collection.tick': async ({ planId }) => {
        if (!plans.has(planId)) return
        const served = await store.served()
        for (let at = 0; at < served.length; at += LOT) await Promise.all(served.slice(at, at + LOT).map(({ address }) => enqueue(planId, address)))
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
        await inPlace(terminal, plan)
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
      endGauge()
      for (const { scheduler } of rhythms.values()) scheduler.end()
    },
  }
}
