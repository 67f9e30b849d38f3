import { HesError } from '@zhuzhan/core'
import { AddressInput, BindModulesAnswer, BindModulesBody, BindingSignaturesBody, DeviceModulesAnswer, SuspectList, SuspectQuery, outcomeValue } from '@zhuzhan/contracts'
import type { CryptoMachine } from '@zhuzhan/contracts'
import type { AuditLog, EventLog } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { decodeCursor, encodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'
import { modulesAnswer, timeOf } from './answer.js'
import { createBinding } from './binding.js'

export interface ModuleRoutesDeps {
  guard: Guard
  audit: AuditLog
  events: EventLog
  /** Absent where this service was started without one. */
  machine: CryptoMachine | undefined
}

const Params = z.object({ address: AddressInput })
const Key = z.tuple([z.string()])

/** Modules of meters and terminals with keys. docs/security/modules.md */
export const moduleRoutes = ({ guard, audit, events, machine: configured }: ModuleRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const machineHere = (): CryptoMachine => {
    if (!configured) throw new HesError('UNAVAILABLE', 'This operator API has no crypto machine: set ZHUZHAN_CRYPTO_URL and ZHUZHAN_CRYPTO_SECRET.')
    return configured
  }
  const modules = async (address: string): Promise<DeviceModulesAnswer> => {
    const [outcome] = await machineHere().deviceModules([{ address }])
    if (outcome?.ok === false && outcome.code === 'DEVICE_NOT_ENROLLED') throw new HesError('NOT_FOUND', `${address} has no keys of its own, so its modules cannot prove themselves.`)
    return modulesAnswer(outcomeValue<'deviceModules'>(outcome))
  }
  const carriedOut = async (address: string, actor: string): Promise<void> => {
    await audit.append({ actor, action: 'modules.bind', object: `device/${address}`, outcome: 'ok' })
    await events.publish({ kind: 'registry.changed', detail: { modules: address } }).catch(() => undefined)
  }

  app.get('/meters/:address/modules', {
    schema: { ...about('Modules', 'Modules of a meter or terminal with keys of its own', 'read'), params: Params, response: { 200: DeviceModulesAnswer, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => modules(request.params.address))

  app.get('/modules/suspect', {
    schema: { ...about('Modules', 'Devices that are suspect: reads only', 'read'), querystring: SuspectQuery, response: { 200: SuspectList, ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { cursor, limit } = request.query
    const after = decodeCursor(Key, cursor)?.[0]
    const { devices } = outcomeValue<'moduleStates'>((await machineHere().moduleStates([{ suspect: true, limit, ...(after === undefined ? {} : { after }) }]))[0])
    const last = devices.at(-1)
    return { items: devices.map(({ address, checkedAt }) => ({ address, checkedAt: timeOf(checkedAt) })), nextCursor: devices.length === limit && last ? encodeCursor([last.address]) : null }
  })

  app.post('/meters/:address/modules/binding', {
    schema: { ...about('Modules', 'Bind modules anew, by order of two administrators', 'modules.bind'), params: Params, body: BindModulesBody, response: { 200: BindModulesAnswer, ...errors } },
    onRequest: guard.requires('modules.bind'),
    config: { act: 'modules.bind' },
  }, async (request) => {
    const { address } = request.params
    const answer = await createBinding(machineHere()).ask(address, request.body)
    if (answer.carriedOut) await carriedOut(address, whoAsks(request).username)
    return answer
  })

  app.post('/meters/:address/modules/signatures', {
    schema: { ...about('Modules', 'Hand in the signatures of two administrators under a binding', 'modules.bind'), params: Params, body: BindingSignaturesBody, response: { 200: DeviceModulesAnswer, ...errors } },
    onRequest: guard.requires('modules.bind'),
    config: { act: 'modules.sign' },
  }, async (request) => {
    const { address } = request.params
    const { order, first, second } = request.body
    await createBinding(machineHere()).submit(address, Buffer.from(order, 'base64'), { first: Buffer.from(first, 'hex'), second: Buffer.from(second, 'hex') })
    await carriedOut(address, whoAsks(request).username)
    return modules(address)
  })
}
