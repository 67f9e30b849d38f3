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
  let running: Promise<boolean> = Promise.resolve(true)

  /** What is to be written now, and whether something stays behind. */
  const pick = (now: number): Tally[] => {
    const due: [string, Tally][] = []
    for (const [key, tally] of tallies) {
      const quiet = now - tally.writtenAt >= quietMs
      if (tally.count === 0 && quiet) tallies.delete(key)
      else if (tally.count > 0 && quiet && due.length < maxEntriesPerFlush) due.push([key, tally])
      else if (tally.count > 0) dirty = true
    }
    // To the end of the row: sources that come again and again must not keep a single one from ever being written.
    for (const [key, tally] of due) {
      tallies.delete(key)
      tallies.set(key, tally)
    }
    return due.map(([, tally]) => tally)
  }

  /** False when the audit log did not take them. */
  const flushNow = async (): Promise<boolean> => {
    if (!dirty) return true
    dirty = false
    const now = Date.now()
    const due = pick(now)
    if (due.length === 0) return true
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
    } catch (error) {
      due.forEach((tally, index) => {
        tally.count += counts[index] as number
        tally.writtenAt = 0
      })
      dirty = true
      options.onError(error as Error)
      return false
    }
    // The audit log has them; that the feed did not hear is no reason to write them twice.
    await options.events.publish(...due.map((tally, index) => ({
      kind: 'security.refusal' as const, severity: 'warning' as const, code: tally.code,
      ...(tally.about.terminal === undefined ? {} : { terminal: tally.about.terminal }),
      detail: { ...tally.about, count: counts[index] },
    }))).catch(options.onError)
    return true
  }

  const flush = (): Promise<boolean> => (running = running.then(flushNow))
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
    flush: async () => { await flush() },
    stop: async () => {
      clearInterval(timer)
      // Everything that was counted, in as many entries as it takes; a log that does not answer is not waited for.
      for (let written = true; written;) {
        for (const tally of tallies.values()) tally.writtenAt = 0
        dirty = [...tallies.values()].some((tally) => tally.count > 0)
        written = dirty && await flush()
      }
    },
  }
}
