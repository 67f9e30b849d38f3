import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { CHARGING_VEHICLES_HEAD, CHARGING_VEHICLES_MAX_BYTES, ChargingVehicleAnswer, ChargingVehicleQuery, NewChargingVehicle, NewChargingVehiclesBody } from '@zhuzhan/contracts'
import { addChargingVehicles, changeChargingVehicle, listChargingVehicles } from '@zhuzhan/persistence'
import type { ChargingVehicle } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { csvText } from '../http/csv.js'
import { about, errors } from '../http/route.js'
import { CHARGING, SiteParams } from './site-routes.js'

const VehicleParams = z.object({ id: z.coerce.number().int().positive() })
const Vehicles = z.object({ items: z.array(ChargingVehicleAnswer), nextCursor: z.null() })
const MOST = 2_000
const CHANGES = [
  { path: 'opt-out', what: 'opt-out', says: 'The loop sends this pile nothing more until the vehicle leaves; it charges with the pile\'s safe power' },
  { path: 'withdraw', what: 'withdraw', says: 'The vehicle does not come, or leaves now' },
] as const

/** Vehicles that are to be charged, one by one or as CSV. docs/analytics.md */
export const chargingVehicleRoutes = ({ pool, guard, clock }: { pool: pg.Pool; guard: Guard; clock: Clock }): FastifyPluginAsyncZod => async (app) => {
  const change = guard.requires('charging.vehicles')
  app.addContentTypeParser('text/csv', { parseAs: 'string', bodyLimit: CHARGING_VEHICLES_MAX_BYTES }, (_request, body, done) => { done(null, body) })
  const add = async (site: string, vehicles: readonly z.output<typeof NewChargingVehicle>[], who: string): Promise<z.input<typeof Vehicles>> => {
    const rows = vehicles.map(({ plugAt, departAt, ...one }) => ({ ...one, plugAt: new Date(plugAt), departAt: new Date(departAt) }))
    return { items: (await addChargingVehicles(pool, site, rows, who, new Date(clock.now()))).map(answer), nextCursor: null }
  }

  app.get('/charging-sites/:site/vehicles', {
    schema: { ...about(CHARGING, 'Vehicles that are there at some time in a span', 'read'), params: SiteParams, querystring: ChargingVehicleQuery, response: { 200: Vehicles, ...errors } }, onRequest: guard.requires('read'),
  }, async (request) => {
    const { from, to, withdrawn } = request.query
    const rows = await listChargingVehicles(pool, request.params.site, { from: from === undefined ? undefined : new Date(from), to: to === undefined ? undefined : new Date(to), withdrawn })
    return { items: rows.map(answer), nextCursor: null }
  })

  app.post('/charging-sites/:site/vehicles', {
    schema: { ...about(CHARGING, 'Announce vehicles; a night that runs takes them up', 'charging.vehicles'), params: SiteParams, body: NewChargingVehiclesBody, response: { 201: Vehicles, ...errors } },
    onRequest: change,
    config: { act: 'charging-vehicle.add' },
  }, async (request, reply) => reply.code(201).send(await add(request.params.site, request.body.vehicles, whoAsks(request).username)))

  app.post('/charging-sites/:site/vehicles/import', {
    schema: { ...about(CHARGING, `The same from a CSV (${CHARGING_VEHICLES_HEAD.join(',')}); all or nothing`, 'charging.vehicles'), params: SiteParams, consumes: ['text/csv'], response: { 201: Vehicles, ...errors } },
    onRequest: change,
    config: { act: 'charging-vehicle.add' },
  }, async (request, reply) => reply.code(201).send(await add(request.params.site, vehiclesOf(request.body), whoAsks(request).username)))

  for (const { path, what, says } of CHANGES) {
    app.post(`/charging-vehicles/:id/${path}`, {
      schema: { ...about(CHARGING, says, 'charging.vehicles'), params: VehicleParams, response: { 200: ChargingVehicleAnswer, ...errors } },
      onRequest: change,
      config: { act: `charging-vehicle.${what}` },
    }, async (request) => answer(await changeChargingVehicle(pool, request.params.id, what, whoAsks(request).username, new Date(clock.now()))))
  }
}

function answer({ id, pile, plugAt, departAt, kwh, person, optedOutAt, withdrawnAt, servedKwh }: ChargingVehicle): z.input<typeof ChargingVehicleAnswer> {
  return { id, pile, plugAt: plugAt.toISOString(), departAt: departAt.toISOString(), kwh, person, optedOut: optedOutAt !== null, withdrawn: withdrawnAt !== null, servedKwh }
}

/** @throws HesError BODY_INVALID with the first line that does not fit */
function vehiclesOf(body: unknown): z.output<typeof NewChargingVehicle>[] {
  if (typeof body !== 'string') throw new HesError('BODY_INVALID', 'send the file as text/csv', { path: '' })
  const [head = '', ...lines] = body.replace(/^\uFEFF/, '').split(/\r?\n/)
  if (head.trim() !== CHARGING_VEHICLES_HEAD.join(',')) throw new HesError('BODY_INVALID', `the first line is ${CHARGING_VEHICLES_HEAD.join(',')}`, { path: '1' })
  const rows = lines.flatMap((line, n) => {
    if (line.trim() === '') return []
    const [pile, plugAt, departAt, kwh = '', person = '', ...more] = line.split(',').map((field) => csvText(field.trim()))
    const parsed = NewChargingVehicle.safeParse({ pile, plugAt, departAt, kwh: /^\d+(\.\d+)?$/.test(kwh) ? Number(kwh) : kwh, ...(person !== '' && { person }) })
    if (parsed.success && more.length === 0) return [parsed.data]
    const [issue] = parsed.error?.issues ?? []
    throw new HesError('BODY_INVALID', `line ${n + 2}: ${issue ? `${issue.path.join('.')}: ${issue.message}` : 'too many fields'}`, { path: String(n + 2) })
  })
  if (rows.length === 0 || rows.length > MOST) throw new HesError('BODY_INVALID', `the file has ${rows.length} vehicles; 1 to ${MOST} go at once`, { path: '' })
  return rows
}
