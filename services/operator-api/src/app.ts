import fastifyHelmet from '@fastify/helmet'
import fastifyRateLimit from '@fastify/rate-limit'
import fastifyUnderPressure from '@fastify/under-pressure'
import fastifyWebsocket from '@fastify/websocket'
import { randomUUID } from 'node:crypto'
import { auditRenderer } from '@zhuzhan/audit-files'
import { HesError } from '@zhuzhan/core'
import type { CryptoMachine } from '@zhuzhan/contracts'
import type { Clock } from '@zhuzhan/core'
import { createModuleStates } from '@zhuzhan/dispatch'
import type { Enqueue } from '@zhuzhan/dispatch'
import type { AuditLog, CommandStore, Database, EventLog } from '@zhuzhan/persistence'
import type { PolicySettings } from '@zhuzhan/policy'
import type { Logger } from '@zhuzhan/service-kit'
import { fastify } from 'fastify'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { anomalyRoutes } from './anomaly/routes.js'
import { createRefusalWitness } from './audit-log/refusals.js'
import { auditRoutes } from './audit-log/routes.js'
import { createGuard } from './auth/guard.js'
import { createLoginLimiter } from './auth/login-limiter.js'
import type { Passwords } from './auth/passwords.js'
import { createPeople } from './auth/people.js'
import { authRoutes } from './auth/routes.js'
import { createTokens } from './auth/tokens.js'
import { chargingRoutes } from './charging/routes.js'
import { collectionRoutes } from './collection/routes.js'
import type { Persons } from './authority/persons.js'
import { noMachine } from './authority/office.js'
import type { Office } from './authority/office.js'
import { authorityRoutes } from './authority/routes.js'
import { batchRoutes } from './commands/batch-routes.js'
import type { CommandBatches } from './commands/batches.js'
import { commandRoutes } from './commands/routes.js'
import type { CommandService } from './commands/service.js'
import type { Tickets } from './commands/tickets.js'
import { costAccountRoutes } from './cost-control/account-routes.js'
import { costControlRoutes } from './cost-control/control-routes.js'
import { documentApi } from './documentation/openapi.js'
import { startPage } from './documentation/start-page.js'
import { demoAuditPage } from './energy/demo-audit.js'
import { energyRoutes } from './energy/routes.js'
import { forecastRoutes } from './energy/forecast-routes.js'
import { siteAuditRoutes } from './energy/site-audit-routes.js'
import type { EventFeed } from './feed/feed.js'
import { feedRoutes } from './feed/routes.js'
import { firmwareRoutes } from './firmware/routes.js'
import { groupRoutes } from './groups/routes.js'
import { handleErrors } from './http/error-handler.js'
import { readJsonBodies } from './http/json-body.js'
import { measureRequests } from './http/measure.js'
import { QuietRequests } from './http/quiet-requests.js'
import { remoteOf } from './http/remote.js'
import { jobRoutes } from './jobs/routes.js'
import type { JobView } from './jobs/routes.js'
import { lineLossRoutes } from './line-loss/routes.js'
import { mandateRoutes } from './mandates/routes.js'
import { clockRoutes } from './metering/clock-routes.js'
import { exchangeRoutes } from './metering/exchange-routes.js'
import { meteringRoutes } from './metering/routes.js'
import { thresholdRoutes } from './metering/threshold-routes.js'
import { keyRoutes } from './keys/routes.js'
import { moduleRoutes } from './modules/routes.js'
import { policyPages, policyRoutes } from './policy/routes.js'
import { readingRoutes } from './readings/routes.js'
import { exportRoutes } from './registry/bulk/export-routes.js'
import { importRoutes } from './registry/bulk/import-routes.js'
import { meterRoutes } from './registry/meter-routes.js'
import { theftCaseRoutes } from './theft-cases/routes.js'
import { terminalRoutes } from './registry/terminal-routes.js'
import { userRoutes } from './users/routes.js'
import { webhookRoutes } from './webhooks/routes.js'
import type { WebhookSettings } from './webhooks/routes.js'

export interface AppDeps {
  database: Database
  audit: AuditLog
  events: EventLog
  passwords: Passwords
  store: CommandStore
  commands: CommandService
  batches: CommandBatches
  tickets: Pick<Tickets, 'words' | 'prepareFor' | 'peopleFor' | 'sign'>
  /** Laboratories: users become people of the crypto machine by themselves. */
  persons?: Persons | undefined
  /** Laboratories: orders to the crypto machine without a ceremony. */
  office?: Office | undefined
  enqueue: Enqueue
  jobs: JobView
  feed: Pick<EventFeed, 'subscribe'>
  /** For rotations of keys; absent where this service was started without one. */
  machine?: CryptoMachine | undefined
  clock: Clock
  log: Logger
  version: string
  production: boolean
  /** How SM1 and SM7 are met here. */
  policy: PolicySettings
  tokenSecret: string
  webhooks: WebhookSettings
  requestsPerMinute: number
  maxLoopDelayMs?: number
  /** How often feed clients are pinged. */
  pingMs?: number
}

/** Bodies are small; imports have their own limit. */
const BODY_LIMIT = 256 * 1024
/** A loop that is late by this much serves nobody in time: tell callers to come back. */
const MAX_LOOP_DELAY_MS = 5_000

/** REST and live feed with everything passed in; not listening yet. */
export async function createApp(deps: AppDeps): Promise<FastifyInstance> {
  const { database: { pool, prisma }, clock, log, production, enqueue } = deps
  const app: FastifyInstance = fastify({
    loggerInstance: log as FastifyBaseLogger,
    logController: new QuietRequests(),
    bodyLimit: BODY_LIMIT,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 200 },
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  readJsonBodies(app)
  handleErrors(app, createRefusalWitness(deps), log)
  measureRequests(app)
  app.addHook('onRequest', async (request, reply) => { void reply.header('x-request-id', request.id) })

  // Plain HTTP behind somebody else's TLS is a normal set-up: no upgrade of links, no HSTS from here.
  await app.register(fastifyHelmet, { contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } }, hsts: false })
  await app.register(fastifyRateLimit, { max: deps.requestsPerMinute, timeWindow: 60_000, keyGenerator: remoteOf })
  const maxEventLoopDelay = deps.maxLoopDelayMs ?? MAX_LOOP_DELAY_MS
  await app.register(fastifyUnderPressure, {
    maxEventLoopDelay,
    // One turn longer than this interval leaves it without a sample, which the plugin takes for endless delay: at its default of
    // one second a single large PDF would make the station refuse everybody.
    sampleInterval: maxEventLoopDelay,
    // A promise: the plugin lets a plain throw go past the error handler.
    pressureHandler: async () => { throw new HesError('UNAVAILABLE', 'The station is too busy; try again.') },
  })
  await app.register(fastifyWebsocket, { options: { maxPayload: 4_096, perMessageDeflate: false, handleProtocols: (offered: Set<string>) => (offered.has('bearer') ? 'bearer' : false) } })
  const tokens = await createTokens(app, deps.tokenSecret)
  await documentApi(app, deps.version)
  startPage(app, { pool, version: deps.version })
  const renderer = auditRenderer()
  app.addHook('onClose', () => renderer.close())
  demoAuditPage(app, clock, renderer)
  await app.register(policyPages())

  const people = createPeople(pool, clock)
  const guard = createGuard(tokens, people)
  const shared = { pool, guard, clock, log, production, enqueue, people, tokens, passwords: deps.passwords, audit: deps.audit, persons: deps.persons, jobs: deps.jobs, renderer, modules: createModuleStates(deps.machine) }
  await app.register(async (api) => {
    await api.register(authRoutes({ ...shared, limiter: createLoginLimiter(clock) }))
    await api.register(userRoutes(shared))
    await api.register(terminalRoutes(shared))
    await api.register(meterRoutes(shared))
    await api.register(importRoutes(shared))
    await api.register(exportRoutes(shared))
    await api.register(readingRoutes(shared))
    await api.register(energyRoutes(shared))
    await api.register(siteAuditRoutes(shared))
    await api.register(jobRoutes(shared))
    await api.register(forecastRoutes(shared))
    await api.register(meteringRoutes(shared))
    await api.register(clockRoutes(shared))
    await api.register(exchangeRoutes(shared))
    await api.register(thresholdRoutes(shared))
    await api.register(theftCaseRoutes(shared))
    await api.register(anomalyRoutes(shared))
    await api.register(lineLossRoutes(shared))
    await api.register(chargingRoutes(shared))
    await api.register(costAccountRoutes(shared))
    await api.register(costControlRoutes({ ...shared, batches: deps.batches }))
    await api.register(webhookRoutes({ ...shared, webhooks: deps.webhooks }))
    await api.register(collectionRoutes({ database: deps.database, guard }))
    await api.register(batchRoutes({ batches: deps.batches, tickets: deps.tickets, guard }))
    await api.register(commandRoutes({ commands: deps.commands, tickets: deps.tickets, prisma, guard }))
    await api.register(feedRoutes({ pool, guard, feed: deps.feed, ...(deps.pingMs === undefined ? {} : { pingMs: deps.pingMs }) }))
    await api.register(keyRoutes({ ...shared, machine: deps.machine }))
    await api.register(moduleRoutes({ ...shared, machine: deps.machine, events: deps.events }))
    await api.register(firmwareRoutes({ ...shared, tickets: deps.tickets, machine: deps.machine }))
    await api.register(mandateRoutes({ ...shared, tickets: deps.tickets, machine: deps.machine, office: deps.office }))
    await api.register(groupRoutes({ ...shared, machine: deps.machine }))
    await api.register(authorityRoutes({ ...shared, machine: deps.machine ?? noMachine() }))
    await api.register(auditRoutes(shared))
    await api.register(policyRoutes({ guard, policy: deps.policy }))
  }, { prefix: '/api/v1' })
  await app.ready()
  return app
}
