import { fileURLToPath } from 'node:url'
import { HesError } from '@zhuzhan/core'
import type { Language, SiteAudit } from '@zhuzhan/energy-audit'
import { Piscina } from 'piscina'
import { auditFile } from './audit-file.js'
import type { AuditFormat } from './audit-file.js'

/** Makes audits into files. */
export interface AuditRenderer {
  /** @throws HesError UNAVAILABLE when too many wait, or when a file is not made in time */
  file(audit: SiteAudit, format: AuditFormat, language: Language): Promise<Buffer>
  close(): Promise<void>
}

/** A second of computing for a large audit, during which a service answers nobody. */
const LONG: readonly AuditFormat[] = ['pdf', 'xlsx']
const WAITING_MOST = 16
const LIMIT_MS = 60_000
const IDLE_MS = 30_000

/** PDF and XLSX are made in one thread beside the service's own, which begins with the first of them and ends when none was wanted for half a minute. */
export function auditRenderer({ waitingMost = WAITING_MOST, limitMs = LIMIT_MS }: { waitingMost?: number; limitMs?: number } = {}): AuditRenderer {
  const pool = new Piscina<object, Uint8Array>({
    filename: fileURLToPath(new URL('../worker/render.mjs', import.meta.url)), minThreads: 0, maxThreads: 1, maxQueue: waitingMost, idleTimeout: IDLE_MS,
  })
  return {
    async file(audit, format, language) {
      if (!LONG.includes(format)) return auditFile(audit, format, language)
      if (pool.queueSize >= waitingMost) throw new HesError('UNAVAILABLE', `${waitingMost} audits wait to be made into files; try again in a minute.`)
      const late = AbortSignal.timeout(limitMs)
      const bytes = await pool.run({ audit, format, language }, { signal: late }).catch((error: Error) => {
        throw late.aborted ? new HesError('UNAVAILABLE', `The audit was not made into a file within ${limitMs / 1_000} s; HTML and CSV take less.`) : error
      })
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    },
    close: () => pool.destroy(),
  }
}
