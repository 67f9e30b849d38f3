import type { Clock } from '@zhuzhan/core'

/** One thing a second per client address. */
export interface OncePerSecond {
  allow(clientAddress: number): boolean
}

/** Answers to failures are limited, checks never are: nothing an attacker sends locks out an authentic client. §7.12 */
export function oncePerSecond(clock: Clock): OncePerSecond {
  // At most 256 entries: the client address is one byte.
  const last = new Map<number, number>()
  return {
    allow(clientAddress) {
      const now = clock.monotonic()
      const before = last.get(clientAddress)
      if (before !== undefined && now - before < 1_000) return false
      last.set(clientAddress, now)
      return true
    },
  }
}

/** A bucket that refills evenly. */
export interface Budget {
  take(): boolean
}

export function budget(clock: Clock, perSecond: number, burst: number): Budget {
  let level = burst
  let at = clock.monotonic()
  return {
    take() {
      const now = clock.monotonic()
      level = Math.min(burst, level + ((now - at) / 1000) * perSecond)
      at = now
      if (level < 1) return false
      level--
      return true
    },
  }
}

/** Runs tasks one after another: a meter does one thing at a time, and its counters rely on it. */
export function oneAtATime(): <T>(task: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve()
  return <T>(task: () => Promise<T>): Promise<T> => {
    const result = tail.then(task)
    tail = result.catch(() => undefined)
    return result
  }
}
