import { z } from 'zod'
import { Cursor, ThingName, commaList, pageLimit } from './common.js'

export const NewWebhookBody = z.strictObject({ name: ThingName, url: z.string().trim().min(1).max(2_000).describe('https; scheme, host and port must be in ZHUZHAN_WEBHOOK_ORIGINS') })
const Endpoint = { id: z.uuid(), name: z.string(), url: z.string(), createdBy: z.string(), createdAt: z.string(), endedAt: z.string().nullable() }
export const WebhookAnswer = z.object(Endpoint).meta({ id: 'Webhook' })
export const WebhookMadeAnswer = z.object({ ...Endpoint, secret: z.string().describe('Key of the signatures; shown now and never again') }).meta({ id: 'WebhookMade' })

export const DELIVERY_STATES = ['waiting', 'delivered', 'given-up'] as const
export const WebhookDeliveryQuery = z.strictObject({ state: commaList(z.enum(DELIVERY_STATES)).optional(), notice: z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(), limit: pageLimit(100, 1_000), cursor: Cursor.optional() })
export const WebhookDeliveryAnswer = z.object({
  notice: z.number().int(), endpoint: z.uuid(), state: z.enum(DELIVERY_STATES), attempts: z.number().int(), nextAt: z.string().nullable(), settledAt: z.string().nullable(),
  why: z.string().nullable().describe('Of the last attempt, or why it was given up'),
}).meta({ id: 'WebhookDelivery' })
