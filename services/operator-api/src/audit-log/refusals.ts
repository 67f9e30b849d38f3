import type { Clock } from '@zhuzhan/core'
import type { AuditLog, EventLog } from '@zhuzhan/persistence'
import type { RefusalWitness } from '../http/error-handler.js'
import { remoteOf } from '../http/remote.js'

/** The same refusal is written this often within a window, then counted: nobody may fill the audit log by knocking. */
const PER_WINDOW = 5
const WINDOW_MS = 10_000
const MAX_KEYS = 2_000

interface Window {
  until: number
  written: number
  leftOut: number
}

/** Writes what was refused for security's sake into the audit log, and tells the live feed. */
export function createRefusalWitness({ audit, events, clock }: { audit: AuditLog; events: EventLog; clock: Clock }): RefusalWitness {
  const windows = new Map<string, Window>()
  return async (request, refusal) => {
    const actor = request.operator?.username ?? attemptedName(request.body) ?? 'anonymous'
    const action = request.routeOptions.config.act ?? `${request.method} ${request.routeOptions.url ?? ''}`
    const object = refusal.object ?? (request.url.split('?')[0] ?? '').slice(0, 200)
    const remote = remoteOf(request)
    const key = JSON.stringify([actor, action, object, refusal.code, remote])
    const now = clock.monotonic()
    let window = windows.get(key)
    if (!window || window.until <= now) {
      const leftOut = window?.leftOut ?? 0
      windows.delete(key)
      windows.set(key, (window = { until: now + WINDOW_MS, written: 0, leftOut }))
      if (windows.size > MAX_KEYS) windows.delete(windows.keys().next().value as string)
    }
    if (window.written >= PER_WINDOW) {
      window.leftOut += 1
      return
    }
    window.written += 1
    const { leftOut } = window
    window.leftOut = 0
    const detail = { remote, requestId: request.id, ...(leftOut > 0 ? { leftOut } : {}) }
    await audit.append({ actor, action, object, outcome: refusal.code, reason: refusal.message, detail })
    await events.publish({ kind: 'security.refusal', severity: 'warning', code: refusal.code, detail: { actor, action, object } })
  }
}

/** The name somebody tried to log in with. */
function attemptedName(body: unknown): string | undefined {
  const name = typeof body === 'object' && body !== null && 'username' in body ? body.username : undefined
  return typeof name === 'string' ? name.slice(0, 128) : undefined
}
