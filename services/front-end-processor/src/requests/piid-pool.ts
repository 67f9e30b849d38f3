import type { Clock } from '@zhuzhan/core'

const NUMBERS = 64
/** A number rests this long after a timeout, so that a late answer meets no new request. */
export const PIID_REST_MS = 60_000

/** The 64 invocation numbers of one connection. */
export interface PiidPool {
  /** A free number, the one unused for longest first; undefined when all are in use or resting. */
  take(): number | undefined
  /** The number was answered. */
  answered(number: number): void
  /** Its answer may still come. */
  timedOut(number: number): void
}

export function createPiidPool(clock: Clock): PiidPool {
  const free = Array.from({ length: NUMBERS }, (_, number) => number)
  const resting: { number: number; until: number }[] = []
  return {
    take: () => {
      while (resting[0] && resting[0].until <= clock.monotonic()) free.push((resting.shift() as { number: number }).number)
      return free.shift()
    },
    answered: (number) => { free.push(number) },
    timedOut: (number) => { resting.push({ number, until: clock.monotonic() + PIID_REST_MS }) },
  }
}
