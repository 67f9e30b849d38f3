import { ERRORS } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import type { EventLog } from './events.js'
import type { AuditLog } from './audit.js'

export interface RefusalAbout {
  /** Terminal or device address, when it is known. */
  terminal?: string
  /** Peer address of the socket. */
  remote?: string
  /** What was refused: a service, a limit's name. Never payloads. */
  what?: string
}

/**
 * Counts every refusal and writes the ones that concern security into the audit log: equal refusals as one entry with a
 * count, and at most a bounded number of entries a flush, so that a flood fills neither memory nor the log.
 */
export interface RefusalLog {
  refuse(code: ErrorCode, about: RefusalAbout): void
  flush(): Promise<void>
  stop(): Promise<void>
}

export interface RefusalLogOptions {
  actor: string
  audit: AuditLog
  events: EventLog
  count(code: ErrorCode): void
  onError(error: Error): void
  flushMs?: number
  /** The same refusal is written at once and then at most this often. */
  quietMs?: number
  maxEntriesPerFlush?: number
  maxKeys?: number
}

interface Tally {
  code: ErrorCode
  about: RefusalAbout
  count: number
  writtenAt: number
}

export function createRefusalLog(options: RefusalLogOptions): RefusalLog {
  const { flushMs = 250, quietMs = 10_000, maxEntriesPerFlush = 25, maxKeys = 5_000 } = options
  const tallies = new Map<string, Tally>()
  let dirty = false
  let running: Promise<void> = Promise.resolve()

  const flushNow = async (): Promise<void> => {
    if (!dirty) return
    dirty = false
    const now = Date.now()
    const due: Tally[] = []
    for (const [key, tally] of tallies) {
      if (tally.count > 0 && now - tally.writtenAt >= quietMs && due.length < maxEntriesPerFlush) due.push(tally)
      else if (tally.count > 0) dirty = true
      else if (now - tally.writtenAt >= quietMs) tallies.delete(key)
    }
    if (due.length === 0) return
    const counts = due.map((tally) => tally.count)
    for (const tally of due) {
      tally.count = 0
      tally.writtenAt = now
    }
    try {
      await options.audit.append(...due.map((tally, index) => ({
        actor: options.actor, action: 'refuse', object: tally.about.terminal === undefined ? `remote/${tally.about.remote ?? 'unknown'}` : `terminal/${tally.about.terminal}`,
        outcome: tally.code, reason: ERRORS[tally.code].text, detail: { ...tally.about, count: counts[index] },
      })))
      await options.events.publish(...due.map((tally, index) => ({
        kind: 'security.refusal' as const, severity: 'warning' as const, code: tally.code,
        ...(tally.about.terminal === undefined ? {} : { terminal: tally.about.terminal }),
        detail: { ...tally.about, count: counts[index] },
      })))
    } catch (error) {
      due.forEach((tally, index) => {
        tally.count += counts[index] as number
        tally.writtenAt = 0
      })
      dirty = true
      options.onError(error as Error)
    }
  }

  const flush = (): Promise<void> => (running = running.then(flushNow))
  const timer = setInterval(() => void flush(), flushMs)
  timer.unref()

  return {
    refuse: (code, about) => {
      options.count(code)
      if (!ERRORS[code].audit) return
      // A flood from many sources beyond the bound is still counted, as one row for its code.
      const exact = `${code}|${about.terminal ?? ''}|${about.remote ?? ''}|${about.what ?? ''}`
      const full = tallies.size >= maxKeys && !tallies.has(exact)
      const key = full ? code : exact
      const tally = tallies.get(key)
      if (tally) tally.count += 1
      else tallies.set(key, { code, about: full ? { what: 'many sources' } : about, count: 1, writtenAt: 0 })
      dirty = true
    },
    flush,
    stop: async () => {
      clearInterval(timer)
      for (const tally of tallies.values()) tally.writtenAt = 0
      await flush()
    },
  }
}
