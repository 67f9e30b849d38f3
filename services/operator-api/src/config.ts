import { WebhookMaster, WebhookOrigins } from '@zhuzhan/contracts'
import { commonConfig, opsPort, port } from '@zhuzhan/service-kit'
import { APPLIANCE_OBJECT, PILE_OBJECT } from '@zhuzhan/dlt698'
import { z } from 'zod'

const optional = z.string().transform((text) => text || undefined).optional()

/** Environment of operator-api. */
export const configSchema = z.object({
  ...commonConfig,
  ZHUZHAN_OPS_PORT: opsPort(9605),
  ZHUZHAN_API_HOST: z.string().default('127.0.0.1').describe('address REST and live feed listen on'),
  ZHUZHAN_API_PORT: port.default(8080).describe('port of REST and live feed'),
  ZHUZHAN_TOKEN_SECRET: z.string().min(32).describe('signs login tokens; the same for every replica'),
  ZHUZHAN_ADMIN_USERNAME: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/).default('admin').describe('first administrator, created while there is no user'),
  ZHUZHAN_ADMIN_PASSWORD: optional.describe('his password'),
  ZHUZHAN_API_REQUESTS_PER_MINUTE: z.coerce.number().int().min(1).default(120_000).describe('requests a minute from one address; a fuse, not a quota'),
  ZHUZHAN_PROXY_SECONDS: z.coerce.number().int().min(1).max(600).default(30).describe('how long a terminal may try to reach a meter with a control command; stands in the ticket'),
  ZHUZHAN_PILE_OBJECT: z.string().regex(/^[0-9A-F]{4}$/).default(PILE_OBJECT).describe("OI of the object charging piles are reached by; the standard's is not known here, the default is our own"),
  ZHUZHAN_APPLIANCE_OBJECT: z.string().regex(/^[0-9A-F]{4}$/).default(APPLIANCE_OBJECT).describe('the same of controllable appliances'),
  ZHUZHAN_WEBHOOK_SECRET: WebhookMaster,
  ZHUZHAN_WEBHOOK_ORIGINS: WebhookOrigins,
  ZHUZHAN_ADMINISTRATORS_FILE: optional.describe("laboratories: the file with the passwords of the crypto machine's first administrators; users and devices are then entered there by themselves"),
  ZHUZHAN_SERVICE_KEY_FILE: optional.describe('key of the service that signs alone (zhuzhan ticket service-key); in a laboratory operator-api enters it in the crypto machine'),
  ZHUZHAN_CRYPTO_URL: optional.describe('crypto machine: signs the head of the audit log, makes and checks tickets; ws://host:port'),
  ZHUZHAN_CRYPTO_SECRET: optional.describe('secret shared with the crypto machine'),
})
export type Config = z.output<typeof configSchema>
