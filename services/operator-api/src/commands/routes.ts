import { HesError } from '@zhuzhan/core'
import { AddressInput, CommandAnswer, CommandListQuery, CommandWithSteps, DecisionBody, NewCommandBody, pageOf } from '@zhuzhan/contracts'
import { commandWithSteps, listCommands } from '@zhuzhan/persistence'
import type { CommandRecord, Prisma } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import type { CommandService } from './service.js'

export interface CommandRoutesDeps {
  commands: CommandService
  prisma: Prisma
  guard: Guard
}

const CommandParams = z.object({ id: z.string().max(64) })
const Key = z.tuple([z.number().int(), z.guid()])

/** Commands are accepted and queued here; how they end is read at GET /commands/{id}. */
export const commandRoutes = ({ commands, prisma, guard }: CommandRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  app.post('/meters/:address/commands', {
    schema: {
      ...about('Commands', 'Ask for a command; control commands wait for a second person', 'command.submit'),
      params: z.object({ address: AddressInput }),
      body: NewCommandBody,
      response: { 202: CommandAnswer, ...errors },
    },
    onRequest: guard.requires('command.submit'),
    config: { act: 'command.submit' },
  }, async (request, reply) => {
    const command = await commands.submit({ meter: request.params.address, ...request.body }, whoAsks(request))
    return reply.code(202).send(commandAnswer(command))
  })

  for (const decision of ['approve', 'reject'] as const) {
    app.post(`/commands/:id/${decision}`, {
      schema: {
        ...about('Commands', decision === 'approve' ? 'Approve a command somebody else asked for' : 'Reject a command somebody else asked for', 'command.decide'),
        params: CommandParams,
        body: DecisionBody,
        response: { 200: CommandAnswer, ...errors },
      },
      // The service asks for the right itself: the requester is told that he is the same person, whatever his roles.
      onRequest: guard.requires('read'),
      config: { act: `command.${decision}` },
    }, async (request) => commandAnswer(await commands.decide(known(request.params.id), decision, whoAsks(request), request.body?.reason)))
  }

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
    return { ...commandAnswer(command), steps: steps.map(({ at, ...step }) => ({ at: at.toISOString(), ...step })) }
  })
}

/** What is no id at all is simply not found. */
function known(id: string): string {
  if (!z.guid().safeParse(id).success) throw new HesError('NOT_FOUND', 'There is no such command.')
  return id
}

function commandAnswer(command: CommandRecord): CommandAnswer {
  const { id, action, parameters, state, reason, requestedBy, decidedBy, code, dar, result } = command
  const time = (at: Date | null): string | null => at && at.toISOString()
  return {
    id, meter: command.meterAddress, terminal: command.terminalAddress, action, parameters, state, reason, requestedBy, decidedBy, code, dar, result,
    createdAt: command.createdAt.toISOString(), expiresAt: command.expiresAt.toISOString(), sentAt: time(command.sentAt), settledAt: time(command.settledAt),
  }
}
