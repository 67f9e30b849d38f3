import type { Clock } from '@zhuzhan/core'

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

/** Runs tasks one after another: counters and state machines rely on it. */
export function oneAtATime(): <T>(task: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve()
  return <T>(task: () => Promise<T>): Promise<T> => {
    const result = tail.then(task)
    tail = result.catch(() => undefined)
    return result
  }
}
