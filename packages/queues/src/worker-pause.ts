import type { Worker } from 'bullmq'
import type { Clock } from '@zhuzhan/core'

const SHORTEST_MS = 100
const REFUSED_MS = 1_000
const LONGEST_MS = 5_000
const QUIET_MS = 10_000

/** SQLSTATE classes 53 (no resources: too many connections) and 57 (shutting down, starting up). */
function serverRefuses(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String((error as { code: unknown }).code) : ''
  return /^5[37][0-9A-Z]{3}$/.test(code)
}

/**
 * Lets a worker rest after an error, longer each time: BullMQ itself repeats most failures without any delay, and 35
 * workers against a server that refused emitted 49.8 million errors in ten minutes (queue facts §3).
 * @returns what to call with every error; jobs in hand go on meanwhile
 */
export function pauseOnErrors(worker: Pick<Worker, 'pause' | 'resume'>, clock: Clock): { onError(error: unknown): void; end(): void } {
  let rest = 0
  let lastAt = -Infinity
  let timer: NodeJS.Timeout | undefined
  let ended = false
  return {
    onError: (error) => {
      if (timer || ended) return
      const now = clock.monotonic()
      if (now - lastAt > QUIET_MS) rest = 0
      rest = Math.min(LONGEST_MS, Math.max(rest * 2, serverRefuses(error) ? REFUSED_MS : SHORTEST_MS))
      lastAt = now
      timer = setTimeout(() => {
        timer = undefined
        if (!ended) void worker.resume()
      }, rest)
      void worker.pause(true)
    },
    end: () => {
      ended = true
      clearTimeout(timer)
    },
  }
}
