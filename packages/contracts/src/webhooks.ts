import { z } from 'zod'

/** Headers of a notice on its way to an endpoint. */
export const WEBHOOK_HEADERS = { id: 'zhuzhan-id', timestamp: 'zhuzhan-timestamp', signature: 'zhuzhan-signature' } as const

/** Body of a notice as an endpoint gets it. A field may be added; none changes its meaning. */
export const WebhookNotice = z.object({
  type: z.literal('cost-notice'),
  id: z.number().int().positive(),
  account: z.string(),
  kind: z.enum(['alarm-1', 'alarm-2', 'final']),
  balance: z.string().describe('CNY, four decimals at most'),
  createdAt: z.iso.datetime(),
})
export type WebhookNotice = z.infer<typeof WebhookNotice>

/** `https://host` or `https://host:port`, and `http://…` where whoever runs the station wants that. Nothing behind it. */
const Origin = z.string().refine((text) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && ['https:', 'http:'].includes(url.protocol) && url.origin === text
}, 'an origin looks like https://sms.example.cn or http://127.0.0.1:9000, in small letters, without path')

/** Setting: where notices may be sent to; empty is nowhere. */
export const WebhookOrigins = z.string().default('').transform((text) => text.split(',').map((part) => part.trim()).filter((part) => part !== '')).pipe(z.array(Origin)).transform((list): ReadonlySet<string> => new Set(list))

/** Setting: what the endpoints' secrets are derived from. */
export const WebhookMaster = z.string().transform((text) => text || undefined).pipe(z.string().min(32).optional()).optional()

/**
 * The address, if the setting allows it. Scheme, host and port must stand in the list as they are, so that no address of the operator's own
 * network is reached that he has not named; user names and fragments are no part of an endpoint.
 */
export function allowedWebhook(text: string, origins: ReadonlySet<string>): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url && origins.has(url.origin) && url.username === '' && url.password === '' && url.hash === '' ? url : undefined
}
