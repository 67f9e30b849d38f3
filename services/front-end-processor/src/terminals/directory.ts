import type { ServedTerminals } from '@zhuzhan/persistence'
import type { GatewayLink } from '../gateway-link/gateway-client.js'
import type { Terminal } from './terminal.js'

/** Every terminal connection of this front end, by connection and, once bound, by address. */
export interface Directory {
  add(terminal: Terminal): void
  get(gateway: GatewayLink, connection: number): Terminal | undefined
  remove(gateway: GatewayLink, connection: number): Terminal | undefined
  /** All connections through a gateway link that went down. */
  removeAll(gateway: GatewayLink): Terminal[]
  /** Makes this connection serve its address; returns the one that did before. */
  bind(terminal: Terminal): Terminal | undefined
  /** The connection that serves an address. */
  serving(address: string): Terminal | undefined
  bound(): Iterable<Terminal>
  /** By their addresses. */
  readonly served: ServedTerminals
  all(): Iterable<Terminal>
}

export function createDirectory(): Directory {
  const byGateway = new Map<GatewayLink, Map<number, Terminal>>()
  const byAddress = new Map<string, Terminal>()
  const release = (terminal: Terminal): void => {
    if (byAddress.get(terminal.address) === terminal) byAddress.delete(terminal.address)
    terminal.bound = false
  }
  return {
    add: (terminal) => {
      const connections = byGateway.get(terminal.gateway) ?? new Map<number, Terminal>()
      byGateway.set(terminal.gateway, connections.set(terminal.connection, terminal))
    },
    get: (gateway, connection) => byGateway.get(gateway)?.get(connection),
    remove: (gateway, connection) => {
      const terminal = byGateway.get(gateway)?.get(connection)
      if (!terminal) return undefined
      byGateway.get(gateway)?.delete(connection)
      release(terminal)
      return terminal
    },
    removeAll: (gateway) => {
      const gone = [...(byGateway.get(gateway)?.values() ?? [])]
      byGateway.delete(gateway)
      gone.forEach(release)
      return gone
    },
    bind: (terminal) => {
      const former = byAddress.get(terminal.address)
      byAddress.set(terminal.address, terminal)
      terminal.bound = true
      if (former === terminal) return undefined
      if (former) former.bound = false
      return former
    },
    serving: (address) => byAddress.get(address),
    bound: () => byAddress.values(),
    served: { has: (address) => byAddress.has(address), all: () => [...byAddress.keys()] },
    *all() { for (const connections of byGateway.values()) yield* connections.values() },
  }
}
