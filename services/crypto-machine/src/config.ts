import { commonConfig, opsPort, port } from '@zhuzhan/service-kit'
import { z } from 'zod'

export const configSchema = z.object({
  ...commonConfig,
  ZHUZHAN_OPS_PORT: opsPort(9603),
  ZHUZHAN_CRYPTO_HOST: z.string().default('127.0.0.1').describe('address the crypto machine listens on for its callers'),
  ZHUZHAN_CRYPTO_PORT: port.default(9520).describe('port of the request pipe'),
  ZHUZHAN_CRYPTO_SECRET: z
    .string()
    .min(16)
    .describe('shared secret of the crypto machine and its callers, at least 16 characters; never sent'),
  ZHUZHAN_MASTER_KEY_FILE: z
    .string()
    .min(1)
    .describe('file whose content unlocks the wrapped keys, at least 16 bytes, readable by its owner only'),
  ZHUZHAN_STATION_ID: z
    .string()
    .regex(/^[0-9A-Fa-f]{16}$/)
    .default('4F53503148455330')
    .describe('id of this station in OSP-1 (IDA), 8 bytes hex; fixed once the database exists'),
  ZHUZHAN_CRYPTO_ENGINE: z.enum(['auto', 'openssl', 'noble']).default('auto').describe('SM2 engine; auto takes OpenSSL and falls back'),
})
export type Config = z.infer<typeof configSchema>
