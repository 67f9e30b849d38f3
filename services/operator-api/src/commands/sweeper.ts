import type { Clock } from '@zhuzhan/core'
import type { CommandState } from '@zhuzhan/contracts'
import type { Delivery } from '@zhuzhan/dispatch'
import { undeliveredCommands } from '@zhuzhan/persistence'
import type { CommandStore } from '@zhuzhan/persistence'
import { rateLimited } from '@zhuzhan/service-kit'
import type { Logger, Part } from '@zhuzhan/service-kit'
import type pg from 'pg'

export interface SweeperDeps {
  pool: pg.Pool
  store: CommandStore
  delivery: Delivery
  clock: Clock
  log: Logger
}

/** States in which a command may still be stopped: nothing has left the station. */
const UNSENT: readonly CommandState[] = ['accepted', 'awaiting_approval', 'approved', 'queued']
const EXPIRE_EVERY_MS = 2_000
const DELIVER_EVERY_MS = 30_000
/** A command handed over that recently is surely on its way. */
const FRESH_MS = 5_000

export interface Sweep {
  /** Lets every unsent command past its expiry expire. */
  expire(): Promise<number>
  /** Hands decided but unsent commands over again. */
  deliver(): Promise<number>
}

/** What a crash between two steps left behind is finished here. Any number of replicas may sweep: every step is guarded. */
export function createSweep({ pool, store, delivery, clock }: Omit<SweeperDeps, 'log'>): Sweep {
  return {
    expire: async () => {
      const overdue = await store.overdue(UNSENT, new Date(clock.now()), 'expires_at')
      for (const { id, state } of overdue) await store.move(id, { from: [state], to: 'expired', who: 'operator-api', code: 'COMMAND_EXPIRED' })
      return overdue.length
    },
    deliver: async () => {
      const left = await undeliveredCommands(pool, new Date(clock.now() - FRESH_MS))
      for (const command of left) await (command.state === 'approved' ? delivery.release(command) : delivery.handOver(command))
      return left.length
    },
  }
}

export function commandSweeper(deps: SweeperDeps): Part {
  const sweep = createSweep(deps)
  const noisy = rateLimited(deps.log, { perMinute: 2, clock: deps.clock })
  const timers: NodeJS.Timeout[] = []
  const running = new Set<Promise<void>>()
  const every = (ms: number, work: () => Promise<unknown>): void => {
    let busy = false
    const run = (): void => {
      if (busy) return
      busy = true
      const one = work()
        .then(() => undefined, (error: unknown) => noisy.warn({ err: error }, 'commands could not be looked through'))
        .finally(() => {
          busy = false
          running.delete(one)
        })
      running.add(one)
    }
    run()
    timers.push(setInterval(run, ms))
  }
  return {
    name: 'command-sweeper',
    start: async () => {
      every(EXPIRE_EVERY_MS, sweep.expire)
      every(DELIVER_EVERY_MS, sweep.deliver)
    },
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
      await Promise.all(running)
    },
  }
}
