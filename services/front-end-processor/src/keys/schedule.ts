import { HesError, errorCode, errorText } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { KeyUpdateView } from '@zhuzhan/contracts'
import type { KeyRoutes } from '@zhuzhan/persistence'
import type { Handlers, Queues, Scheduler } from '@zhuzhan/queues'
import type { Logger } from '@zhuzhan/service-kit'
import { metric } from '@zhuzhan/telemetry'
import type { Directory } from '../terminals/directory.js'
import type { Terminal } from '../terminals/terminal.js'
import { updateMeter } from './meter-update.js'
import type { MeterUpdateOptions } from './meter-update.js'
import { updateTerminal } from './terminal-update.js'
import type { UpdateTurn } from './terminal-update.js'

/**
 * Who carries key updates on: a tick hands every open row to the front end whose terminal reaches the device, also those a crash left
 * behind; a terminal whose new session says that an update is open goes on at once.
 */
export interface KeySchedule {
  handlers: Handlers<'keys'>
  onBound(terminal: Terminal): Promise<void>
  start(): Promise<void>
  stop(): void
}

export interface KeyScheduleOptions extends MeterUpdateOptions {
  routes: KeyRoutes
  queues: Pick<Queues, 'add' | 'scheduler'>
  directory: Directory
  frontendId: string
  log: Logger
  requestMs: number
  tickMs?: number
}

const TICK_MS = 15_000
const PAGE = 1_000

export function createKeySchedule(options: KeyScheduleOptions): KeySchedule {
  const { machine, routes, queues, directory, frontendId, log } = options
  let scheduler: Scheduler | undefined
  /** Terminals a turn is under way for: a job and a new session must not both drive one. */
  const inHand = new Set<string>()

  const run = async (address: string, terminal: Terminal): Promise<void> => {
    if (inHand.has(address)) return
    inHand.add(address)
    let turn: UpdateTurn | 'failed' = 'failed'
    try {
      turn = address === terminal.address ? await updateTerminal(terminal, options.requestMs) : await updateMeter(terminal, address, options)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'INTERNAL') throw error
      log.warn({ device: address, code, err: errorText(error) }, 'key update not carried on; the next turn tries again')
    } finally {
      inHand.delete(address)
      metric('fep_key_updates').add(1, { result: turn })
    }
    if (turn === 'over') log.info({ device: address }, 'key update is over')
  }

  const open = async (): Promise<KeyUpdateView[]> => {
    const found: KeyUpdateView[] = []
    for (;;) {
      const { updates } = outcomeValue<'keyUpdates'>((await machine.keyUpdates([{ limit: PAGE, ...(found.length > 0 ? { after: found.at(-1)?.address } : {}) }]))[0])
      found.push(...updates)
      if (updates.length < PAGE) return found
    }
  }

  return {
    handlers: {
      'keys.tick': async () => {
        // A suspect device gets no step until it is bound anew; its row waits.
        const rows = (await open()).filter((row) => !row.suspect)
        if (rows.length === 0) return
        // The id keeps a device from queueing up twice; it is free again when the job is done.
        for (const { address, terminal } of await routes.of(rows.map((row) => row.address))) await queues.add('keys.device', { address, terminal }, { jobId: `keys_${address}` })
      },
      'keys.device': async ({ address, terminal: by }) => {
        const terminal = directory.serving(by)
        if (terminal) return run(address, terminal)
        // Another front end serves it: give the job back until that one takes it. Nobody does: the next tick makes a new job.
        if (await routes.servedElsewhere(by, frontendId)) throw new HesError('BUSY', 'served by another front end')
      },
    },
    onBound: async (terminal) => {
      // Meters that were cut off with it go on at once; one look serves all terminals that come back together.
      if ([...terminal.record.meters.values()].some((meter) => meter.kind === 'meter' && meter.securityProfile !== 'plain')) await queues.add('keys.tick', {}, { jobId: 'keys_bound' })
      if (terminal.secure?.keyUpdateOpen) await run(terminal.address, terminal)
    },
    start: async () => {
      scheduler = queues.scheduler('keys', 'keys', { every: options.tickMs ?? TICK_MS }, 'keys.tick', {})
    },
    stop: () => scheduler?.end(),
  }
}
