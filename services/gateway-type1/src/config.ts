import { z } from 'zod'
import { commonConfig, opsPort, port } from '@zhuzhan/service-kit'

const count = (fallback: number, text: string) => z.coerce.number().int().positive().default(fallback).describe(text)
const optionalFile = z.string().transform((text) => text || undefined).optional()

export const configSchema = z.object({
  ...commonConfig,
  ZHUZHAN_OPS_PORT: opsPort(9601),
  ZHUZHAN_GATEWAY_ID: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/).default('gw-1').describe('name of this replica in the session table'),
  ZHUZHAN_4G_HOST: z.string().default('127.0.0.1').describe('address terminals connect to'),
  ZHUZHAN_4G_PORT: port.default(9500).describe('port terminals connect to, DL/T 698.45 over TCP'),
  ZHUZHAN_4G_TLS_CERT: optionalFile.describe('PEM certificate chain; with it and a key the 4G port speaks TLS'),
  ZHUZHAN_4G_TLS_KEY: optionalFile.describe('PEM private key of the certificate'),
  ZHUZHAN_LINK_HOST: z.string().default('127.0.0.1').describe('address front ends dial'),
  ZHUZHAN_LINK_PORT: port.default(9510).describe('port front ends dial'),
  ZHUZHAN_LINK_SECRET: z.string().min(16).describe('shared by gateways and front ends; never sent'),
  ZHUZHAN_4G_MAX_CONNECTIONS: count(18_000, 'terminal connections of this process; stay below the open-file limit'),
  ZHUZHAN_4G_MAX_STRANGERS: count(2_000, 'connections without a login; beyond it the oldest is shed'),
  ZHUZHAN_4G_MAX_STRANGERS_PER_ADDRESS: count(1_000, 'the same per peer address'),
  ZHUZHAN_4G_LOGIN_SECONDS: count(20, 'time to log in'),
  ZHUZHAN_4G_LOGIN_BYTES: count(1_024, 'bytes accepted before the login is done'),
  ZHUZHAN_4G_MAX_FRAME: count(2_048, 'largest link frame in bytes'),
  ZHUZHAN_4G_PENDING_BYTES: count(32_768, 'bytes of a terminal held back while no front end takes them; then its socket is not read'),
})
export type Config = z.output<typeof configSchema>

/** What the sockets may do before and after a login. Bytes, counts, milliseconds. */
export interface Limits {
  maxConnections: number
  maxStrangers: number
  maxStrangersPerAddress: number
  loginMs: number
  loginBytes: number
  maxFrame: number
  pendingBytes: number
  /** Refused frames after which a connection is closed. */
  maxViolations: number
  /** Bytes of noise between two good frames after which a connection is closed. */
  maxNoiseBytes: number
  /** Bytes waiting in a socket the terminal does not read; beyond it the terminal is shed. */
  maxUnsentBytes: number
  /** Missed heartbeats after which a terminal counts as gone. */
  heartbeatsMissed: number
  minHeartbeatSeconds: number
  maxHeartbeatSeconds: number
  /** LINK frames a connection may send in a second, averaged over ten. */
  linkFramesPerSecond: number
}

export function limitsOf(config: Config): Limits {
  return {
    maxConnections: config.ZHUZHAN_4G_MAX_CONNECTIONS,
    maxStrangers: config.ZHUZHAN_4G_MAX_STRANGERS,
    maxStrangersPerAddress: config.ZHUZHAN_4G_MAX_STRANGERS_PER_ADDRESS,
    loginMs: config.ZHUZHAN_4G_LOGIN_SECONDS * 1000,
    loginBytes: config.ZHUZHAN_4G_LOGIN_BYTES,
    maxFrame: config.ZHUZHAN_4G_MAX_FRAME,
    pendingBytes: config.ZHUZHAN_4G_PENDING_BYTES,
    maxViolations: 32,
    maxNoiseBytes: 65_536,
    maxUnsentBytes: 262_144,
    heartbeatsMissed: 2.5,
    minHeartbeatSeconds: 5,
    maxHeartbeatSeconds: 3_600,
    linkFramesPerSecond: 5,
  }
}
