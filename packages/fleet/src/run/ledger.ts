import { appendFileSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ReportedReading } from '../terminal/report-readings.js'

/** One acknowledged report: what the station has promised to have. */
export interface LedgerEntry {
  /** Epoch ms of the confirmation. */
  at: number
  terminal: string
  /** Number of the report within its terminal. */
  report: number
  readings: readonly ReportedReading[]
}

/** Append-only record of every acknowledged reading, for comparing with the station's rows. */
export interface Ledger {
  acknowledged(entry: LedgerEntry): void
  /** Everything so far is in the file. */
  flush(): void
  readonly path: string | undefined
  readonly entries: number
}

/** NDJSON lines `{at, terminal, report, readings: [[meter, item, time, value], ...]}`; time is ISO in UTC. Without a path only counted. */
export function createLedger(path?: string): Ledger {
  let waiting: string[] = []
  let entries = 0
  if (path !== undefined) mkdirSync(dirname(path), { recursive: true })

  function flush(): void {
    if (path === undefined || waiting.length === 0) return
    const lines = waiting.join('')
    waiting = []
    appendFileSync(path, lines)
  }

  return {
    acknowledged: (entry) => {
      entries++
      if (path === undefined) return
      if (waiting.length === 0) setImmediate(flush)
      const readings = entry.readings.map(({ meter, item, time, value }) => [meter, item, new Date(time).toISOString(), value])
      waiting.push(`${JSON.stringify({ ...entry, readings })}\n`)
    },
    flush,
    path,
    get entries() { return entries },
  }
}
