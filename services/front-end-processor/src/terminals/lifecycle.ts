import { inOneTurn } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import type { LinkOpen } from '@zhuzhan/contracts'
import type { Registry } from '@zhuzhan/persistence'
import type { Logger } from '@zhuzhan/service-kit'
import type { GatewayLink } from '../gateway-link/gateway-client.js'
import { createTurnstile } from '../secure/turnstile.js'
import type { Directory } from './directory.js'
import { createTerminal } from './terminal.js'
import type { Terminal, TerminalDeps } from './terminal.js'

const RIVALS_IN_FLIGHT = 16

/** From a login at a gateway to a terminal that serves its address, and its end. */
export interface Lifecycle {
  open(link: GatewayLink, connection: number, open: LinkOpen): void
  /** The terminal behind a connection; a promise of it while it is being opened. */
  terminal(link: GatewayLink, connection: number): Terminal | undefined | Promise<Terminal | undefined>
  closed(link: GatewayLink, connection: number): void
  linkDown(link: GatewayLink): void
  /** The connection proved itself (plain: by its login; protected: by its CONNECT). */
  bind(terminal: Terminal, security: string): void
  registryChanged(address: string): void
}

export interface LifecycleOptions {
  directory: Directory
  registry: Registry
  terminalDeps: Omit<TerminalDeps, 'onReady'>
  log: Logger
  onBound(terminal: Terminal): void
}

export function createLifecycle({ directory, registry, terminalDeps, log, onBound }: LifecycleOptions): Lifecycle {
  const opening = new Map<GatewayLink, Map<number, Promise<Terminal | undefined>>>()

  /**
   * A login beside a live session may be the terminal itself or somebody who only knows its address. Such connections share
   * a budget of their own, so that silent ones never hold up true handshakes (OSP-1 §7.12), and one that proves nothing is noted.
   */
  const asRival = {
    turnstile: createTurnstile(RIVALS_IN_FLIGHT),
    onRefused: (address: string, code: ErrorCode, what: string): void => {
      if (code === 'TERMINAL_TIMEOUT') terminalDeps.secure.onRefused(address, 'AUTH_FAILED', 'login beside a live session without proof')
      else terminalDeps.secure.onRefused(address, code, what)
    },
  }

  const bind = (terminal: Terminal, security: string): void => {
    const former = directory.bind(terminal)
    terminal.gateway.bind(terminal.connection, security)
    // Only now, when the new connection has proved itself, the old one goes (OSP-1 §7.0: no hijack by a login alone).
    former?.gateway.close(former.connection, 'replaced')
    onBound(terminal)
  }

  const deps: TerminalDeps = { ...terminalDeps, onReady: bind }
  const depsOfRival: TerminalDeps = { ...deps, secure: { ...deps.secure, ...asRival } }

  const create = async (link: GatewayLink, connection: number, open: LinkOpen): Promise<Terminal | undefined> => {
    const record = await registry.terminal(open.address)
    if (!opening.get(link)?.has(connection)) return undefined
    if (!record) {
      // The gateway knew it a moment ago. Left open, it would be logged in and served by nobody.
      link.close(connection, 'unknown')
      return undefined
    }
    const rival = directory.serving(open.address) !== undefined
    const terminal = createTerminal({ gateway: link, connection, remote: open.remote, loggedInAt: open.loggedInAt, record }, rival ? depsOfRival : deps)
    directory.add(terminal)
    if (terminal.secure) terminal.secure.start()
    else bind(terminal, 'plain')
    return terminal
  }

  // An import of ten thousand meters tells ten thousand times; the connections are gone through once for all of one turn.
  const readAgain = inOneTurn(async (changed: readonly string[]) => {
    const addresses = new Set(changed)
    for (const terminal of directory.all()) {
      if (!addresses.has(terminal.address)) continue
      registry.terminal(terminal.address).then((record) => {
        if (!record) return
        const anew = record.securityProfile !== terminal.record.securityProfile || record.mode !== terminal.record.mode
        terminal.record = record
        // Another profile is another protocol: the terminal starts anew under it.
        if (anew) terminal.gateway.close(terminal.connection, 'profile')
      }, (error: Error) => log.warn({ terminal: terminal.address, err: error.message }, 'changed record not read'))
    }
  })

  return {
    bind,
    open: (link, connection, open) => {
      const pending = opening.get(link) ?? new Map<number, Promise<Terminal | undefined>>()
      opening.set(link, pending)
      // Set before create() runs its first step, which looks for it.
      const begun = Promise.resolve().then(() => create(link, connection, open)).catch((error: Error) => {
        log.warn({ terminal: open.address, err: error.message }, 'terminal record not reachable; the terminal must log in again')
        link.close(connection, 'registry')
        return undefined
      })
      pending.set(connection, begun)
      void begun.finally(() => { if (pending.get(connection) === begun) pending.delete(connection) })
    },
    terminal: (link, connection) => directory.get(link, connection) ?? opening.get(link)?.get(connection),
    closed: (link, connection) => {
      opening.get(link)?.delete(connection)
      directory.remove(link, connection)?.end()
    },
    linkDown: (link) => {
      opening.delete(link)
      for (const terminal of directory.removeAll(link)) terminal.end()
    },
    registryChanged: (address) => void readAgain(address),
  }
}
