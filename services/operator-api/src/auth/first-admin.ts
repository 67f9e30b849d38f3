import { ROLES } from '@zhuzhan/contracts'
import { createFirstUser } from '@zhuzhan/persistence'
import type { Logger } from '@zhuzhan/service-kit'
import type pg from 'pg'
import type { Passwords } from './passwords.js'

export interface FirstAdmin {
  username: string
  password: string | undefined
  production: boolean
}

/**
 * Creates the first administrator while there is no user at all. In a laboratory he holds every role, so that one person
 * can try everything but the second person's part; in production he keeps users and nothing else.
 */
export async function ensureFirstAdmin(pool: pg.Pool, passwords: Passwords, admin: FirstAdmin, log: Logger): Promise<void> {
  const { rowCount } = await pool.query('SELECT 1 FROM app_user LIMIT 1')
  if (rowCount) return
  if (admin.password === undefined) {
    log.warn('there is no user yet and ZHUZHAN_ADMIN_PASSWORD is not set: nobody can log in')
    return
  }
  const passwordHash = await passwords.hash(admin.password)
  const created = await createFirstUser(pool, { username: admin.username, passwordHash, roles: admin.production ? ['admin'] : ROLES }, 'operator-api')
  if (created) log.info({ username: created.username, roles: created.roles }, 'first administrator created')
}
