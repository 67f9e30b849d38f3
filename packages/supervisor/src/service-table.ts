import { resolve } from 'node:path'
import type { Config } from './config.js'
import { PROJECT } from './data-folder.js'
import type { DataFolder } from './data-folder.js'
import type { Secrets } from './secrets.js'

export interface Wiring {
  config: Config
  folder: DataFolder
  secrets: Secrets
  databaseUrl: string
  /** Numbers for what the operator did not fix, the same until the station stops. */
  ports: { api: number; terminals: number; link: number; crypto: number; fleetControl: number; ops: Record<ServiceName, number> }
}

export const SERVICE_NAMES = ['crypto-machine', 'analytics', 'gateway-type1', 'front-end-processor', 'operator-api'] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

/** Started group by group; stopped in exactly the reverse order of all of them. */
export const START_GROUPS: readonly (readonly ServiceName[])[] = [['crypto-machine', 'analytics', 'gateway-type1'], ['front-end-processor', 'operator-api']]

/** Variables of each service beyond what it inherits from us. */
export function serviceEnvironment(name: ServiceName, wiring: Wiring): Record<string, string> {
  const { config, folder, secrets, ports } = wiring
  const own: Record<ServiceName, Record<string, string>> = {
    'crypto-machine': {
      ZHUZHAN_CRYPTO_PORT: String(ports.crypto),
      ZHUZHAN_CRYPTO_SECRET: secrets.cryptoSecret,
      // In custody there is no file with the whole key.
      ZHUZHAN_MASTER_KEY_FILE: config.ZHUZHAN_KEY_CUSTODY_FILE === undefined ? (config.ZHUZHAN_MASTER_KEY_FILE ?? folder.masterKey) : '',
      ZHUZHAN_KEY_CUSTODY_FILE: config.ZHUZHAN_KEY_CUSTODY_FILE === undefined ? '' : resolve(PROJECT, config.ZHUZHAN_KEY_CUSTODY_FILE),
      ZHUZHAN_CEREMONY_SOCKET: folder.ceremonySocket,
      ...administrators(wiring),
    },
    analytics: {
      ZHUZHAN_CRYPTO_URL: config.ZHUZHAN_CRYPTO_URL ?? cryptoUrl(wiring),
      ZHUZHAN_CRYPTO_SECRET: secrets.cryptoSecret,
      ZHUZHAN_WEBHOOK_SECRET: config.ZHUZHAN_WEBHOOK_SECRET ?? secrets.webhookSecret,
      ...serviceKey(wiring, config.ZHUZHAN_SERVICE_KEY_SECRET ?? secrets.serviceKeySecret),
    },
    'gateway-type1': {
      ZHUZHAN_4G_HOST: config.ZHUZHAN_4G_HOST,
      ZHUZHAN_4G_PORT: String(ports.terminals),
      ZHUZHAN_LINK_PORT: String(ports.link),
      ZHUZHAN_LINK_SECRET: secrets.linkSecret,
    },
    'front-end-processor': {
      ZHUZHAN_GATEWAYS: config.ZHUZHAN_GATEWAYS ?? `ws://127.0.0.1:${ports.link}`,
      ZHUZHAN_LINK_SECRET: secrets.linkSecret,
      ZHUZHAN_CRYPTO_URL: config.ZHUZHAN_CRYPTO_URL ?? cryptoUrl(wiring),
      ZHUZHAN_CRYPTO_SECRET: secrets.cryptoSecret,
      ...manifestsSoon(wiring),
    },
    'operator-api': {
      ZHUZHAN_API_HOST: config.ZHUZHAN_API_HOST,
      ZHUZHAN_API_PORT: String(ports.api),
      ZHUZHAN_TOKEN_SECRET: secrets.tokenSecret,
      ZHUZHAN_WEBHOOK_SECRET: config.ZHUZHAN_WEBHOOK_SECRET ?? secrets.webhookSecret,
      ZHUZHAN_ADMIN_USERNAME: config.ZHUZHAN_ADMIN_USERNAME,
      ZHUZHAN_ADMIN_PASSWORD: secrets.adminPassword,
      ZHUZHAN_CRYPTO_URL: config.ZHUZHAN_CRYPTO_URL ?? cryptoUrl(wiring),
      ZHUZHAN_CRYPTO_SECRET: secrets.cryptoSecret,
      ...administrators(wiring),
      ...serviceKey(wiring),
    },
  }
  return { DATABASE_URL: wiring.databaseUrl, ZHUZHAN_OPS_PORT: String(ports.ops[name]), ...own[name] }
}

/** A demo has few devices: whoever looks at it need not wait a quarter of an hour for their module manifests. */
function manifestsSoon({ config }: Wiring): Record<string, string> {
  return config.ZHUZHAN_PRODUCTION || process.env['ZHUZHAN_MANIFEST_SPREAD_SECONDS'] !== undefined ? {} : { ZHUZHAN_MANIFEST_SPREAD_SECONDS: '20' }
}

/** The operator's own file, or in a laboratory one that the crypto machine writes beside the other secrets. */
function administrators({ config, folder }: Wiring): Record<string, string> {
  const file = config.ZHUZHAN_ADMINISTRATORS_FILE ?? (config.ZHUZHAN_PRODUCTION ? undefined : folder.administrators)
  return file === undefined ? {} : { ZHUZHAN_ADMINISTRATORS_FILE: file }
}

/** The operator's own, or in a laboratory one that is made at the first start. */
export function serviceKeyFile({ config, folder }: Pick<Wiring, 'config' | 'folder'>): string | undefined {
  return config.ZHUZHAN_SERVICE_KEY_FILE ?? (config.ZHUZHAN_PRODUCTION ? undefined : folder.serviceKey)
}

/** @param secret for the one service that signs; the others read person and public key only */
function serviceKey(wiring: Wiring, secret?: string): Record<string, string> {
  const file = serviceKeyFile(wiring)
  if (file === undefined) return {}
  return { ZHUZHAN_SERVICE_KEY_FILE: resolve(PROJECT, file), ZHUZHAN_SERVICE_KEY_SECRET: secret ?? '' }
}

export function cryptoUrl({ ports }: Wiring): string {
  return `ws://127.0.0.1:${ports.crypto}`
}

/** Of a listener that may be bound to every address, as a neighbour on this machine reaches it. */
export function reachable(host: string, port: number): string {
  return `${['0.0.0.0', '::', ''].includes(host) ? '127.0.0.1' : host}:${port}`
}
