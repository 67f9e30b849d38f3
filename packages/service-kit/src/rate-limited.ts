import { systemClock } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { Logger } from 'pino'

type Level = 'info' | 'warn' | 'error'
export type RateLimitedLog = Record<Level, (object: object, message: string) => void>

/** Different messages remembered; more than this is a message with a value in it, and all of those share one allowance. */
const MAX_MESSAGES = 200

/**
 * For errors that can come by the thousand (a database that refuses, a terminal that sends noise): every message text
 * gets `perMinute` lines a minute, and the next line that passes says how many were left out.
 */
export function rateLimited(log: Logger, { perMinute, clock = systemClock }: { perMinute: number; clock?: Clock }): RateLimitedLog {
  const windows = new Map<string, { start: number; passed: number; leftOut: number }>()
  const at = (level: Level) => (object: object, message: string): void => {
    const key = windows.has(message) || windows.size < MAX_MESSAGES ? message : ''
    const now = clock.monotonic()
    let window = windows.get(key)
    if (!window) windows.set(key, (window = { start: now, passed: 0, leftOut: 0 }))
    if (now - window.start >= 60_000) Object.assign(window, { start: now, passed: 0 })
    if (window.passed >= perMinute) {
      window.leftOut++
      return
    }
    window.passed++
    log[level](window.leftOut > 0 ? { ...object, leftOut: window.leftOut } : object, message)
    window.leftOut = 0
  }
  return { info: at('info'), warn: at('warn'), error: at('error') }
}
