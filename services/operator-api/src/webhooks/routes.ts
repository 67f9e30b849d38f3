import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { NewWebhookBody, WebhookAnswer, WebhookDeliveryAnswer, WebhookDeliveryQuery, WebhookMadeAnswer, allowedWebhook, pageOf } from '@zhuzhan/contracts'
import { createWebhookDeliveries, createWebhookEndpoints } from '@zhuzhan/persistence'
import type { DeliveryRow, WebhookEndpoint } from '@zhuzhan/persistence'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import { whoAsks } from '../auth/guard.js'
import type { Guard } from '../auth/guard.js'
import { decodeCursor, encodeCursor } from '../http/paging.js'
import { about, errors } from '../http/route.js'

export interface WebhookSettings {
  /** ZHUZHAN_WEBHOOK_SECRET; without it no endpoint is made. */
  master: string | undefined
  origins: ReadonlySet<string>
}

export interface WebhookRoutesDeps {
  pool: pg.Pool
  guard: Guard
  clock: Clock
  webhooks: WebhookSettings
}

const Params = z.object({ webhook: z.uuid() })
const Key = z.tuple([z.number().int(), z.uuid()])
const iso = (at: Date | null): string | null => at?.toISOString() ?? null
const endpointAnswer = ({ createdAt, endedAt, ...row }: WebhookEndpoint) => ({ ...row, createdAt: createdAt.toISOString(), endedAt: iso(endedAt) })
const deliveryAnswer = ({ nextAt, settledAt, ...row }: DeliveryRow) => ({ ...row, nextAt: iso(nextAt), settledAt: iso(settledAt) })

/** Where notices of cost control are carried to, and what became of them. docs/analytics.md */
export const webhookRoutes = ({ pool, guard, clock, webhooks: { master, origins } }: WebhookRoutesDeps): FastifyPluginAsyncZod => async (app) => {
  const [endpoints, deliveries] = [createWebhookEndpoints(pool), createWebhookDeliveries(pool)]
  const manage = guard.requires('webhooks.manage')

  app.get('/webhooks', {
    schema: { ...about('Webhooks', 'Endpoints of notices; the newest first, those that were removed too', 'webhooks.manage'), response: { 200: z.object({ items: z.array(WebhookAnswer), nextCursor: z.null() }), ...errors } },
    onRequest: manage,
  }, async () => ({ items: (await endpoints.list()).map(endpointAnswer), nextCursor: null }))

  app.post('/webhooks', {
    schema: { ...about('Webhooks', 'Carry notices to an endpoint from now on; the answer shows its secret, once', 'webhooks.manage'), body: NewWebhookBody, response: { 201: WebhookMadeAnswer, ...errors } },
    onRequest: manage,
    config: { act: 'webhook.make' },
  }, async (request, reply) => {
    if (master === undefined) throw new HesError('NOT_CONFIGURED', 'ZHUZHAN_WEBHOOK_SECRET is not set.')
    if (!allowedWebhook(request.body.url, origins)) throw new HesError('BODY_INVALID', 'ZHUZHAN_WEBHOOK_ORIGINS does not allow this address: scheme, host and port must stand there; user names and fragments are not taken.', { path: 'url' })
    const { endpoint, secret } = await endpoints.make(request.body, master, whoAsks(request).username, new Date(clock.now()))
    return reply.code(201).send({ ...endpointAnswer(endpoint), secret })
  })

  app.post('/webhooks/:webhook/remove', {
    schema: { ...about('Webhooks', 'Carry nothing there any more; what waits for it is given up', 'webhooks.manage'), params: Params, response: { 200: WebhookAnswer, ...errors } },
    onRequest: manage,
    config: { act: 'webhook.remove' },
  }, async (request) => endpointAnswer(await endpoints.end(request.params.webhook, whoAsks(request).username, new Date(clock.now()))))

  app.get('/webhook-deliveries', {
    schema: { ...about('Webhooks', 'What became of each notice at each endpoint, by notice', 'read'), querystring: WebhookDeliveryQuery, response: { 200: pageOf(WebhookDeliveryAnswer), ...errors } },
    onRequest: guard.requires('read'),
  }, async (request) => {
    const { limit, cursor, ...filter } = request.query
    const rows = await deliveries.page({ ...filter, after: decodeCursor(Key, cursor), limit: limit + 1 })
    const items = rows.slice(0, limit).map(deliveryAnswer)
    const last = items.at(-1)
    return { items, nextCursor: rows.length > limit && last ? encodeCursor([last.notice, last.endpoint]) : null }
  })
}
