import { HesError } from '@zhuzhan/core'
import { LoginAnswer, LoginBody, MeAnswer, OwnPasswordBody } from '@zhuzhan/contracts'
import { changeUser, findUser } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { remoteOf } from '../http/remote.js'
import { about, errors } from '../http/route.js'
import { whoAsks } from './guard.js'
import type { Guard } from './guard.js'
import { login } from './login.js'
import type { LoginDeps } from './login.js'
import { passwordFingerprint } from './people.js'
import type { People } from './people.js'
import type { Persons } from '../authority/persons.js'
import { rightsOf } from './rights.js'
import type { Tokens } from './tokens.js'

export interface AuthRoutesDeps extends LoginDeps {
  guard: Guard
  tokens: Tokens
  people: People
  persons?: Persons | undefined
}

/** Login, and what everybody may do with his own account. */
export const authRoutes = (deps: AuthRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  app.post('/auth/login', {
    schema: { ...about('Login', 'Log in with name and password'), body: LoginBody, response: { 200: LoginAnswer, ...errors } },
    config: { act: 'login' },
    bodyLimit: 8_192,
  }, async (request) => {
    const user = await login(deps, { ...request.body, remote: remoteOf(request) })
    deps.persons?.atLogin(user, request.body.password)
    const { token, expiresAt } = deps.tokens.sign({ sub: user.id, pw: passwordFingerprint(user) })
    return { token, expiresAt: expiresAt.toISOString(), username: user.username, roles: user.roles }
  })

  app.get('/auth/me', {
    schema: { ...about('Login', 'Who am I, and what may I do', 'read'), response: { 200: MeAnswer, ...errors } },
    onRequest: deps.guard.requires('read'),
  }, async (request) => {
    const { username, roles } = whoAsks(request)
    return { username, roles: [...roles], rights: rightsOf(roles) }
  })

  // An approval is only worth something while no administrator knows the approver's password.
  app.post('/auth/password', {
    schema: { ...about('Login', 'Change my own password; tokens given before end', 'read'), body: OwnPasswordBody, response: { 204: z.undefined().describe('Changed'), ...errors } },
    onRequest: deps.guard.requires('read'),
    config: { act: 'password.change' },
  }, async (request, reply) => {
    const { id, username } = whoAsks(request)
    const giveBack = deps.limiter.charge(remoteOf(request), username)
    const user = await findUser(deps.pool, { id })
    if (!(await deps.passwords.verify(request.body.current, user?.passwordHash))) throw new HesError('LOGIN_REFUSED', 'The current password is wrong.', { object: `user/${username}` })
    giveBack()
    const changed = await changeUser(deps.pool, id, { passwordHash: await deps.passwords.hash(request.body.next) }, username)
    deps.people.forget(id)
    await deps.persons?.giveKey(changed, request.body.next)
    return reply.code(204).send(undefined)
  })
}
