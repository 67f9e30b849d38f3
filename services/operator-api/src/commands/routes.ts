import { HesError, toHex } from '@zhuzhan/core'
import { AddressInput, ApprovalBody, CommandAnswer, CommandInWords, CommandListQuery, CommandWithSteps, NewCommandBody, RejectionBody, SignBody, pageOf } from '@zhuzhan/contracts'
import type { Described } from '@zhuzhan/contracts'
import { commandWithSteps, listCommands } from '@zhuzhan/persistence'
import type { CommandRecord, Prisma } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import type { CommandService } from './service.js'
import type { Tickets } from './tickets.js'

export interface CommandRoutesDeps {
  commands: CommandService
  tickets: Pick<Tickets, 'words'>
  prisma: Prisma
  guard: Guard
}

const CommandParams = z.object({ id: z.string().max(64) })
const Key = z.tuple([z.number().int(), z.guid()])

/** Commands are accepted and queued here; how they end is read at GET /commands/{id}. */
export const commandRoutes = ({ commands, tickets, prisma, guard }: CommandRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const words = async ({ ticket }: CommandRecord): Promise<Described | null> => ticket && tickets.words(ticket)

  app.post('/meters/:address/commands', {
    schema: {
      ...about('Commands', 'Ask for a command; control commands wait for a second person', 'command.submit'),
      params: z.object({ address: AddressInput }),
      body: NewCommandBody,
      response: { 202: CommandInWords, ...errors },
    },
    onRequest: guard.requires('command.submit'),
    config: { act: 'command.submit' },
  }, async (request, reply) => {
    const command = await commands.submit({ meter: request.params.address, ...request.body }, whoAsks(request))
    return reply.code(202).send({ ...commandAnswer(command), words: await words(command) })
  })

  app.post('/commands/:id/sign', {
    schema: { ...about('Commands', 'Sign the ticket of a command I asked for', 'command.control'), params: CommandParams, body: SignBody, response: { 200: CommandAnswer, ...errors } },
    onRequest: guard.requires('command.control'),
    config: { act: 'command.sign' },
  }, async (request) => commandAnswer(await commands.sign(known(request.params.id), whoAsks(request), request.body)))

  // The service asks for the right itself: the requester is told that he is the same person, whatever his roles.
  app.post('/commands/:id/approve', {
    schema: { ...about('Commands', 'Approve a command somebody else asked for, by signing its ticket', 'command.decide'), params: CommandParams, body: ApprovalBody, response: { 200: CommandAnswer, ...errors } },
    onRequest: guard.requires('read'),
    config: { act: 'command.approve' },
  }, async (request) => {
    const { reason, ...proof } = request.body ?? {}
    return commandAnswer(await commands.approve(known(request.params.id), whoAsks(request), proof, reason))
  })

  app.post('/commands/:id/reject', {
    schema: { ...about('Commands', 'Reject a command somebody else asked for', 'command.decide'), params: CommandParams, body: RejectionBody, response: { 200: CommandAnswer, ...errors } },
    onRequest: guard.requires('read'),
    config: { act: 'command.reject' },
  }, async (request) => commandAnswer(await commands.reject(known(request.params.id), whoAsks(request), request.body?.reason)))

  app.get('/commands', {
    schema: { ...about('Commands', 'Commands, youngest first', 'read'), querystring: CommandListQuery, response: { 200: pageOf(CommandAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { cursor, state, ...filter } = request.query
    const key = decodeCursor(Key, cursor)
    const page = await listCommands(prisma, { ...filter, states: state, after: key && { createdAt: new Date(key[0]), id: key[1] } })
    return answerPage(page, commandAnswer, (command) => [command.createdAt.getTime(), command.id])
  })

  app.get('/commands/:id', {
    schema: { ...about('Commands', 'One command with every step', 'read'), params: CommandParams, response: { 200: CommandWithSteps, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const found = await commandWithSteps(prisma, known(request.params.id))
    if (!found) throw new HesError('NOT_FOUND', 'There is no such command.')
    const { command, steps } = found
    return { ...commandAnswer(command), words: await words(command), steps: steps.map(({ at, ...step }) => ({ at: at.toISOString(), ...step })) }
  })
}

/** What is no id at all is simply not found. */
function known(id: string): string {
  if (!z.guid().safeParse(id).success) throw new HesError('NOT_FOUND', 'There is no such command.')
  return id
}

function commandAnswer(command: CommandRecord): CommandAnswer {
  const { id, action, parameters, state, reason, requestedBy, decidedBy, code, dar, result, ticket, sigOperator, approver, batch } = command
  const time = (at: Date | null): string | null => at && at.toISOString()
  return {
    id, meter: command.meterAddress, terminal: command.terminalAddress, action, parameters, state, reason, requestedBy, decidedBy, code, dar, result, approver, batch,
    ticket: ticket && toHex(ticket), sigOperator: sigOperator && toHex(sigOperator),
    createdAt: command.createdAt.toISOString(), expiresAt: command.expiresAt.toISOString(), sentAt: time(command.sentAt), settledAt: time(command.settledAt),
  }
}
