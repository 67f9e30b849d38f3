import { createHash } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { Role } from '@zhuzhan/contracts'
import { findUser } from '@zhuzhan/persistence'
import type { UserRecord } from '@zhuzhan/persistence'
import type pg from 'pg'

/** Who is asking. */
export interface Operator {
  id: string
  username: string
  roles: readonly Role[]
}

/** A token names a person and the password it was given for; what he may do is looked up at every request. */
export interface TokenClaims {
  sub: string
  /** Fingerprint of the password's hash: a new password ends the tokens of the old one. */
  pw: string
}

export interface People {
  /** @throws HesError NOT_AUTHENTICATED when the user is gone, disabled or has another password */
  operator(claims: TokenClaims): Promise<Operator>
  /** After a change made here; changes made by other replicas are seen after `CACHE_MS`. */
  forget(id: string): void
}

/** How long a disabled user may still get in. */
export const CACHE_MS = 2_000
const MAX_ENTRIES = 10_000

export function passwordFingerprint(user: Pick<UserRecord, 'passwordHash'>): string {
  return createHash('sha256').update(user.passwordHash).digest('hex').slice(0, 16)
}

export function createPeople(pool: pg.Pool, clock: Clock): People {
  const cache = new Map<string, { user: Promise<UserRecord | undefined>; until: number }>()
  const user = (id: string): Promise<UserRecord | undefined> => {
    const known = cache.get(id)
    if (known && known.until > clock.monotonic()) return known.user
    const entry = { user: findUser(pool, { id }), until: clock.monotonic() + CACHE_MS }
    cache.delete(id)
    cache.set(id, entry)
    if (cache.size > MAX_ENTRIES) cache.delete(cache.keys().next().value as string)
    entry.user.catch(() => { if (cache.get(id) === entry) cache.delete(id) })
    return entry.user
  }
  return {
    operator: async (claims) => {
      const found = await user(claims.sub)
      if (!found || found.disabled || passwordFingerprint(found) !== claims.pw) throw new HesError('NOT_AUTHENTICATED')
      return { id: found.id, username: found.username, roles: found.roles }
    },
    forget: (id) => { cache.delete(id) },
  }
}
