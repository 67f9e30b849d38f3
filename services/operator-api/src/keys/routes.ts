import { HesError } from '@zhuzhan/core'
import { NewRotationBody, RotationAnswer, RotationDetail, RotationDetailQuery, RotationListQuery, RotationSignaturesBody, pageOf } from '@zhuzhan/contracts'
import type { CryptoMachine } from '@zhuzhan/contracts'
import type { Enqueue } from '@zhuzhan/dispatch'
import { createRotationStore } from '@zhuzhan/persistence'
import type { RotationRecord } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { decodeCursor, encodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { adviceOf, rotationAnswer, updatesOf } from './progress.js'
import { createRotations } from './rotations.js'

export interface KeyRoutesDeps {
  pool: pg.Pool
  guard: Guard
  enqueue: Enqueue
  /** Absent where this service was started without one. */
  machine: CryptoMachine | undefined
}

const Params = z.object({ id: z.string().max(64) })
const Key = z.tuple([z.number().int()])
const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex')

/** Rotations of device keys over the air. docs/security/key-update.md */
export const keyRoutes = ({ pool, guard, enqueue, machine: configured }: KeyRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const store = createRotationStore(pool)
  const machineHere = (): CryptoMachine => {
    if (!configured) throw new HesError('UNAVAILABLE', 'This operator API has no crypto machine: set ZHUZHAN_CRYPTO_URL and ZHUZHAN_CRYPTO_SECRET.')
    return configured
  }
  const rotations = () => createRotations({ store, machine: machineHere(), enqueue })
  const summary = async (rotation: RotationRecord): Promise<RotationAnswer> => rotationAnswer(rotation, await updatesOf(machineHere(), rotation))

  app.post('/keys/rotations', {
    schema: { ...about('Keys', 'Rotate keys of devices over the air', 'keys.rotate'), body: NewRotationBody, response: { 201: RotationAnswer, ...errors } },
    onRequest: guard.requires('keys.rotate'),
    config: { act: 'keys.rotate' },
  }, async (request, reply) => reply.code(201).send(await summary(await rotations().ask(request.body, whoAsks(request)))))

  app.post('/keys/rotations/:id/signatures', {
    schema: { ...about('Keys', 'Hand in the signatures of two administrators', 'keys.rotate'), params: Params, body: RotationSignaturesBody, response: { 200: RotationAnswer, ...errors } },
    onRequest: guard.requires('keys.rotate'),
    config: { act: 'keys.sign' },
  }, async (request) => summary(await rotations().sign(known(request.params.id), request.body.signatures.map(({ first, second }) => ({ first: bytes(first), second: bytes(second) })), whoAsks(request))))

  app.get('/keys/rotations', {
    schema: { ...about('Keys', 'Rotations, youngest first', 'read'), querystring: RotationListQuery, response: { 200: pageOf(RotationAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { cursor, limit } = request.query
    const key = decodeCursor(Key, cursor)
    const found = await store.list(limit + 1, key && new Date(key[0]))
    const items = found.slice(0, limit)
    const last = items.at(-1)
    return { items: await Promise.all(items.map(summary)), nextCursor: found.length > limit && last ? encodeCursor([last.createdAt.getTime()]) : null }
  })

  app.get('/keys/rotations/:id', {
    schema: { ...about('Keys', 'One rotation with every device', 'read'), params: Params, querystring: RotationDetailQuery, response: { 200: RotationDetail, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const rotation = await store.find(known(request.params.id))
    if (!rotation) throw new HesError('NOT_FOUND', 'There is no such rotation.')
    const updates = await updatesOf(machineHere(), rotation)
    const from = decodeCursor(Key, request.query.cursor)?.[0] ?? 0
    const to = from + request.query.limit
    return {
      ...rotationAnswer(rotation, updates),
      orders: rotation.orders,
      items: updates.slice(from, to).map((one) => ({ address: one.address, state: one.state, changedAt: new Date(one.changedAt).toISOString(), advice: adviceOf(one) })),
      nextCursor: to < updates.length ? encodeCursor([to]) : null,
    }
  })
}

/** What is no id at all is simply not found. */
function known(id: string): string {
  if (!z.guid().safeParse(id).success) throw new HesError('NOT_FOUND', 'There is no such rotation.')
  return id
}
