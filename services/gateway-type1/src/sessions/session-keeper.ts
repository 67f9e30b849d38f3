import type { Clock } from '@zhuzhan/core'
import type { StationEvent } from '@zhuzhan/contracts'
import type { EventLog, SessionBinding, SessionRow, SessionTable } from '@zhuzhan/persistence'
import type { Logger, Part } from '@zhuzhan/service-kit'
import type { TerminalConnection } from '../sockets/terminal-connection.js'

/**
 * Writes the session table beside the traffic, never in its way. Changes are collected and written in batches; after any
 * failure (the database was away) the whole truth of this gateway is written again, so the table is right within seconds.
 */
export interface SessionKeeper extends Part {
  opened(connection: TerminalConnection): void
  bound(connection: TerminalConnection, frontendId: string, security: string): void
  ended(connection: TerminalConnection, reason: string): void
}

export interface SessionKeeperOptions {
  table: SessionTable
  events: EventLog
  clock: Clock
  log: Logger
  /** For last_seen_at. */
  connections(): Iterable<TerminalConnection>
  flushMs?: number
  beatMs?: number
  /** Who was heard of is written this often: it is for people to look at, and a row for each terminal (docs/performance.md). */
  seenMs?: number
}

/** Kept for each session; a row is made of it when one is written. */
interface Entry { readonly connection: TerminalConnection; readonly loggedInAt: number; binding: SessionBinding | undefined }

const rowOf = ({ connection, loggedInAt }: Entry): SessionRow => ({
  connectionId: connection.id, address: connection.address as string, remote: connection.remote, heartbeatSeconds: connection.heartbeatSeconds, loggedInAt: new Date(loggedInAt),
})

export function createSessionKeeper({ table, events, clock, log, connections, flushMs = 200, beatMs = 2_000, seenMs = 30_000 }: SessionKeeperOptions): SessionKeeper {
  const live = new Map<number, Entry>()
  let opened: Entry[] = []
  let bound: SessionBinding[] = []
  let closed: number[] = []
  let news: StationEvent[] = []
  let inStep = false
  let lastBeat = 0
  let lastSeen = 0
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined

  const heardSince = (since: number): { connectionId: number; at: Date }[] => {
    const ahead = clock.now() - clock.monotonic()
    return [...connections()].filter((one) => one.address !== undefined && ahead + one.lastHeardAt >= since).map((one) => ({ connectionId: one.id, at: new Date(ahead + one.lastHeardAt) }))
  }

  const flush = async (): Promise<void> => {
    const [opens, binds, closes, told] = [opened, bound, closed, news]
    opened = []
    bound = []
    closed = []
    news = []
    try {
      if (inStep) {
        await table.open(opens.map(rowOf))
        await table.bind(binds)
        await table.close(closes)
      } else {
        await table.begin()
        await table.open([...live.values()].map(rowOf))
        await table.bind([...live.values()].flatMap((one) => one.binding ?? []))
        inStep = true
      }
      await events.publish(...told.slice(0, 200))
      if (clock.now() - lastBeat >= beatMs) {
        lastBeat = clock.now()
        const since = lastSeen
        const due = lastBeat - since >= seenMs
        if (due) lastSeen = lastBeat
        await table.beat(due ? heardSince(since) : [])
      }
    } catch (error) {
      if (inStep) log.warn({ err: (error as Error).message }, 'session table not reachable; it is written again when it is')
      inStep = false
      lastBeat = 0
      lastSeen = 0
    }
  }

  return {
    name: 'session-keeper',
    start: async () => {
      await table.begin()
      inStep = true
      timer = setInterval(() => { running ??= flush().finally(() => { running = undefined }) }, flushMs)
    },
    stop: async () => {
      clearInterval(timer)
      await running
      await table.end().catch((error: Error) => log.warn({ err: error.message }, 'sessions were not taken back'))
    },
    opened: (connection) => {
      const entry: Entry = { connection, loggedInAt: clock.now(), binding: undefined }
      live.set(connection.id, entry)
      opened.push(entry)
    },
    bound: (connection, frontendId, security) => {
      const entry = live.get(connection.id)
      if (!entry) return
      const first = entry.binding === undefined
      entry.binding = { connectionId: connection.id, frontendId, security }
      bound.push(entry.binding)
      if (first) news.push({ kind: 'terminal.online', terminal: connection.address as string, detail: { remote: connection.remote, security } })
      else if (security !== 'plain') news.push({ kind: 'terminal.secured', terminal: connection.address as string, detail: { security } })
    },
    ended: (connection, reason) => {
      const entry = live.get(connection.id)
      if (!entry) return
      live.delete(connection.id)
      closed.push(connection.id)
      if (entry.binding) news.push({ kind: 'terminal.offline', terminal: connection.address as string, detail: { reason } })
    },
  }
}
