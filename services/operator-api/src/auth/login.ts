import { HesError } from '@zhuzhan/core'
import { findUser } from '@zhuzhan/persistence'
import type { AuditLog, UserRecord } from '@zhuzhan/persistence'
import { metric } from '@zhuzhan/telemetry'
import type pg from 'pg'
import type { LoginLimiter } from './login-limiter.js'
import type { Passwords } from './passwords.js'

export interface LoginDeps {
  pool: pg.Pool
  audit: AuditLog
  passwords: Passwords
  limiter: LoginLimiter
}

export interface LoginAttempt {
  username: string
  password: string
  /** Peer address. */
  remote: string
}

const refused = metric('api_logins_refused')

/**
 * Checks a password. Unknown user, disabled user and wrong password get the same answer after the same work; a success is
 * in the audit log before the token leaves. Refusals are written there by the error handler.
 * @throws HesError LOGIN_REFUSED, TOO_MANY_REQUESTS
 */
export async function login(deps: LoginDeps, { username, password, remote }: LoginAttempt): Promise<UserRecord> {
  const giveBack = await charge(deps, username, remote)
  const user = await findUser(deps.pool, { username })
  const right = await deps.passwords.verify(password, user?.passwordHash)
  if (!user || !right || user.disabled) {
    refused.add(1)
    throw new HesError('LOGIN_REFUSED', undefined, { object: `user/${username}` })
  }
  giveBack()
  await deps.audit.append({ actor: user.username, action: 'login', object: `user/${user.username}`, outcome: 'ok', detail: { remote } })
  return user
}

/** A block is written once when it begins, not at every further knock. */
async function charge({ limiter, audit }: LoginDeps, username: string, remote: string): Promise<() => void> {
  try {
    return limiter.charge(remote, username)
  } catch (error) {
    refused.add(1)
    if (error instanceof HesError && error.context['first'] === true) {
      await audit.append({ actor: username, action: 'login', object: `user/${username}`, outcome: 'TOO_MANY_REQUESTS', reason: error.message, detail: { remote } })
    }
    throw error
  }
}
