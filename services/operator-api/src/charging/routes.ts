import type { Clock } from '@zhuzhan/core'
import type { Enqueue } from '@zhuzhan/dispatch'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import type { Guard } from '../auth/guard.js'
import { demandEventRoutes } from './event-routes.js'
import { chargingNightRoutes } from './night-routes.js'
import { chargingRecordRoutes } from './record-routes.js'
import { chargingSiteRoutes } from './site-routes.js'
import { chargingVehicleRoutes } from './vehicle-routes.js'

/** Orderly charging: sites, vehicles, nights, and what became of them. */
export const chargingRoutes = (deps: { pool: pg.Pool; guard: Guard; clock: Clock; enqueue: Enqueue }): FastifyPluginAsyncZod => async (app) => {
  await app.register(chargingSiteRoutes(deps))
  await app.register(chargingVehicleRoutes(deps))
  await app.register(chargingNightRoutes(deps))
  await app.register(chargingRecordRoutes(deps))
  await app.register(demandEventRoutes(deps))
}
