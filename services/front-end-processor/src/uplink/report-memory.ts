import { createHash } from 'node:crypto'
import type { Clock } from '@zhuzhan/core'

const KEEP = 16
const KEEP_MS = 600_000

/**
 * The last reports of one plain connection by their bytes. A terminal repeats a report whose confirmation was lost; values
 * without a time of their own must then keep the time of the first arrival, or the repeat would become new readings.
 */
export interface ReportMemory {
  /** When these bytes first arrived (epoch ms): now, or the time of the first copy. */
  firstSeen(apdu: Buffer): { at: number; repeated: boolean }
}

export function createReportMemory(clock: Clock): ReportMemory {
  const seen = new Map<string, number>()
  return {
    firstSeen: (apdu) => {
      const key = createHash('md5').update(apdu).digest('base64')
      const now = clock.now()
      const before = seen.get(key)
      if (before !== undefined && now - before < KEEP_MS) return { at: before, repeated: true }
      seen.set(key, now)
      if (seen.size > KEEP) seen.delete(seen.keys().next().value as string)
      return { at: now, repeated: false }
    },
  }
}
