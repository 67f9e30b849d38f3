import type { Socket } from 'node:net'
import type { Clock } from '@zhuzhan/core'
import type { LinkFrame } from '@zhuzhan/dlt698'
import type { EventLog, RefusalLog, Registry, SessionTable, TerminalRecord } from '@zhuzhan/persistence'
import type { Logger, Part } from '@zhuzhan/service-kit'
import { gauge, metric, withSpan } from '@zhuzhan/telemetry'
import type { WebSocket } from 'ws'
import type { Limits } from './config.js'
import { inspect } from './filter/protocol-filter.js'
import { createExchange } from './link/exchange.js'
import { LINK_RESULT, linkResponse, readLinkRequest } from './sessions/login.js'
import type { LinkRequest } from './sessions/login.js'
import { createSessionKeeper } from './sessions/session-keeper.js'
import { createStrangers } from './sockets/strangers.js'
import { createTerminalConnection } from './sockets/terminal-connection.js'
import type { CloseReason, ConnectionHandlers, TerminalConnection } from './sockets/terminal-connection.js'

export interface GatewayOptions {
  limits: Limits
  registry: Registry
  table: SessionTable
  events: EventLog
  refusals: RefusalLog
  clock: Clock
  log: Logger
}

/** The gateway without its ports: sockets come in by `onSocket`, front ends by `onFrontEnd`. */
export interface Gateway {
  readonly parts: Part[]
  onSocket(socket: Socket): void
  onFrontEnd(frontendId: string, socket: WebSocket): void
  /** A terminal's record changed; one that was removed loses its connection. */
  onRegistryChange(address: string): void
  readonly frontEnds: number
}

const SWEEP_MS = 1_000

export function createGateway({ limits, registry, table, events, refusals, clock, log }: GatewayOptions): Gateway {
  const connections = new Map<number, TerminalConnection>()
  const strangers = createStrangers<TerminalConnection>(limits.maxStrangers, limits.maxStrangersPerAddress)
  const byAddress = new Map<string, readonly TerminalConnection[]>()
  const linkBudget = new Map<number, number>()
  let nextId = 1

  const keeper = createSessionKeeper({ table, events, clock, log, connections: () => connections.values() })
  const exchange = createExchange({
    clock,
    pendingBytes: limits.pendingBytes,
    onBind: keeper.bound,
    onFrontEnds: (ids) => log.info({ front_ends: ids }, 'front ends'),
  })

  const refuse = (connection: TerminalConnection, code: Parameters<RefusalLog['refuse']>[0], what: string): void =>
    refusals.refuse(code, { remote: connection.remote, what, ...(connection.address === undefined ? {} : { terminal: connection.address }) })

  const onFrame = (connection: TerminalConnection, frame: LinkFrame, raw: Buffer): void => withSpan('gateway.frame.receive', () => {
    const verdict = inspect(frame, connection.address)
    if ('refuse' in verdict) {
      refuse(connection, verdict.refuse, verdict.what)
      connection.violation()
    } else if (verdict.pass === 'forward') exchange.up(connection, raw)
    else onLinkFrame(connection, frame)
  })

  const onLinkFrame = (connection: TerminalConnection, frame: LinkFrame): void => {
    const receivedAt = clock.now()
    const budget = (linkBudget.get(connection.id) ?? limits.linkFramesPerSecond * 10) - 1
    linkBudget.set(connection.id, budget)
    if (budget < 0) {
      refuse(connection, 'LIMIT_EXCEEDED', 'LINK frames a second')
      return connection.close('limit')
    }
    let request: LinkRequest | undefined
    try {
      request = readLinkRequest(frame)
    } catch {
      request = undefined
    }
    if (!request) {
      refuse(connection, 'APDU_INVALID', 'LINK-Request')
      return connection.violation()
    }
    const address = frame.address.server.padStart(12, '0')
    if (connection.address !== undefined && connection.address !== address) {
      refuse(connection, 'ADDRESS_MISMATCH', 'LINK')
      return connection.violation()
    }
    if (request.kind === 'login') return void login(connection, address, frame, request, receivedAt)
    if (connection.address === undefined) {
      refuse(connection, 'NOT_LOGGED_IN', request.kind)
      return connection.violation()
    }
    connection.write(linkResponse(frame, request, LINK_RESULT.accepted, receivedAt, clock.now(), connection.offsetMinutes))
    if (request.kind === 'logout') connection.close('logout')
  }

  const login = async (connection: TerminalConnection, address: string, frame: LinkFrame, request: LinkRequest, receivedAt: number): Promise<void> => {
    let terminal: TerminalRecord | undefined
    try {
      terminal = await registry.terminal(address)
    } catch (error) {
      // Without the registry nobody is let in and nobody is told off: the terminal comes again.
      metric('gateway_logins').add(1, { result: 'unavailable' })
      log.warn({ err: (error as Error).message }, 'registry not reachable at a login')
      return connection.close('shed')
    }
    if (connection.closed) return
    if (connection.address !== undefined && connection.address !== address) {
      // A login of another address went through while this one waited for the registry.
      refuse(connection, 'ADDRESS_MISMATCH', 'LINK')
      return connection.violation()
    }
    if (!terminal) {
      metric('gateway_logins').add(1, { result: 'unknown' })
      refusals.refuse('TERMINAL_UNKNOWN', { terminal: address, remote: connection.remote, what: 'login' })
      connection.write(linkResponse(frame, request, LINK_RESULT.illegalDevice, receivedAt, clock.now(), connection.offsetMinutes))
      return connection.close('refused')
    }
    connection.offsetMinutes = terminal.utcOffsetMinutes
    connection.heartbeatSeconds = Math.min(limits.maxHeartbeatSeconds, Math.max(limits.minHeartbeatSeconds, request.heartbeatSeconds || 60))
    connection.write(linkResponse(frame, request, LINK_RESULT.accepted, receivedAt, clock.now(), terminal.utcOffsetMinutes))
    if (connection.address !== undefined) return
    connection.address = address
    connection.loggedInAt = clock.monotonic()
    strangers.leave(connection)
    byAddress.set(address, [...byAddress.get(address) ?? [], connection])
    metric('gateway_logins').add(1, { result: 'accepted' })
    keeper.opened(connection)
    exchange.add(connection)
  }

  const onClosed = (connection: TerminalConnection, reason: CloseReason): void => {
    connections.delete(connection.id)
    linkBudget.delete(connection.id)
    strangers.leave(connection)
    metric('gateway_connections_closed').add(1, { reason })
    if (connection.address === undefined) return
    const others = byAddress.get(connection.address)?.filter((one) => one !== connection) ?? []
    if (others.length === 0) byAddress.delete(connection.address)
    else byAddress.set(connection.address, others)
    exchange.remove(connection, reason)
    keeper.ended(connection, reason)
  }

  const handlers: ConnectionHandlers = { onFrame, onRefused: refuse, onClosed }

  const sweep = (): void => {
    const now = clock.monotonic()
    for (const connection of connections.values()) {
      const budget = linkBudget.get(connection.id)
      if (budget !== undefined) {
        // Who has all of it again needs no entry.
        if (budget + limits.linkFramesPerSecond >= limits.linkFramesPerSecond * 10) linkBudget.delete(connection.id)
        else linkBudget.set(connection.id, budget + limits.linkFramesPerSecond)
      }
      if (connection.address === undefined) {
        if (now - connection.openedAt > limits.loginMs) {
          refuse(connection, 'LIMIT_EXCEEDED', 'no login in time')
          connection.close('login-timeout')
        }
      } else if (now - connection.lastHeardAt > connection.heartbeatSeconds * 1000 * limits.heartbeatsMissed && !connection.paused) connection.close('silent')
    }
  }

  let timer: NodeJS.Timeout | undefined
  gauge('gateway_connections', () => [
    { value: connections.size - strangers.size, labels: { state: 'logged-in' } },
    { value: strangers.size, labels: { state: 'stranger' } },
  ])
  gauge('gateway_sessions', () => connections.size - strangers.size)
  gauge('gateway_front_ends', () => exchange.frontEnds)

  const sockets: Part = {
    name: 'terminal-sockets',
    start: async () => { timer = setInterval(sweep, SWEEP_MS) },
    stop: async () => {
      clearInterval(timer)
      for (const connection of [...connections.values()]) connection.close('stopping')
      exchange.stop()
    },
  }

  return {
    parts: [keeper, sockets],
    get frontEnds() { return exchange.frontEnds },
    onFrontEnd: exchange.attach,
    onRegistryChange: (address) => {
      const group = byAddress.get(address)
      if (!group) return
      registry.terminal(address).then((terminal) => {
        for (const connection of group) {
          if (terminal) connection.offsetMinutes = terminal.utcOffsetMinutes
          else connection.close('refused')
        }
      }, () => undefined)
    },
    onSocket: (socket) => {
      const remote = socket.remoteAddress ?? 'unknown'
      const connection = createTerminalConnection({ id: nextId++, socket, remote, limits, clock, handlers })
      connections.set(connection.id, connection)
      metric('gateway_connections_opened').add(1)
      for (const shed of strangers.admit(connection)) {
        refuse(shed, 'LIMIT_EXCEEDED', 'too many connections without a login')
        shed.close('shed')
      }
    },
  }
}
