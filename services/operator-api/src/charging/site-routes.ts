import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { ChargingSiteAnswer, ChargingSiteBody, ChargingSiteId, ChargingSiteItem } from '@zhuzhan/contracts'
import { siteLimitKw } from '@zhuzhan/demand-control'
import { deleteChargingSite, findChargingSite, listChargingSites, putChargingSite } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { about, errors } from '../http/route.js'

export const CHARGING = 'Orderly charging'
export const SiteParams = z.object({ site: ChargingSiteId })

/** Charging sites: a transformer, its limits, prices, piles and appliances. docs/analytics.md */
export const chargingSiteRoutes = ({ pool, guard, clock }: { pool: pg.Pool; guard: Guard; clock: Clock }): FastifyPluginAsyncZod => async (app) => {
  const read = guard.requires('read')
  const change = guard.requires('charging.change')
  const answer = async (site: string): Promise<z.output<typeof ChargingSiteAnswer>> => {
    const found = await findChargingSite(pool, site)
    if (!found) throw new HesError('NOT_FOUND', `There is no charging site ${site}.`)
    const appliances = found.appliances.flatMap(({ pile, meter, minWatts, maxWatts, appliance }) => (appliance ? [{ appliance: pile, meter, leastWatts: minWatts, ratedWatts: maxWatts, ...appliance }] : []))
    return { ...found, appliances, limitKw: siteLimitKw(found.settings.transformer), changedAt: found.changedAt.toISOString() }
  }

  app.get('/charging-sites', { schema: { ...about(CHARGING, 'Sites, and which night runs', 'read'), response: { 200: z.object({ items: z.array(ChargingSiteItem), nextCursor: z.null() }), ...errors } }, onRequest: read },
    async () => ({ items: (await listChargingSites(pool)).map(({ changedAt, ...site }) => ({ ...site, changedAt: changedAt.toISOString() })), nextCursor: null }))

  app.get('/charging-sites/:site', { schema: { ...about(CHARGING, 'A site with its settings, piles and appliances', 'read'), params: SiteParams, response: { 200: ChargingSiteAnswer, ...errors } }, onRequest: read },
    async (request) => answer(request.params.site))

  app.put('/charging-sites/:site', {
    schema: { ...about(CHARGING, 'Make a site what is given; a night that runs keeps what it was started with', 'charging.change'), params: SiteParams, body: ChargingSiteBody, response: { 200: ChargingSiteAnswer, ...errors } },
    onRequest: change,
    config: { act: 'charging-site.put' },
  }, async (request) => {
    const { site } = request.params
    const { name, area, settings, piles, appliances } = request.body
    const held = appliances.map(({ appliance: pile, meter, leastWatts: minWatts, ratedWatts: maxWatts, ...appliance }) => ({ pile, meter, minWatts, maxWatts, appliance, phase: null, priority: 0 }))
    await putChargingSite(pool, { site, name, area: area ?? null, settings, piles: piles.map((one) => ({ ...one, phase: one.phase ?? null })), appliances: held }, whoAsks(request).username, new Date(clock.now()))
    return answer(site)
  })

  app.delete('/charging-sites/:site', {
    schema: { ...about(CHARGING, 'Forget a site that has had no night', 'charging.change'), params: SiteParams, response: { 204: z.null(), ...errors } },
    onRequest: change,
    config: { act: 'charging-site.delete' },
  }, async (request, reply) => {
    await deleteChargingSite(pool, request.params.site, whoAsks(request).username, new Date(clock.now()))
    return reply.code(204).send(null)
  })
}
