import { commonConfig, opsPort, port } from '@zhuzhan/service-kit'
import { z } from 'zod'

/** An absent or empty variable is the same. */
const optionalPath = z
  .string()
  .transform((text) => text || undefined)
  .optional()

export const configSchema = z.object({
  ...commonConfig,
  ZHUZHAN_OPS_PORT: opsPort(9603),
  ZHUZHAN_CRYPTO_HOST: z.string().default('127.0.0.1').describe('address the crypto machine listens on for its callers'),
  ZHUZHAN_CRYPTO_PORT: port.default(9520).describe('port of the request pipe'),
  ZHUZHAN_CRYPTO_SECRET: z
    .string()
    .min(16)
    .describe('shared secret of the crypto machine and its callers, at least 16 characters; never sent'),
  ZHUZHAN_MASTER_KEY_FILE: optionalPath.describe(
    'file whose content unlocks the wrapped keys, at least 16 bytes, readable by its owner only: random bytes, or in a laboratory a passphrase',
  ),
  ZHUZHAN_KEY_CUSTODY_FILE: optionalPath.describe(
    'custody.json of `zhuzhan keys split`, in place of the master key file: the machine starts sealed and waits for shares of its officers',
  ),
  ZHUZHAN_CEREMONY_SOCKET: optionalPath.describe(
    'socket file for key ceremonies (unseal, backup), opened by the account of the crypto machine only; unset = none; npm start: run/ceremony.sock in the data folder',
  ),
  ZHUZHAN_STATION_ID: z
    .string()
    .regex(/^[0-9A-Fa-f]{16}$/)
    .default('4F53503148455330')
    .describe('id of this station in OSP-1 (IDA), 8 bytes hex; fixed once the database exists'),
  ZHUZHAN_ADMINISTRATORS_FILE: optionalPath.describe(
    'first administrators of the crypto machine, read while it has nobody: the file of their ceremony; a laboratory invents two and writes it',
  ),
  ZHUZHAN_CLOCK_SYNC_FILE: optionalPath.describe(
    'file that is there while the system clock follows its source (systemd-timesyncd: /run/systemd/timesync/synchronized); unset = not looked at',
  ),
  ZHUZHAN_UNBOUND_MODULES: z
    .enum(['auto', 'suspect', 'tolerate'])
    .default('auto')
    .describe(
      'a device of which no modules are bound, whether it gives a manifest or refuses one: suspect = reads only, tolerate = served as before; auto = suspect in production, tolerate in a laboratory',
    ),
  ZHUZHAN_CRYPTO_ENGINE: z.enum(['auto', 'openssl', 'noble']).default('auto').describe('SM2 engine; auto takes OpenSSL and falls back'),
  ZHUZHAN_CRYPTO_PROVIDER: z
    .enum(['soft', 'sdf', 'remote'])
    .default('soft')
    .describe('where root keys and SM2 keys are: soft = wrapped in the database, sdf = a GM/T 0018 device; remote is not built'),
  ZHUZHAN_SDF_LIBRARY: optionalPath.describe("shared library of the cipher device's maker; with provider sdf"),
  ZHUZHAN_SDF_MODEL: z
    .string()
    .default('gmt0018')
    .describe('device model: algorithm ids and structures; a built-in name, or a JSON file (docs/security/hardware.md)'),
  ZHUZHAN_SDF_KEYS_FILE: optionalPath.describe('JSON file that says which key of the device serves what'),
  ZHUZHAN_SDF_PASSWORD_FILE: optionalPath.describe("access passwords of the device's SM2 keys, one line each: INDEX PASSWORD"),
  ZHUZHAN_SDF_SESSIONS: z.coerce.number().int().min(1).max(64).default(4).describe('sessions kept open with the cipher device'),
  ZHUZHAN_SDF_TIMEOUT_MS: z.coerce
    .number()
    .int()
    .min(50)
    .max(60_000)
    .default(3_000)
    .describe('a call of the cipher device that takes longer means the device is lost'),
})
export type Config = z.infer<typeof configSchema>
