import { errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CommandRecord, CommandStore, EventLog } from '@zhuzhan/persistence'
import type { Logger } from '@zhuzhan/service-kit'
import { metric, withSpan } from '@zhuzhan/telemetry'
import { hasOwnSession } from '../meters/meter-sessions.js'
import type { Directory } from '../terminals/directory.js'
import type { Terminal } from '../terminals/terminal.js'
import { judge, readBackOf } from './read-back.js'
import type { Reader } from './read.js'

/** Read-backs after a command, in ms after the last: a relay needs a moment, HPLC sometimes a minute. */
const TRIES_MS = [1_000, 3_000, 10_000, 30_000, 60_000] as const
/** A time tag is at most 300 s; with a minute for clocks, after this no held-up frame can be obeyed any more. */
const FRAME_DEAD_MS = 360_000
/** Between the row's `sent` and the bytes on the line: the crypto machine may take its time to seal. */
const SENDING_MS = 15_000
/** The sending is dated by the database, the login by the gateway: so much their clocks may differ. */
const CLOCKS_DIFFER_MS = 2_000

/** Brings `confirmed` to `verified` and settles `unknown`, both only by reading the device back. */
export interface Settler {
  later(commandId: string): void
  /** A terminal is back: settle its doubts. */
  onBound(terminal: Terminal): Promise<void>
  /** Rows left `sent` by a front end that died become `unknown`; open doubts are looked at again. */
  sweep(): Promise<void>
  stop(): void
}

export interface SettlerOptions {
  store: CommandStore
  directory: Directory
  reader: Reader
  events: EventLog
  clock: Clock
  log: Logger
  frontendId: string
  relayOpenBit: 0 | 1
  /** A `sent` row older than this has nobody waiting for its answer. */
  sentDeadMs: number
  /** How long a terminal may go on trying to reach a meter behind it. */
  proxyMs: number
  /** Waiting times before the read-backs, ms. */
  triesMs?: readonly number[]
}

export function createSettler(options: SettlerOptions): Settler {
  const { store, directory, reader, clock, log, triesMs = TRIES_MS } = options
  const who = `front-end/${options.frontendId}`
  const timers = new Map<string, NodeJS.Timeout>()

  const count = (record: CommandRecord | undefined): void => {
    if (record) metric('fep_commands').add(1, { state: record.state })
  }

  const schedule = (id: string, attempt: number): void => {
    clearTimeout(timers.get(id))
    const delay = triesMs[attempt]
    if (delay === undefined) return void timers.delete(id)
    timers.set(id, setTimeout(() => {
      timers.delete(id)
      settle(id).then((outcome) => {
        if (outcome === 'differs' && attempt === triesMs.length - 1) return contradiction(id)
        if (outcome !== 'over') schedule(id, attempt + 1)
        return undefined
      }).catch((error: Error) => {
        log.warn({ command: id, err: errorText(error) }, 'read-back failed')
        schedule(id, attempt + 1)
      })
    }, delay))
  }

  /** `over`: nothing left to do for this command here. `differs`: the device answered, and is not in the wanted state. */
  const settle = async (id: string): Promise<'over' | 'differs' | 'silent'> => {
    const command = await store.find(id)
    if (!command || (command.state !== 'confirmed' && command.state !== 'unknown')) return 'over'
    const readBack = readBackOf(command.action, options.relayOpenBit)
    if (!readBack) return 'over'
    const terminal = directory.serving(command.terminalAddress)
    // Its return calls us again.
    if (!terminal) return 'over'
    return withSpan('fep.command.settle', async () => {
      // The device answers somewhere between: what it had not done when it was asked, it may do before the answer is here.
      const askedAt = clock.now()
      const verdict = judge(readBack, await reader.readBack(terminal, command.meterAddress, readBack.oad))
      if (verdict === undefined) return 'silent'
      if (verdict) {
        count(await store.move(id, { from: ['confirmed', 'unknown'], to: 'verified', who: `device/${command.meterAddress}`, why: 'read-back shows the wanted state', detail: { readBack: readBack.oad } }))
        return 'over'
      }
      if (command.state === 'unknown' && frameIsDead(command, terminal, askedAt)) {
        count(await store.move(id, { from: ['unknown'], to: 'expired', who: `device/${command.meterAddress}`, why: 'read-back shows that the command had no effect', code: 'COMMAND_EXPIRED', detail: { readBack: readBack.oad } }))
        return 'over'
      }
      return 'differs'
    }, { parent: command.traceParent ?? undefined })
  }

  /** Said to be done, but it is not: somebody must look. The row stays as it is, for it tells the truth. */
  const contradiction = async (id: string): Promise<void> => {
    const command = await store.find(id)
    if (command?.state !== 'confirmed') return
    log.error({ command: id, meter: command.meterAddress }, 'the device confirmed a command but reads back another state')
    await options.events.publish({
      kind: 'command.state', severity: 'alarm', code: 'READ_BACK_DIFFERS', terminal: command.terminalAddress, meter: command.meterAddress, detail: { id, action: command.action, state: command.state },
    })
  }

  /**
   * "Not moved" settles only when the old frame can no longer arrive: the terminal logged in anew after the sending, or the read-back
   * was the first record of a newer session of the meter's own, which kills the one before (OSP-1 §7.6), and the terminal no longer
   * tries to reach the meter; or the frame's time tag has lapsed. Otherwise a frame on its way, or in a terminal's hands,
   * could still trip the relay after we said it did not.
   */
  const frameIsDead = (command: CommandRecord, terminal: Terminal, askedAt: number): boolean => {
    const sentAt = command.sentAt?.getTime() ?? 0
    const heldMs = command.meterAddress === command.terminalAddress ? 0 : options.proxyMs
    const newer = hasOwnSession(terminal, command.meterAddress) || terminal.loggedInAt > sentAt + CLOCKS_DIFFER_MS
    const leftAt = sentAt + SENDING_MS
    return (newer && askedAt > leftAt + heldMs + CLOCKS_DIFFER_MS) || askedAt > leftAt + heldMs + FRAME_DEAD_MS
  }

  return {
    later: (id) => schedule(id, 0),
    onBound: async (terminal) => {
      for (const command of await store.ofTerminal(terminal.address, ['unknown', 'confirmed'])) {
        if (readBackOf(command.action, options.relayOpenBit)) schedule(command.id, 0)
      }
    },
    sweep: async () => {
      for (const command of await store.overdue(['sent'], new Date(clock.now() - options.sentDeadMs), 'sent_at')) {
        const state = command.action === 'read' ? 'expired' : 'unknown'
        count(await store.move(command.id, { from: ['sent'], to: state, who, code: state === 'unknown' ? 'COMMAND_UNKNOWN' : 'TERMINAL_TIMEOUT', why: 'nobody waits for its answer any more' }))
        if (state === 'unknown') schedule(command.id, 0)
      }
      for (const command of await store.doubts(directory.served, new Date(clock.now() - 30_000))) {
        if (!timers.has(command.id)) schedule(command.id, 0)
      }
    },
    stop: () => {
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
    },
  }
}
