import { z } from 'zod'
import { commonConfig, opsPort } from '@zhuzhan/service-kit'

const count = (fallback: number, text: string) => z.coerce.number().int().positive().default(fallback).describe(text)

export const configSchema = z.object({
  ...commonConfig,
  ZHUZHAN_OPS_PORT: opsPort(9602),
  ZHUZHAN_FEP_ID: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/).default('fep-1').describe('name of this replica'),
  ZHUZHAN_GATEWAYS: z.string().default('ws://127.0.0.1:9510').transform((text) => text.split(',').map((one) => one.trim()).filter(Boolean)).describe('every gateway to dial, ws://host:port, separated by commas'),
  ZHUZHAN_LINK_SECRET: z.string().min(16).describe('shared by gateways and front ends; never sent'),
  ZHUZHAN_CRYPTO_URL: z.string().regex(/^wss?:\/\//).default('ws://127.0.0.1:9520').describe('the crypto machine'),
  ZHUZHAN_CRYPTO_SECRET: z.string().min(16).describe('shared with the crypto machine; never sent'),
  ZHUZHAN_CLIENT_ADDRESS: z.coerce.number().int().min(0).max(255).default(16).describe('client address (CA) of this master station in link frames'),
  ZHUZHAN_REQUEST_SECONDS: count(20, 'how long an answer of a terminal is waited for'),
  ZHUZHAN_PROXY_SECONDS: count(30, 'the same when the terminal must ask a meter'),
  ZHUZHAN_METER_PORT: z.string().regex(/^[0-9A-F]{8}$/).default('F2010201').describe('port of terminals (OAD) through which frames of meters with own sessions travel'),
  ZHUZHAN_RELAY_OPEN_BIT: z.enum(['0', '1']).default('1').describe('value of a bit of 8000 attribute 3 that means supply open (UNSURE in the standard)'),
  ZHUZHAN_TERMINAL_FRAME_BYTES: count(1_024, 'largest link frame sent to a terminal that agreed on nothing else'),
  ZHUZHAN_HANDSHAKES_IN_FLIGHT: count(64, 'secured sessions negotiated at once'),
  ZHUZHAN_KEY_UPDATES_IN_FLIGHT: count(64, 'devices whose keys are updated at once'),
  ZHUZHAN_MANIFEST_HOURS: count(24, 'a device in a session is asked for its module manifest once in this time'),
  ZHUZHAN_MANIFEST_SESSION_MINUTES: z.coerce.number().int().min(0).max(10_080).default(60).describe('the same after a new session, and after a manifest that did not come: not sooner than this'),
  ZHUZHAN_MANIFEST_SPREAD_SECONDS: z.coerce.number().int().min(0).max(86_400).default(900).describe('over this long the manifests asked for after new sessions are spread, so that a reconnect storm is no second storm'),
  ZHUZHAN_MANIFESTS_IN_FLIGHT: count(16, 'devices asked for their module manifest at once'),
  ZHUZHAN_COLLECTIONS_IN_FLIGHT: count(200, 'terminals read at once'),
})
export type Config = z.output<typeof configSchema>
