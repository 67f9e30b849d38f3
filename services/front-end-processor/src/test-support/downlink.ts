import { pino } from 'pino'
import type { CryptoMachine } from '@zhuzhan/contracts'
import type { Clock } from '@zhuzhan/core'
import type { CommandAction, CommandState, Reading } from '@zhuzhan/contracts'
import type { ControlAction } from '@zhuzhan/dlt698'
import { createBatchStore, createCommandStore, createEventLog } from '@zhuzhan/persistence'
import type { CommandRecord, CommandStore, Database } from '@zhuzhan/persistence'
import { createSendControl } from '../downlink/control-route.js'
import { createDelivery } from '../downlink/deliver.js'
import type { Delivery } from '../downlink/deliver.js'
import { createReader } from '../downlink/read.js'
import { createSettler } from '../downlink/settle.js'
import type { Settler } from '../downlink/settle.js'
import { createMeterSessions } from '../meters/meter-sessions.js'
import { createDirectory } from '../terminals/directory.js'
import type { Terminal } from '../terminals/terminal.js'
import { answerWith } from './device.js'
import type { Device } from './device.js'
import { fakeLink } from './fake-link.js'
import { fakeMachine } from './fake-machine.js'
import { METER, TERMINAL } from './records.js'
import { SIGNATURES, testTicket, ticketMachine } from './tickets.js'
import { terminalOn } from './terminal.js'
import { until } from './until.js'

export const SENT_DEAD_MS = 60_000
export const PROXY_MS = 30_000

/** The downlink half of a front end, its terminals on a fake link, its commands in a real database. */
export interface Downlink {
  readonly delivery: Delivery
  readonly settler: Settler
  readonly store: CommandStore
  readonly published: Reading[]
  /** A terminal that serves its address, answered for by this device. */
  connect(device: Device, more?: { loggedInAt?: number; terminal?: (made: Terminal) => Terminal; machine?: CryptoMachine }): Terminal
  drop(terminal: Terminal): void
  /** The terminal's return: what waits is sent, doubts are settled. */
  returns(terminal: Terminal): Promise<void>
}

export function downlinkOn(pool: Database['pool'], clock: Clock, frontendId = 'fep-1', requestMs = 250): Downlink {
  const log = pino({ level: 'silent' })
  const directory = createDirectory()
  const store = createCommandStore(pool)
  const published: Reading[] = []
  const machine = fakeMachine({})
  const meterSessions = createMeterSessions({ machine, clientAddress: 16, requestMs, proxySeconds: 0, meterPort: 'F2010201' })
  const reader = createReader({ publisher: { publish: async (readings) => { published.push(...readings) }, drain: async () => undefined }, clock, meterSessions, requestMs, proxySeconds: 0 })
  const settler = createSettler({ store, directory, reader, events: createEventLog(pool), clock, log, frontendId, relayOpenBit: 1, sentDeadMs: SENT_DEAD_MS, proxyMs: PROXY_MS, triesMs: [5, 30, 60, 100, 200] })
  const delivery = createDelivery({
    store, batches: createBatchStore(pool), directory, reader, settler, clock, log, frontendId, send: createSendControl({ reader, machine, meterSessions, clock, requestMs, proxySeconds: 0 }),
  })
  let connections = 0
  return {
    delivery, settler, store, published,
    connect: (device, { loggedInAt, terminal: change = (made: Terminal): Terminal => made, machine = ticketMachine() } = {}) => {
      const link = fakeLink()
      const terminal = change(terminalOn(link, clock, { connection: (connections += 1), machine, ...(loggedInAt === undefined ? {} : { loggedInAt }) }))
      answerWith(link, terminal, device)
      directory.add(terminal)
      directory.bind(terminal)
      return terminal
    },
    drop: (terminal) => {
      directory.remove(terminal.gateway, terminal.connection)
      terminal.end()
    },
    returns: async (terminal) => {
      await delivery.onBound(terminal)
      await settler.onBound(terminal)
    },
  }
}

/** A command that two people decided on and that waits to be sent. */
export async function queued(store: CommandStore, action: CommandAction, more: { expiresAt: Date; parameters?: Record<string, unknown> }): Promise<CommandRecord> {
  const { id } = await store.create({ meterAddress: METER, terminalAddress: TERMINAL, action, parameters: {}, requestedBy: 'anna', ...(action === 'read' ? {} : { ticket: testTicket(action as ControlAction), approver: 'bert' }), ...more })
  await store.move(id, { from: ['accepted'], to: 'awaiting_approval', who: 'anna', sigOperator: SIGNATURES.sigOperator })
  await store.move(id, { from: ['awaiting_approval'], to: 'approved', who: 'bert', decidedBy: 'bert', sigApprover: SIGNATURES.sigApprover })
  return (await store.move(id, { from: ['approved'], to: 'queued', who: 'bert' })) as CommandRecord
}

export async function reaches(store: CommandStore, id: string, state: CommandState): Promise<CommandRecord> {
  let record: CommandRecord | undefined
  await until(async () => {
    record = await store.find(id)
    return record?.state === state
  }).catch(() => { throw new Error(`the command is ${record?.state}, not ${state}`) })
  return record as CommandRecord
}
