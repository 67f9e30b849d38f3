import { HesError, toHex } from '@zhuzhan/core'
import { BatchApprovalBody, BatchSignBody, CommandBatchAnswer, NewCommandBatchAnswer, NewCommandBatchBody, RejectionBody } from '@zhuzhan/contracts'
import type { BatchRecord } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { about, errors } from '../http/route.js'
import type { CommandBatches } from './batches.js'
import type { Tickets } from './tickets.js'

export interface BatchRoutesDeps {
  batches: CommandBatches
  tickets: Pick<Tickets, 'words'>
  guard: Guard
}

const BatchParams = z.object({ id: z.string().max(64) })
/** A list of 4096 addresses, or 64 signatures. */
const BODY_BYTES = 256 * 1024

/** Control commands by the hundreds, decided by the same two people as a single one. */
export const batchRoutes = ({ batches, tickets, guard }: BatchRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const answer = async (batch: BatchRecord): Promise<CommandBatchAnswer> => ({
    id: batch.id, action: batch.action, reason: batch.reason, requestedBy: batch.requestedBy, approver: batch.approver,
    createdAt: batch.createdAt.toISOString(), expiresAt: batch.expiresAt.toISOString(), states: batch.states,
    tickets: await Promise.all(batch.tickets.map(async ({ id, ticket, sigOperator, commands }) => ({
      id, ticket: toHex(ticket), sigOperator: sigOperator && toHex(sigOperator), commands, words: await tickets.words(ticket),
    }))),
  })

  app.post('/command-batches', {
    schema: { ...about('Commands', 'Ask for a control command of many meters; one ticket for all devices that can share one', 'command.control'), body: NewCommandBatchBody, response: { 202: NewCommandBatchAnswer, ...errors } },
    onRequest: guard.requires('command.control'),
    bodyLimit: BODY_BYTES,
    config: { act: 'command.batch' },
  }, async (request, reply) => {
    const { batch, skipped } = await batches.create(request.body, whoAsks(request))
    return reply.code(202).send({ ...(await answer(batch)), skipped })
  })

  app.get('/command-batches/:id', {
    schema: { ...about('Commands', 'One batch: its tickets, and how many commands are where', 'read'), params: BatchParams, response: { 200: CommandBatchAnswer, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => answer(await batches.find(known(request.params.id))))

  app.post('/command-batches/:id/sign', {
    schema: { ...about('Commands', 'Sign the tickets of a batch I asked for', 'command.control'), params: BatchParams, body: BatchSignBody, response: { 200: CommandBatchAnswer, ...errors } },
    onRequest: guard.requires('command.control'),
    bodyLimit: BODY_BYTES,
    config: { act: 'command.sign' },
  }, async (request) => answer(await batches.sign(known(request.params.id), whoAsks(request), request.body)))

  // The service asks for the right itself: the requester is told that he is the same person, whatever his roles.
  app.post('/command-batches/:id/approve', {
    schema: { ...about('Commands', 'Approve a batch somebody else asked for, by signing its tickets', 'command.decide'), params: BatchParams, body: BatchApprovalBody, response: { 200: CommandBatchAnswer, ...errors } },
    onRequest: guard.requires('read'),
    bodyLimit: BODY_BYTES,
    config: { act: 'command.approve' },
  }, async (request) => {
    const { reason, ...proof } = request.body
    return answer(await batches.approve(known(request.params.id), whoAsks(request), proof, reason))
  })

  app.post('/command-batches/:id/reject', {
    schema: { ...about('Commands', 'Reject a batch somebody else asked for', 'command.decide'), params: BatchParams, body: RejectionBody, response: { 200: CommandBatchAnswer, ...errors } },
    onRequest: guard.requires('read'),
    config: { act: 'command.reject' },
  }, async (request) => answer(await batches.reject(known(request.params.id), whoAsks(request), request.body?.reason)))
}

/** What is no id at all is simply not found. */
function known(id: string): string {
  if (!z.guid().safeParse(id).success) throw new HesError('NOT_FOUND', 'There is no such batch.')
  return id
}
