import { randomBytes } from 'node:crypto'
import type { CryptoMachine, PersonRole, Role } from '@zhuzhan/contracts'
import { askMachine } from '@zhuzhan/dispatch'
import { changeUser } from '@zhuzhan/persistence'
import type { UserRecord } from '@zhuzhan/persistence'
import type { Logger } from '@zhuzhan/service-kit'
import type pg from 'pg'
import type { Office } from './office.js'

/** What a user of the station may be in the crypto machine. Its administrators are others: who gives rights uses none. */
const PERSON_ROLES: Partial<Record<Role, PersonRole>> = { operator: 'operator', dispatcher: 'operator', approver: 'approver' }
const EVERY_AREA = 'F'.repeat(16)

export function personRoles(roles: readonly Role[]): PersonRole[] {
  return [...new Set(roles.flatMap((role) => PERSON_ROLES[role] ?? []))]
}

/** Keeps the people of the crypto machine as the users are. Laboratories; in production administrators order it. */
export interface Persons {
  /** Gives the user a signing key under this password, in place of the one before. Never throws: who has none is told when he signs. */
  giveKey(user: UserRecord, password: string): Promise<void>
  /** Roles, or whether he may log in at all, have changed. Never throws. */
  follow(user: UserRecord): Promise<void>
  /** At login, when the password is known: a user from before there were keys gets his. */
  atLogin(user: UserRecord, password: string): void
  /** Resolves when nothing is under way for this user. */
  settled(userId: string): Promise<void>
}

export interface PersonsOptions {
  pool: pg.Pool
  machine: Pick<CryptoMachine, 'createPersonKey' | 'people'>
  office: Office
  log: Logger
}

const SHORTEST_PASSWORD = 8

export function laboratoryPersons({ pool, machine, office, log }: PersonsOptions): Persons {
  const underWay = new Map<string, Promise<void>>()
  /** One after another for each user. */
  const quietly = (user: UserRecord, work: () => Promise<void>): Promise<void> => {
    const mine = (underWay.get(user.id) ?? Promise.resolve()).then(work).catch((error: unknown) => {
      log.warn({ err: error, user: user.username }, 'the crypto machine does not know this user as he is now; his next login tries again')
    }).finally(() => { if (underWay.get(user.id) === mine) underWay.delete(user.id) })
    underWay.set(user.id, mine)
    return mine
  }
  const enter = async (user: UserRecord, person: string, publicKey: string): Promise<void> =>
    office.order({ kind: 'person', person, name: user.username, roles: personRoles(user.roles), publicKey, areas: [EVERY_AREA] })

  const giveKey: Persons['giveKey'] = (user, password) => quietly(user, async () => {
    if (personRoles(user.roles).length === 0 || password.length < SHORTEST_PASSWORD) return
    const person = user.person ?? randomBytes(8).toString('hex').toUpperCase()
    const { publicKey } = await askMachine(machine, 'createPersonKey', { password })
    await enter(user, person, publicKey)
    if (user.person === null) await changeUser(pool, user.id, { person }, 'operator-api')
  })

  return {
    giveKey,
    follow: (user) => quietly(user, async () => {
      if (user.person === null) return
      const { people } = await askMachine(machine, 'people', {})
      const known = people.find(({ person }) => person === user.person)
      if (!known) return
      const roles = personRoles(user.roles)
      if (roles.length > 0 && roles.join() !== known.roles.join()) await enter(user, user.person, known.publicKey)
      const state = user.disabled || roles.length === 0 ? 'suspended' : 'active'
      if (state !== known.state) await office.order({ kind: 'person-state', person: user.person, state })
    }),
    atLogin: (user, password) => {
      if (user.person === null && !user.disabled && !underWay.has(user.id)) void giveKey(user, password)
    },
    settled: (userId) => underWay.get(userId) ?? Promise.resolve(),
  }
}
