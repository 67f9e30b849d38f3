import type { Clock } from '@zhuzhan/core'
import type { CryptoMachine } from '@zhuzhan/contracts'
import type { TerminalRecord } from '@zhuzhan/persistence'
import type { GatewayLink } from '../gateway-link/gateway-client.js'
import { createTurnstile } from '../secure/turnstile.js'
import { createTerminal } from '../terminals/terminal.js'
import type { Terminal } from '../terminals/terminal.js'
import { fakeMachine } from './fake-machine.js'
import { terminalRecord } from './records.js'

/** A connection of a terminal on this link. */
export function terminalOn(link: GatewayLink, clock: Clock, { connection = 1, record = terminalRecord(), machine = fakeMachine({}), loggedInAt = clock.now(), frameBytes = 1_024 }: {
  connection?: number; record?: TerminalRecord; machine?: CryptoMachine; loggedInAt?: number; frameBytes?: number
} = {}): Terminal {
  return createTerminal({ gateway: link, connection, remote: '10.0.0.1', loggedInAt, record }, {
    clock, clientAddress: 16, frameBytes,
    onReady: () => undefined,
    secure: { clientAddress: 16, machine, clock, turnstile: createTurnstile(8), onRefused: () => undefined },
  })
}
