import { flag, port } from '@zhuzhan/service-kit'
import { z } from 'zod'

/** What the supervisor itself reads; everything else in its environment reaches the services unchanged. */
export const configSchema = z.object({
  ZHUZHAN_DATA_DIR: z.string().min(1).default('.zhuzhan').describe('folder of the embedded station: database, secrets, logs; relative to the project'),
  ZHUZHAN_DEMO_TERMINALS: z.coerce.number().int().min(0).max(1_000).optional().describe('virtual terminals of the demo, ten meters behind each; 0 = none; default 20, and 0 in production'),
  ZHUZHAN_SETUP_ONLY: flag.describe('1 = set up folder and database, then stop'),
  ZHUZHAN_API_HOST: z.string().default('127.0.0.1'),
  ZHUZHAN_API_PORT: port.default(8080),
  ZHUZHAN_4G_HOST: z.string().default('127.0.0.1'),
  ZHUZHAN_4G_PORT: port.default(9500),
  ZHUZHAN_LINK_PORT: port.default(0),
  ZHUZHAN_CRYPTO_PORT: port.default(0),
  // Only when the way from service to service is not the straight one.
  ZHUZHAN_GATEWAYS: z.string().transform((text) => text || undefined).optional(),
  ZHUZHAN_CRYPTO_URL: z.string().transform((text) => text || undefined).optional(),
  ZHUZHAN_ADMIN_USERNAME: z.string().min(1).default('admin'),
  ZHUZHAN_ADMIN_PASSWORD: z.string().transform((text) => text || undefined).optional(),
  ZHUZHAN_MASTER_KEY_FILE: z.string().transform((text) => text || undefined).optional(),
  ZHUZHAN_KEY_CUSTODY_FILE: z.string().transform((text) => text || undefined).optional(),
  ZHUZHAN_ADMINISTRATORS_FILE: z.string().transform((text) => text || undefined).optional(),
  ZHUZHAN_SERVICE_KEY_FILE: z.string().transform((text) => text || undefined).optional(),
  ZHUZHAN_SERVICE_KEY_SECRET: z.string().transform((text) => text || undefined).optional(),
  ZHUZHAN_WEBHOOK_SECRET: z.string().transform((text) => text || undefined).optional(),
  ZHUZHAN_PRODUCTION: flag,
  DATABASE_URL: z.string().transform((text) => text || undefined).optional().describe('with it no PostgreSQL is started'),
})
export type Config = z.output<typeof configSchema>

/**
 * Terminals the demo has: half `plain`, a quarter mode S, a quarter mode F. None in production, where `plain` is refused, and none
 * while a sealed crypto machine could not issue their keys.
 */
export function demoTerminals(config: Config): number {
  return config.ZHUZHAN_DEMO_TERMINALS ?? (config.ZHUZHAN_PRODUCTION || config.ZHUZHAN_KEY_CUSTODY_FILE !== undefined ? 0 : 20)
}
