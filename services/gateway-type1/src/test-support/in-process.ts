import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { systemClock } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { createAuditLog, createEventLog, createRefusalLog, createRegistry, createSessionTable, openDatabase } from '@zhuzhan/persistence'
import type { Part } from '@zhuzhan/service-kit'
import { createGateway } from '../app.js'
import type { Limits } from '../config.js'
import { linkServer } from '../link/link-server.js'
import { terminalListener } from '../sockets/listener.js'
import { limitsWith } from './limits.js'

export const LINK_SECRET = 'the secret of this test'

export interface RunningGateway {
  readonly port: number
  readonly linkUrl: string
  readonly instance: string
  /** Writes refusals now instead of in a moment. */
  flushRefusals(): Promise<void>
  stop(): Promise<void>
}

/** Main's wiring without main's process. */
export async function startGateway(options: { url: string; id?: string; clock?: Clock; limits?: Partial<Limits> }): Promise<RunningGateway> {
  const log = pino({ level: 'silent' })
  const id = options.id ?? 'gw-1'
  const limits = limitsWith(options.limits)
  const database = openDatabase({ url: options.url, max: 4 })
  const events = createEventLog(database.pool)
  const refusals = createRefusalLog({ actor: `gateway/${id}`, audit: createAuditLog(database.pool), events, count: () => undefined, onError: () => undefined, quietMs: 0 })
  const table = createSessionTable(database.pool, id)
  const registry = createRegistry({ pool: database.pool, url: options.url, onChange: (address) => gateway.onRegistryChange(address) })
  const gateway = createGateway({ limits, registry, table, events, refusals, clock: options.clock ?? systemClock, log })
  const linkPort = await freePort()
  let port = 0
  const parts: Part[] = [
    { name: 'database', start: async () => undefined, stop: () => database.close() },
    { name: 'registry', start: async () => undefined, stop: () => registry.close() },
    { name: 'refusals', start: async () => undefined, stop: () => refusals.stop() },
    ...gateway.parts,
    linkServer({
      host: '127.0.0.1', port: linkPort, secret: LINK_SECRET, gatewayId: id, instance: table.instance, log,
      onFrontEnd: gateway.onFrontEnd, onRefused: (remote, what) => refusals.refuse('AUTH_FAILED', { remote, what }),
    }),
    terminalListener({ host: '127.0.0.1', port: 0, maxConnections: limits.maxConnections, onSocket: gateway.onSocket, onListening: (address) => { port = address.port } }),
  ]
  for (const part of parts) await part.start()
  return {
    port,
    linkUrl: `ws://127.0.0.1:${linkPort}`,
    instance: table.instance,
    flushRefusals: () => refusals.flush(),
    stop: async () => { for (const part of parts.reverse()) await part.stop() },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
