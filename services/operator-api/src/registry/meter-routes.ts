import { AddressInput, MeterAnswer, MeterListQuery, MeterPatchBody, NewMeterBody, pageOf } from '@zhuzhan/contracts'
import { protectorOf } from '@zhuzhan/dispatch'
import { changeMeter, deleteMeter, listMeters, registerMeters } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import { answerPage, decodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { createdOrThrow, meterAnswer, meterOrNotFound } from './answers.js'
import { profileFits } from './profiles.js'
import type { RegistryRoutesDeps } from './terminal-routes.js'

const AddressParams = z.object({ address: AddressInput })
const AddressKey = z.tuple([z.string()])

export const meterRoutes = ({ pool, guard, modules }: Omit<RegistryRoutesDeps, 'production'>): FastifyPluginAsyncZod => async (app) => {
  const found = async (address: string): Promise<MeterAnswer> => {
    const meter = await meterOrNotFound(pool, address)
    return meterAnswer(meter, await modules.of([protectorOf(meter)]))
  }

  app.post('/meters', {
    schema: { ...about('Meters', 'Register a meter behind its terminal', 'registry.change'), body: NewMeterBody, response: { 201: MeterAnswer, ...errors } },
    onRequest: guard.requires('registry.change'),
    config: { act: 'meter.create' },
  }, async (request, reply) => {
    const [outcome] = await registerMeters(pool, [request.body], { who: whoAsks(request).username })
    createdOrThrow(outcome)
    return reply.code(201).send(await found(request.body.address))
  })

  app.get('/meters', {
    schema: { ...about('Meters', 'Meters by address', 'read'), querystring: MeterListQuery, response: { 200: pageOf(MeterAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { cursor, ...filter } = request.query
    const page = await listMeters(pool, { ...filter, after: decodeCursor(AddressKey, cursor)?.[0] })
    const states = await modules.of(page.rows.map(protectorOf))
    return answerPage(page, (meter) => meterAnswer(meter, states), (meter) => [meter.address])
  })

  app.get('/meters/:address', {
    schema: { ...about('Meters', 'One meter', 'read'), params: AddressParams, response: { 200: MeterAnswer, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => found(request.params.address))

  app.patch('/meters/:address', {
    schema: { ...about('Meters', 'Change a meter', 'registry.change'), params: AddressParams, body: MeterPatchBody, response: { 200: MeterAnswer, ...errors } },
    onRequest: guard.requires('registry.change'),
    config: { act: 'meter.change' },
  }, async (request) => {
    await changeMeter(pool, request.params.address, request.body, whoAsks(request).username, profileFits)
    return found(request.params.address)
  })

  app.delete('/meters/:address', {
    schema: { ...about('Meters', 'Delete a meter nothing depends on', 'registry.change'), params: AddressParams, response: { 204: z.undefined().describe('Deleted'), ...errors } },
    onRequest: guard.requires('registry.change'),
    config: { act: 'meter.delete' },
  }, async (request, reply) => {
    await deleteMeter(pool, request.params.address, whoAsks(request).username)
    return reply.code(204).send(undefined)
  })
}
