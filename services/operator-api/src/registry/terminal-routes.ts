import { HesError, offsetMinutes } from '@zhuzhan/core'
import { AddressInput, NewTerminalBody, TerminalAnswer, TerminalListQuery, TerminalPatchBody, pageOf } from '@zhuzhan/contracts'
import type { ModuleStates } from '@zhuzhan/dispatch'
import { changeTerminal, deleteTerminal, findTerminal, listTerminals, registerTerminals } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { createdOrThrow, terminalAnswer } from './answers.js'
import { profileFits, terminalProfileAllowed } from './profiles.js'

export interface RegistryRoutesDeps {
  pool: pg.Pool
  guard: Guard
  production: boolean
  modules: ModuleStates
}

const AddressParams = z.object({ address: AddressInput })
const AddressKey = z.tuple([z.string()])

export const terminalRoutes = ({ pool, guard, production, modules }: RegistryRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const found = async (address: string): Promise<TerminalAnswer> => {
    const terminal = await findTerminal(pool, address)
    if (!terminal) throw new HesError('NOT_FOUND', `There is no terminal ${address}.`)
    return terminalAnswer(terminal, await modules.of([address]))
  }

  app.post('/terminals', {
    schema: { ...about('Terminals', 'Register a terminal', 'registry.change'), body: NewTerminalBody, response: { 201: TerminalAnswer, ...errors } },
    onRequest: guard.requires('registry.change'),
    config: { act: 'terminal.create' },
  }, async (request, reply) => {
    const { utcOffset, ...terminal } = request.body
    terminalProfileAllowed(terminal.securityProfile, production)
    const [outcome] = await registerTerminals(pool, [{ ...terminal, utcOffsetMinutes: offsetMinutes(utcOffset) }], { who: whoAsks(request).username })
    createdOrThrow(outcome)
    return reply.code(201).send(await found(terminal.address))
  })

  app.get('/terminals', {
    schema: { ...about('Terminals', 'Terminals by address', 'read'), querystring: TerminalListQuery, response: { 200: pageOf(TerminalAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { cursor, ...filter } = request.query
    const page = await listTerminals(pool, { ...filter, after: decodeCursor(AddressKey, cursor)?.[0] })
    const states = await modules.of(page.rows.map(({ address }) => address))
    return answerPage(page, (terminal) => terminalAnswer(terminal, states), (terminal) => [terminal.address])
  })

  app.get('/terminals/:address', {
    schema: { ...about('Terminals', 'One terminal with its live session', 'read'), params: AddressParams, response: { 200: TerminalAnswer, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => found(request.params.address))

  app.patch('/terminals/:address', {
    schema: { ...about('Terminals', 'Change a terminal', 'registry.change'), params: AddressParams, body: TerminalPatchBody, response: { 200: TerminalAnswer, ...errors } },
    onRequest: guard.requires('registry.change'),
    config: { act: 'terminal.change' },
  }, async (request) => {
    const { utcOffset, ...change } = request.body
    const offset = utcOffset === undefined ? {} : { utcOffsetMinutes: offsetMinutes(utcOffset) }
    await changeTerminal(pool, request.params.address, { ...change, ...offset }, whoAsks(request).username, (next) => {
      profileFits(next)
      terminalProfileAllowed(next.securityProfile, production)
    })
    return found(request.params.address)
  })

  app.delete('/terminals/:address', {
    schema: { ...about('Terminals', 'Delete a terminal nothing depends on', 'registry.change'), params: AddressParams, response: { 204: z.undefined().describe('Deleted'), ...errors } },
    onRequest: guard.requires('registry.change'),
    config: { act: 'terminal.delete' },
  }, async (request, reply) => {
    await deleteTerminal(pool, request.params.address, whoAsks(request).username)
    return reply.code(204).send(undefined)
  })
}
