import { z } from 'zod'
import { DeviceModulesState, ModuleState } from '../crypto-modules.js'
import { AddressText, Cursor, pageLimit } from './common.js'

const hexText = (count: number, what: string) => z.string().regex(new RegExp(`^[0-9A-Fa-f]{${count * 2}}$`), `${what} is ${count} bytes hex`).transform((text) => text.toUpperCase())
const Time = z.string().nullable()

/** In lists of terminals and meters; null: no keys, or the crypto machine is away. */
export const ModulesOfDevice = DeviceModulesState.nullable()
  .describe('Modules of the device whose keys protect it (its own, or its terminal\'s): bound, unchecked, unknown (none bound) or suspect (reads only); null without keys, or while the crypto machine is away')

export const ModuleAnswer = z.object({
  slot: z.number().int().describe('0 management, 1 metering, 2 carrier, 3 and up expansion'),
  serial: z.string(),
  model: z.string(),
  version: z.string().nullable().describe('Four bytes, as the module claims them'),
  firmware: z.string().nullable().describe('SM3 of its program: the module\'s own claim'),
  chip: z.boolean().describe('False: a carrier module without a chip, which is declared only'),
  registered: z.boolean().describe('Bound to this device'),
  state: ModuleState,
  firstSeen: Time,
  lastSeen: Time,
}).meta({ id: 'Module' })
export type ModuleAnswer = z.infer<typeof ModuleAnswer>

export const DeviceModulesAnswer = z.object({
  address: AddressText,
  state: DeviceModulesState,
  checkedAt: Time.describe('When the last manifest came'),
  modules: z.array(ModuleAnswer),
  history: z.array(z.object({
    at: z.string(), slot: z.number().int(), kind: z.enum(['bound', 'replaced', 'removed', 'found', 'version']), serial: z.string(),
    before: z.string().nullable().describe('Serial, or version and hash, before'), detail: z.string().describe('The order, the finding, or version and hash now'),
  })).describe('The newest first'),
}).meta({ id: 'DeviceModules' })
export type DeviceModulesAnswer = z.infer<typeof DeviceModulesAnswer>

export const SuspectList = z.object({
  items: z.array(z.object({ address: AddressText, checkedAt: Time })),
  nextCursor: z.string().nullable(),
}).meta({ id: 'SuspectDevices' })
export const SuspectQuery = z.strictObject({ limit: pageLimit(100, 1_000), cursor: Cursor.optional() })

const Signer = z.strictObject({
  person: hexText(8, 'the id of a person').describe('An administrator of the crypto machine, by id'),
  password: z.string().min(1).max(256).optional().describe('Laboratories only: the machine keeps this key and signs with it at once'),
})
/** What changed; a slot that is not named stays as it is bound. */
const Change = z.strictObject({
  slot: z.number().int().min(0).max(255),
  serial: hexText(8, 'a serial').optional().describe('Without it the slot is empty from now on'),
  model: z.string().regex(/^[\x20-\x7e]{1,8}$/, 'a model is 1 to 8 ASCII characters').optional().describe('The model bound before, unless said'),
  chip: z.boolean().default(true),
  keyState: z.number().int().min(0).max(1).default(1),
  keyVersion: z.number().int().min(0).max(255).optional().describe('Version of the root keys its pairing key was made from; 1 unless said'),
})

export const BindModulesBody = z.strictObject({
  changes: z.array(Change).max(255).default([]).describe('Replaced, new and removed modules; empty: the same modules again, after they were looked at'),
  signers: z.tuple([Signer, Signer]).describe('Two administrators. With both passwords the order is signed at once; without, sign what the answer holds'),
})
export type BindModulesBody = z.output<typeof BindModulesBody>

export const BindModulesAnswer = z.object({
  carriedOut: z.boolean(),
  order: z.string().describe('What the two administrators sign, base64; its words are in `words`'),
  words: z.object({ title: z.string(), lines: z.array(z.string()) }),
}).meta({ id: 'ModulesBinding' })
export type BindModulesAnswer = z.infer<typeof BindModulesAnswer>

const Signature = z.string().regex(/^[0-9A-Fa-f]{128}$/, 'a signature is r || s, 64 bytes hex')
export const BindingSignaturesBody = z.strictObject({ order: z.base64().max(8_192), first: Signature, second: Signature })
