import type { Clock } from '@zhuzhan/core'

/** What a queue needs of a logger; pino fits. */
export interface QueueLog {
  info(object: object, message: string): void
  warn(object: object, message: string): void
  error(object: object, message: string): void
}

const EVERY_MS = 10_000

/**
 * At most one line in ten seconds for each message: queue objects of a dead server can emit millions of errors, and did
 * (queue facts §3: 1.8 GB of log in ten minutes). The next line that passes says how many were left out.
 */
export function quietLog(log: QueueLog, clock: Clock): QueueLog {
  const last = new Map<string, { at: number; leftOut: number }>()
  const at = (level: keyof QueueLog) => (object: object, message: string): void => {
    const seen = last.get(message)
    if (seen && clock.monotonic() - seen.at < EVERY_MS) {
      seen.leftOut++
      return
    }
    log[level](seen?.leftOut ? { ...object, leftOut: seen.leftOut } : object, message)
    last.set(message, { at: clock.monotonic(), leftOut: 0 })
  }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}
