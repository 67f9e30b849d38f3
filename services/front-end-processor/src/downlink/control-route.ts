import { HesError, errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine } from '@zhuzhan/contracts'
import type { Apdu } from '@zhuzhan/dlt698'
import type { CommandRecord } from '@zhuzhan/persistence'
import { withSpan } from '@zhuzhan/telemetry'
import { hasOwnSession } from '../meters/meter-sessions.js'
import type { MeterSessions } from '../meters/meter-sessions.js'
import type { SignedTicket } from '../secure/secure-channel.js'
import type { Terminal } from '../terminals/terminal.js'
import { controlApdu, timeTag } from './encode.js'
import type { Reader } from './read.js'

/** 4000 attribute 2. */
const CLOCK = '40000200'
const PIID = { number: 2, priority: false, acd: false }

export interface ControlRouteOptions {
  reader: Reader
  machine: CryptoMachine
  meterSessions: MeterSessions
  clock: Clock
  requestMs: number
  proxySeconds: number
}

/**
 * Sends a control command: what its ticket says, in the session of the terminal, or in one of the meter's own when it has keys.
 * `beforeSend` runs right before the machine spends the ticket; what it throws ends the command unsent.
 * The machine seals no control before it has heard this device's clock in the same session (OSP-1 §7.6).
 */
export type SendControl = (terminal: Terminal, command: CommandRecord, ticket: SignedTicket, beforeSend: () => Promise<void>) => Promise<Apdu>

export function createSendControl({ reader, machine, meterSessions, clock, requestMs, proxySeconds }: ControlRouteOptions): SendControl {
  const throughTerminal: SendControl = async (terminal, command, ticket, beforeSend) => {
    if (terminal.secure) await reader.attributes(terminal, terminal.address, [CLOCK])
    return terminal.requests.ask({
      lane: 'command',
      alone: true,
      seal: (piid) => terminal.sealTicket(ticket, piid),
      timeoutMs: requestMs + (command.meterAddress === command.terminalAddress ? 0 : proxySeconds * 1000),
      // Says which answer is waited for. The bytes that leave are the machine's.
      build: (piid) => withSpan('fep.command.encode', () => controlApdu(command, piid, timeTag(clock.now(), terminal.record.utcOffsetMinutes, command.expiresAt.getTime()), proxySeconds)),
      beforeSend,
    })
  }

  const toMeter: SendControl = async (terminal, command, ticket, beforeSend) => meterSessions.alone(terminal, command.meterAddress, async () => {
    const session = await meterSessions.open(terminal, command.meterAddress, 'command')
    try {
      await session.read({ apdu: 'get-request', choice: 'normal', piid: PIID, oad: CLOCK, timeTag: undefined })
      await beforeSend()
      const [outcome] = await withSpan('crypto.session.seal', () => machine.sealTicket([{ handle: session.handle, ...ticket, piid: PIID.number }]))
      return await session.exchange(outcomeValue<'sealTicket'>(outcome).apdu).catch((error: unknown) => inDoubt(error, command.meterAddress))
    } finally {
      // The record may still be on its way: the next session of this meter, which the read-back opens, makes it void.
      session.end()
    }
  })

  return (terminal, command, ticket, beforeSend) => (hasOwnSession(terminal, command.meterAddress) ? toMeter : throughTerminal)(terminal, command, ticket, beforeSend)
}

/**
 * The record has left: whatever went wrong then, also in the machine, is no refusal, unless the meter itself said so. What its terminal says in a
 * session of its own proves nothing: it may have handed the record on before.
 */
function inDoubt(error: unknown, meter: string): never {
  if (error instanceof HesError && error.code === 'DEVICE_REFUSED' && error.context['device'] === meter) throw error
  throw new HesError('TERMINAL_TIMEOUT', errorText(error), {}, { cause: error })
}
