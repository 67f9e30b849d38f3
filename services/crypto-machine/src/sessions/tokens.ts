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
const POOL_TOKENS = 64

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
  // Drawn for many tokens at once: a call for each costs more than all the rest of a token.
  let pool = Buffer.alloc(0)
  const fresh = (): string => {
    if (pool.length === 0) pool = Buffer.from(random(POOL_TOKENS * TOKEN_BYTES))
    const token = pool.toString('hex', 0, TOKEN_BYTES).toUpperCase()
    pool = pool.subarray(TOKEN_BYTES)
    return token
  }
  return {
    issue(owner, value) {
      const now = clock.monotonic()
      // All entries live equally long, so the oldest come first in the map.
      for (const [token, entry] of entries) {
        if (entry.until > now && entries.size < capacity) break
        entries.delete(token)
        onExpire?.(entry.value)
      }
      const token = fresh()
      entries.set(token, { owner, value, until: now + validMs })
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
