import { HesError, errorCode, errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { CONTROL_ACTIONS } from '@zhuzhan/contracts'
import type { CommandState } from '@zhuzhan/contracts'
import type { Apdu } from '@zhuzhan/dlt698'
import type { BatchStore, CommandRecord, CommandStore } from '@zhuzhan/persistence'
import type { Logger } from '@zhuzhan/service-kit'
import { metric, withSpan } from '@zhuzhan/telemetry'
import type { Directory } from '../terminals/directory.js'
import type { SignedTicket } from '../secure/secure-channel.js'
import type { Terminal } from '../terminals/terminal.js'
import { controlOutcome } from './answer.js'
import type { SendControl } from './control-route.js'
import type { Reader } from './read.js'
import type { Settler } from './settle.js'

/**
 * Delivers commands: at most once. The row goes from `queued` to `sent` by a guarded UPDATE that commits BEFORE a byte
 * leaves; whoever finds the row in another state does nothing. A crash after that leaves `sent`, which becomes `unknown`.
 */
export interface Delivery {
  /** Called by the queue, at a terminal's return and by the sweep; harmless to call twice. */
  deliver(commandId: string): Promise<void>
  /** A terminal serves its address again: send what waits for it. */
  onBound(terminal: Terminal): Promise<void>
  sweep(): Promise<void>
}

export interface DeliveryOptions {
  store: CommandStore
  batches: Pick<BatchStore, 'ticket'>
  directory: Directory
  reader: Reader
  settler: Settler
  clock: Clock
  log: Logger
  frontendId: string
  send: SendControl
}

/** Another front end may have called it a doubt while its answer was on the way. */
const HEARD_LATE: readonly CommandState[] = ['sent', 'unknown']
/** The machine's own words before it has sealed anything. */
const REFUSED_BY_MACHINE: ReadonlySet<string> = new Set(['TICKET_REFUSED', 'BUSY', 'SESSION_UNKNOWN', 'PROFILE_REFUSED'])

export function createDelivery(options: DeliveryOptions): Delivery {
  const { store, batches, directory, reader, settler, clock, log } = options
  const who = `front-end/${options.frontendId}`

  const moved = (record: CommandRecord | undefined): CommandRecord | undefined => {
    if (record) metric('fep_commands').add(1, { state: record.state })
    return record
  }

  const control = async (terminal: Terminal, command: CommandRecord): Promise<void> => {
    const ticket = signedTicket(command, command.batchTicket === null ? command : await batches.ticket(command.batchTicket))
    if (!ticket) {
      moved(await store.move(command.id, { from: ['queued'], to: 'refused', who, code: 'TICKET_REFUSED', why: 'its ticket lacks a signature' }))
      return
    }
    const expiresAt = command.expiresAt.getTime()
    let claimed = false
    let over = false
    let answer: Apdu
    try {
      answer = await options.send(terminal, command, ticket, async () => {
        // It may have waited long for its turn.
        if (expiresAt <= clock.now()) throw new HesError('COMMAND_EXPIRED')
        // THE point of at-most-once: this commit decides that the command is sent by us, now, and by nobody ever again.
        claimed = moved(await store.move(command.id, { from: ['queued'], to: 'sent', who, detail: { connection: `${terminal.gateway.name}/${terminal.connection}` } })) !== undefined
        if (!claimed) throw new HesError('STATE_CONFLICT')
        // Nobody waits for us any more: the connection ended while the database decided, and nothing leaves.
        if (over) await unanswered(command, new HesError('TERMINAL_OFFLINE', 'the connection ended before the command left'))
      })
    } catch (error) {
      over = true
      return claimed ? unanswered(command, error) : undelivered(command, error)
    }
    const outcome = controlOutcome(answer)
    if (outcome.kind === 'refused') {
      moved(await store.move(command.id, { from: HEARD_LATE, to: 'refused', who: `device/${command.meterAddress}`, code: 'DEVICE_REFUSED', dar: outcome.dar }))
    } else if (outcome.kind === 'doubt') {
      moved(await store.move(command.id, { from: ['sent'], to: 'unknown', who, code: 'COMMAND_UNKNOWN', why: outcome.why }))
      settler.later(command.id)
    } else if (moved(await store.move(command.id, { from: HEARD_LATE, to: 'confirmed', who: `device/${command.meterAddress}`, dar: 0 }))) settler.later(command.id)
  }

  /** Bytes may have left, but no answer came: a doubt, which only a read-back settles. Never a second send. */
  const unanswered = async (command: CommandRecord, error: unknown): Promise<void> => {
    const code = errorCode(error)
    if (REFUSED_BY_MACHINE.has(code)) {
      // The machine refused to seal, so nothing left: certain, not doubtful.
      moved(await store.move(command.id, { from: ['sent'], to: 'refused', who: 'crypto-machine', code }))
      return
    }
    if (code === 'DEVICE_REFUSED') {
      moved(await store.move(command.id, { from: ['sent'], to: 'refused', who: `device/${refusedBy(error) ?? command.terminalAddress}`, code, ...darOf(error) }))
      return
    }
    moved(await store.move(command.id, { from: ['sent'], to: 'unknown', who, code: 'COMMAND_UNKNOWN', why: errorText(error) }))
    settler.later(command.id)
  }

  /** Nothing left: the row is still queued and is tried again, or lapses at its expiry. */
  const undelivered = async (command: CommandRecord, error: unknown): Promise<void> => {
    const code = errorCode(error)
    if (code === 'COMMAND_EXPIRED') moved(await store.move(command.id, { from: ['queued'], to: 'expired', who, code }))
    else if (code !== 'STATE_CONFLICT' && code !== 'TERMINAL_OFFLINE') log.warn({ command: command.id, code, err: errorText(error) }, 'command not sent yet')
  }

  const read = async (terminal: Terminal, command: CommandRecord): Promise<void> => {
    if (!moved(await store.move(command.id, { from: ['queued'], to: 'sent', who }))) return
    try {
      const result = await reader.read(terminal, command)
      moved(await store.move(command.id, { from: ['sent'], to: 'confirmed', who: `device/${command.meterAddress}`, result }))
    } catch (error) {
      const refused = errorCode(error) === 'DEVICE_REFUSED'
      moved(await store.move(command.id, { from: ['sent'], to: refused ? 'refused' : 'expired', who, code: errorCode(error), why: errorText(error), ...darOf(error) }))
    }
  }

  const deliverTo = async (terminal: Terminal, command: CommandRecord): Promise<void> => {
    if (command.expiresAt.getTime() <= clock.now()) {
      moved(await store.move(command.id, { from: ['queued'], to: 'expired', who, code: 'COMMAND_EXPIRED' }))
    } else if (terminal.secure && !terminal.secure.ready) {
      return
    } else if (CONTROL_ACTIONS.has(command.action)) await control(terminal, command)
    else await read(terminal, command)
  }

  const inHand = new Set<string>()
  const start = (terminal: Terminal, command: CommandRecord): Promise<void> => {
    if (inHand.has(command.id)) return Promise.resolve()
    inHand.add(command.id)
    return withSpan('fep.command.settle', () => deliverTo(terminal, command), { parent: command.traceParent ?? undefined }).finally(() => inHand.delete(command.id))
  }

  return {
    deliver: async (commandId) => {
      const command = await store.find(commandId)
      if (command?.state !== 'queued') return
      const terminal = directory.serving(command.terminalAddress)
      // Not served here: its front end's sweep, or the terminal's return, finds the row.
      if (terminal) void start(terminal, command).catch((error: Error) => log.error({ command: commandId, err: error }, 'delivery failed'))
    },
    onBound: async (terminal) => {
      for (const command of await store.ofTerminal(terminal.address, ['queued'])) await start(terminal, command)
    },
    sweep: async () => {
      const now = new Date(clock.now())
      for (const command of await store.overdue(['queued'], now, 'expires_at')) {
        moved(await store.move(command.id, { from: ['queued'], to: 'expired', who, code: 'COMMAND_EXPIRED' }))
      }
      for (const command of await store.waiting(directory.served)) {
        const terminal = directory.serving(command.terminalAddress)
        if (terminal) void start(terminal, command).catch((error: Error) => log.error({ command: command.id, err: error }, 'delivery failed'))
      }
    },
  }
}

/** What a command needs before the machine is even asked: both signatures, or the only one where the row names no approver (a service signed alone). */
function signedTicket({ approver }: CommandRecord, found: Pick<CommandRecord, 'ticket' | 'sigOperator' | 'sigApprover'> | undefined): SignedTicket | undefined {
  if (!found?.ticket || !found.sigOperator || (!found.sigApprover && approver !== null)) return undefined
  return { tkt: found.ticket, sigOperator: found.sigOperator, ...(found.sigApprover && { sigApprover: found.sigApprover }) }
}

/** A meter that refused in a session of its own. */
function refusedBy(error: unknown): string | undefined {
  const device = error instanceof HesError ? error.context['device'] : undefined
  return typeof device === 'string' ? device : undefined
}

/** The device's own code in an authentic refusal. */
function darOf(error: unknown): { dar?: number } {
  const dar = error instanceof HesError ? error.context['dar'] : undefined
  return typeof dar === 'number' ? { dar } : {}
}
