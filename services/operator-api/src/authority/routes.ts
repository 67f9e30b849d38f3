import { HesError, fromHex, toHex } from '@zhuzhan/core'
import { NewOrderBody, OrderAnswer, PeopleAnswer, SubmitOrderBody, outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine } from '@zhuzhan/contracts'
import { askMachine } from '@zhuzhan/dispatch'
import { listUsers } from '@zhuzhan/persistence'
import type { AuditLog } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { about, errors } from '../http/route.js'
import { signWithPasswords } from '../keys/orders.js'

export interface AuthorityRoutesDeps {
  pool: pg.Pool
  machine: CryptoMachine
  audit: AuditLog
  guard: Guard
}

const VALID_SECONDS = 24 * 3_600
/** An order of 4096 devices in hex. */
const BODY_BYTES = 512 * 1024

/**
 * People, places and policies of the crypto machine. Whoever may use these routes can only ask: what changes there needs two
 * signatures of its own administrators, who are nobody's login.
 */
export const authorityRoutes = ({ pool, machine, audit, guard }: AuthorityRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  app.get('/authority/people', {
    schema: { ...about('Authority', 'People the crypto machine knows, and their logins', 'users.manage'), response: { 200: PeopleAnswer, ...errors } },
    onRequest: guard.requires('users.manage'),
  }, async () => {
    const users = new Map((await listUsers(pool)).flatMap(({ person, username }) => (person === null ? [] : [[person, username] as const])))
    const { people } = await askMachine(machine, 'people', {})
    return { items: people.map((one) => ({ ...one, user: users.get(one.person) ?? null })) }
  })

  const carryOut = async (order: Uint8Array, sigFirst: Uint8Array, sigSecond: Uint8Array, username: string): Promise<void> => {
    const [outcome] = await machine.submitOrder([{ order, sigFirst, sigSecond }])
    if (outcome?.ok === false && outcome.code === 'ORDER_REFUSED') {
      const reason = outcome.context?.['reason']
      throw new HesError('ORDER_REFUSED', `The crypto machine did not carry the order out${typeof reason === 'string' && reason !== '' ? ` (${reason})` : ': a signature, its signer or its time was not accepted'}.`)
    }
    const { order: id } = outcomeValue<'submitOrder'>(outcome)
    await audit.append({ actor: username, action: 'authority.order', object: `order/${id}`, outcome: 'ok' })
  }

  app.post('/authority/orders', {
    schema: { ...about('Authority', 'Make an order to the crypto machine, to be signed by two of its administrators', 'users.manage'), body: NewOrderBody, response: { 200: OrderAnswer, ...errors } },
    onRequest: guard.requires('users.manage'),
    bodyLimit: BODY_BYTES,
    config: { act: 'authority.prepare' },
  }, async (request) => {
    const { signers: [first, second], body } = request.body
    const { order, words } = await askMachine(machine, 'prepareOrder', { first: first.person, second: second.person, body, validSeconds: VALID_SECONDS })
    const passwords = first.password !== undefined && second.password !== undefined
      ? ([{ person: first.person, password: first.password }, { person: second.person, password: second.password }] as const) : undefined
    if (passwords) {
      const signatures = await signWithPasswords(machine, order, passwords)
      await carryOut(order, signatures.first, signatures.second, whoAsks(request).username)
    }
    return { order: toHex(order), words, carriedOut: passwords !== undefined }
  })

  app.post('/authority/orders/submit', {
    schema: { ...about('Authority', 'Carry out an order that two administrators signed', 'users.manage'), body: SubmitOrderBody, response: { 200: OrderAnswer, ...errors } },
    onRequest: guard.requires('users.manage'),
    bodyLimit: BODY_BYTES,
    config: { act: 'authority.submit' },
  }, async (request) => {
    const { order, sigFirst, sigSecond } = request.body
    const bytes = fromHex(order)
    const words = await askMachine(machine, 'describe', { message: bytes })
    await carryOut(bytes, fromHex(sigFirst), fromHex(sigSecond), whoAsks(request).username)
    return { order: order.toUpperCase(), words, carriedOut: true }
  })
}
