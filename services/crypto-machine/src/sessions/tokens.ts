import type { Clock } from '@zhuzhan/core'
import type { Random } from '@zhuzhan/gm-crypto'

/** Values under unguessable names, bound to one caller, with an end. */
export interface Tokens<T> {
  /** @returns 16 random bytes in upper-case hex */
  issue(owner: string, value: T): string
  /** The value, only for its owner and before its end. */
  find(owner: string, token: string): T | undefined
  drop(token: string): void
  readonly size: number
}

interface Entry<T> {
  owner: string
  value: T
  until: number
}

const TOKEN_BYTES = 16
const TOKEN_DIGITS = 2 * TOKEN_BYTES
const POOL_TOKENS = 256

/** Bounded: beyond `capacity` the oldest goes. A foreign or expired token looks exactly like one that never was. */
export function createTokens<T>({
  random,
  clock,
  validMs,
  capacity,
  onExpire,
}: {
  random: Random
  clock: Clock
  validMs: number
  capacity: number
  /** Told of each value that is given up because its end came or room was needed. */
  onExpire?: (value: T) => void
}): Tokens<T> {
  const entries = new Map<string, Entry<T>>()
  // Drawn and spelt for many tokens at once: a call for each costs more than all the rest of a token.
  let pool = ''
  let drawn = 0
  const fresh = (): string => {
    if (drawn === pool.length) {
      pool = Buffer.from(random(POOL_TOKENS * TOKEN_BYTES)).toString('hex').toUpperCase()
      drawn = 0
    }
    return pool.slice(drawn, (drawn += TOKEN_DIGITS))
  }
  /** No entry ends before this. */
  let firstEnd = Infinity
  /** Not for every token: whatever was dropped since the map last grew is walked over again on the way to the oldest. */
  const giveUp = (now: number): void => {
    firstEnd = Infinity
    // All entries live equally long, so the oldest come first in the map.
    for (const [token, entry] of entries) {
      if (entry.until > now && entries.size < capacity) {
        firstEnd = entry.until
        break
      }
      entries.delete(token)
      onExpire?.(entry.value)
    }
  }
  return {
    issue(owner, value) {
      const now = clock.monotonic()
      if (now >= firstEnd || entries.size >= capacity) giveUp(now)
      const token = fresh()
      const until = now + validMs
      entries.set(token, { owner, value, until })
      if (until < firstEnd) firstEnd = until
      return token
    },
    find(owner, token) {
      const entry = entries.get(token)
      return entry && entry.owner === owner && entry.until > clock.monotonic() ? entry.value : undefined
    },
    drop: (token) => {
      entries.delete(token)
    },
    get size() {
      return entries.size
    },
  }
}
