import { HesError } from '@zhuzhan/core'
import { NewUserBody, UserAnswer, UserPatchBody } from '@zhuzhan/contracts'
import { changeUser, createUser, findUser, listUsers } from '@zhuzhan/persistence'
import type { UserRecord } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import type { Passwords } from '../auth/passwords.js'
import type { People } from '../auth/people.js'
import type { Persons } from '../authority/persons.js'
import { about, errors } from '../http/route.js'

export interface UserRoutesDeps {
  pool: pg.Pool
  guard: Guard
  passwords: Passwords
  people: People
  persons?: Persons | undefined
}

const UserParams = z.object({ user: z.string().min(1).max(128).describe('Id or user name') })

/** Users are never deleted: their names stand in the audit log. They are disabled. */
export const userRoutes = ({ pool, guard, passwords, people, persons }: UserRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const onRequest = guard.requires('users.manage')

  app.post('/users', {
    schema: { ...about('Users', 'Create a user', 'users.manage'), body: NewUserBody, response: { 201: UserAnswer, ...errors } },
    onRequest,
    config: { act: 'user.create' },
  }, async (request, reply) => {
    const { username, password, roles, person } = request.body
    const user = await createUser(pool, { username, roles, person, passwordHash: await passwords.hash(password) }, whoAsks(request).username)
    if (person === undefined) await persons?.giveKey(user, password)
    return reply.code(201).send(userAnswer(await find(pool, user.id)))
  })

  app.get('/users', {
    schema: { ...about('Users', 'All users', 'users.manage'), response: { 200: z.object({ items: z.array(UserAnswer), nextCursor: z.null() }), ...errors } },
    onRequest,
  }, async () => ({ items: (await listUsers(pool)).map(userAnswer), nextCursor: null }))

  app.get('/users/:user', {
    schema: { ...about('Users', 'One user', 'users.manage'), params: UserParams, response: { 200: UserAnswer, ...errors } },
    onRequest,
  }, async (request) => userAnswer(await find(pool, request.params.user)))

  app.patch('/users/:user', {
    schema: { ...about('Users', 'Change roles or password, disable or enable', 'users.manage'), params: UserParams, body: UserPatchBody, response: { 200: UserAnswer, ...errors } },
    onRequest,
    config: { act: 'user.change' },
  }, async (request) => {
    const { id } = await find(pool, request.params.user)
    const { roles, disabled, password, person } = request.body
    const passwordHash = password === undefined ? undefined : await passwords.hash(password)
    const user = await changeUser(pool, id, { roles, disabled, passwordHash, person }, whoAsks(request).username)
    people.forget(id)
    // The key of before is wrapped by a password that nobody gave us.
    if (password !== undefined && person === undefined) await persons?.giveKey(user, password)
    await persons?.follow(user)
    return userAnswer(await find(pool, id))
  })
}

async function find(pool: pg.Pool, idOrName: string): Promise<UserRecord> {
  const user = await findUser(pool, z.guid().safeParse(idOrName).success ? { id: idOrName } : { username: idOrName })
  if (!user) throw new HesError('NOT_FOUND', 'There is no such user.')
  return user
}

function userAnswer({ id, username, roles, disabled, person, createdAt }: UserRecord): UserAnswer {
  return { id, username, roles, disabled, person, createdAt: createdAt.toISOString() }
}
