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
  // A ring of 64 bytes: an array would be a kilobyte, for every terminal of the station.
  const ring = Uint8Array.from({ length: NUMBERS }, (_, number) => number)
  let first = 0
  let size = NUMBERS
  const resting: { number: number; until: number }[] = []
  const put = (number: number): void => { ring[(first + size++) % NUMBERS] = number }
  return {
    take: () => {
      while (resting[0] && resting[0].until <= clock.monotonic()) put((resting.shift() as { number: number }).number)
      if (size === 0) return undefined
      const number = ring[first] as number
      first = (first + 1) % NUMBERS
      size -= 1
      return number
    },
    answered: put,
    timedOut: (number) => { resting.push({ number, until: clock.monotonic() + PIID_REST_MS }) },
  }
}
