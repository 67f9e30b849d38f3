/** No answer is given up sooner (RFC 6298 §2.4): when a thousand terminals are asked at once, the station itself may be what is slow. */
const FLOOR_MS = 1_000
/** Before anything was heard of anybody. */
const UNKNOWN_MS = 5_000

/** How long answers take: what to wait before asking again, by the smoothed time and its variation (RFC 6298 §2). */
export interface AnswerTime {
  observe(ms: number): void
  /** Undefined before the first answer. */
  readonly wait: number | undefined
}

export function createAnswerTime(): AnswerTime {
  let smoothed: number | undefined
  let variation = 0
  return {
    observe: (ms) => {
      variation = smoothed === undefined ? ms / 2 : 0.75 * variation + 0.25 * Math.abs(smoothed - ms)
      smoothed = smoothed === undefined ? ms : 0.875 * smoothed + 0.125 * ms
    },
    get wait() { return smoothed === undefined ? undefined : Math.max(FLOOR_MS, smoothed + 4 * variation) },
  }
}

/**
 * Time-outs of the requests of one meter and range. The first are as short as this terminal's answers allow (one not heard yet is
 * taken for like the others), each twice the one before; the last has what is left of `fullMs`, so that a slow line is waited for
 * as long as ever, while a lost frame costs no more than it must.
 */
export function attemptTimeouts(own: number | undefined, others: number | undefined, fullMs: number): number[] {
  const timeouts: number[] = []
  let left = fullMs
  for (let next = own ?? others ?? UNKNOWN_MS; timeouts.length < MAX_ATTEMPTS - 1 && 2 * next < left; next *= 2) {
    timeouts.push(next)
    left -= next
  }
  return [...timeouts, left]
}
const MAX_ATTEMPTS = 4
