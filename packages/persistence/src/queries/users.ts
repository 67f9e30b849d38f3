import type pg from 'pg'
import { HesError } from '@zhuzhan/core'
import type { Role } from '@zhuzhan/contracts'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { LOCK } from '../locks.js'

export interface UserRecord {
  id: string
  username: string
  passwordHash: string
  roles: Role[]
  disabled: boolean
  /** Who this user is in the crypto machine, 8 bytes in upper-case hex; null: nobody who signs. */
  person: string | null
  createdAt: Date
}

const COLUMNS = 'id, username, password_hash AS "passwordHash", roles, disabled, person, created_at AS "createdAt"'

export async function findUser(pool: pg.Pool, by: { id: string } | { username: string }): Promise<UserRecord | undefined> {
  const [column, value] = 'id' in by ? ['id', by.id] : ['username', by.username]
  const { rows } = await pool.query<UserRecord>(`SELECT ${COLUMNS} FROM app_user WHERE ${column} = $1`, [value])
  return rows[0]
}

export async function listUsers(pool: pg.Pool): Promise<UserRecord[]> {
  const { rows } = await pool.query<UserRecord>(`SELECT ${COLUMNS} FROM app_user ORDER BY username`)
  return rows
}

export interface NewUser {
  username: string
  passwordHash: string
  roles: readonly Role[]
  person?: string | undefined
}

/** @throws HesError EXISTS_ALREADY, also when only capitals differ */
export function createUser(pool: pg.Pool, user: NewUser, who: string): Promise<UserRecord> {
  return transaction(pool, (client) => insertUser(client, user, who))
}

/** Creates this user only while there is none at all; several replicas may try at once. */
export function createFirstUser(pool: pg.Pool, user: NewUser, who: string): Promise<UserRecord | undefined> {
  return transaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.users])
    const any = await client.query('SELECT 1 FROM app_user LIMIT 1')
    return any.rowCount ? undefined : insertUser(client, user, who)
  })
}

async function insertUser(client: pg.PoolClient, user: NewUser, who: string): Promise<UserRecord> {
  const { rows } = await client.query<UserRecord>(
    `INSERT INTO app_user (username, password_hash, roles, person) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING ${COLUMNS}`,
    [user.username, user.passwordHash, user.roles, user.person ?? null])
  const created = rows[0]
  if (!created) throw new HesError('EXISTS_ALREADY', `user ${user.username} exists${user.person === undefined ? '' : ', or another user is this person'}`)
  await appendAuditIn(client, [{ actor: who, action: 'user.create', object: `user/${user.username}`, outcome: 'ok', detail: { roles: user.roles } }])
  return created
}

export interface UserChange {
  roles?: readonly Role[] | undefined
  disabled?: boolean | undefined
  passwordHash?: string | undefined
  person?: string | undefined
}

/**
 * Changes a user, with an audit entry that names the fields and never a hash.
 * @throws HesError NOT_FOUND; STATE_CONFLICT when no enabled administrator would be left
 */
export function changeUser(pool: pg.Pool, id: string, change: UserChange, who: string): Promise<UserRecord> {
  return transaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.users])
    const { rows } = await client.query<UserRecord>(
      `UPDATE app_user SET roles = COALESCE($2, roles), disabled = COALESCE($3, disabled), password_hash = COALESCE($4, password_hash), person = COALESCE($5, person) WHERE id = $1 RETURNING ${COLUMNS}`,
      [id, change.roles ?? null, change.disabled ?? null, change.passwordHash ?? null, change.person ?? null])
    const user = rows[0]
    if (!user) throw new HesError('NOT_FOUND', 'there is no such user')
    const admins = await client.query("SELECT 1 FROM app_user WHERE 'admin' = ANY(roles) AND NOT disabled LIMIT 1")
    if (!admins.rowCount) throw new HesError('STATE_CONFLICT', 'the last enabled administrator must stay')
    const { passwordHash, ...open } = change
    await appendAuditIn(client, [{
      actor: who, action: 'user.change', object: `user/${user.username}`, outcome: 'ok', detail: { ...open, ...(passwordHash === undefined ? {} : { password: 'changed' }) },
    }])
    return user
  })
}
