import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'

export interface LoginLimiter {
  /**
   * Charges one attempt before it is tried, so that guesses sent at once count as well.
   * @returns gives the attempt back: the password was right
   * @throws HesError TOO_MANY_REQUESTS; `first` in its context tells that this key was blocked just now
   */
  charge(remote: string, username: string): () => void
}

/** Wrong passwords within one window, per address and user name, and per address over all names. */
const PER_USER = 10
const PER_ADDRESS = 100
const WINDOW_MS = 5 * 60_000
/** Keys remembered; beyond that the oldest leave first, and an attacker with that many addresses meets the address limit. */
const MAX_KEYS = 20_000

interface Window {
  count: number
  until: number
}

/** Each replica of the API counts for itself: n replicas allow n times as many guesses, still far too few. */
export function createLoginLimiter(clock: Clock): LoginLimiter {
  const windows = new Map<string, Window>()
  const open = (key: string): Window => {
    const now = clock.monotonic()
    let window = windows.get(key)
    if (!window || window.until <= now) {
      window = { count: 0, until: now + WINDOW_MS }
      windows.delete(key)
      windows.set(key, window)
      if (windows.size > MAX_KEYS) windows.delete(windows.keys().next().value as string)
    }
    return window
  }
  return {
    charge: (remote, username) => {
      const user = open(`${remote} ${username.toLowerCase()}`)
      const address = open(remote)
      user.count += 1
      address.count += 1
      if (user.count > PER_USER || address.count > PER_ADDRESS) {
        const first = user.count === PER_USER + 1 || address.count === PER_ADDRESS + 1
        throw new HesError('TOO_MANY_REQUESTS', 'Too many wrong passwords; wait five minutes.', { first })
      }
      return () => {
        user.count = 0
        address.count -= 1
      }
    },
  }
}
