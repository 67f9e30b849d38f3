import { z } from 'zod'
import { KEY_UPDATE_STATES, KeyUpdateState } from '../crypto-key-updates.js'
import { AddressInput, AddressText, Cursor, pageLimit } from './common.js'

const Person = z.string().regex(/^[0-9A-Fa-f]{16}$/, 'the id of a person is 8 bytes hex').transform((text) => text.toUpperCase())
const Signature = z.string().regex(/^[0-9A-Fa-f]{128}$/, 'a signature is r || s, 64 bytes hex')

const Signer = z.strictObject({
  person: Person.describe("An administrator of the crypto machine, by id"),
  password: z.string().min(1).max(256).optional().describe('Laboratories only: the machine keeps this key and signs with it at once'),
})

export const NewRotationBody = z.strictObject({
  devices: z.array(AddressInput).min(1).max(4_096).optional(),
  area: z.string().trim().min(1).max(200).optional().describe('Every protected device of this area of the registry'),
  all: z.literal(true).optional().describe('Every device with profile sm'),
  keyVersion: z.number().int().min(1).max(255).optional().describe('Version of the root keys to go to; without it the newest that all devices are below, or a new one'),
  reason: z.string().trim().min(1).max(1_000).optional(),
  signers: z.tuple([Signer, Signer]).describe('Two administrators. With both passwords the orders are signed at once; without, sign what the answer holds'),
}).superRefine((body, context) => {
  if ([body.devices, body.area, body.all].filter((one) => one !== undefined).length !== 1) context.addIssue({ code: 'custom', path: ['devices'], message: 'give exactly one of devices, area, all' })
})
export type NewRotationBody = z.output<typeof NewRotationBody>

/** One pair for each order that waits, in their order. */
export const RotationSignaturesBody = z.strictObject({ signatures: z.array(z.strictObject({ first: Signature, second: Signature })).min(1).max(300) })

export const RotationState = z.enum(['unsigned', 'running', 'attention', 'done'])
const Progress = z.strictObject(Object.fromEntries(KEY_UPDATE_STATES.map((state) => [state, z.number().int()])) as Record<KeyUpdateState, z.ZodNumber>)

export const RotationAnswer = z.object({
  id: z.string(),
  createdAt: z.string(),
  requestedBy: z.string(),
  reason: z.string().nullable(),
  keyVersion: z.number().int(),
  state: RotationState.describe('unsigned: orders wait for signatures; attention: what is not done needs a person'),
  devices: z.number().int(),
  progress: Progress.describe('Devices by the state of their update'),
  unreachable: z.number().int().describe('Refused the old and the new keys; both are kept and tried on'),
  suspect: z.number().int().describe('Wait until their modules are bound anew'),
  skipped: z.array(z.object({ address: AddressText, why: z.string() })),
}).meta({ id: 'KeyRotation' })
export type RotationAnswer = z.infer<typeof RotationAnswer>

export const RotationDetail = z.object({
  ...RotationAnswer.shape,
  orders: z.array(z.object({ order: z.string(), kind: z.string(), submitted: z.boolean(), message: z.string().describe('What is signed, base64') })),
  items: z.array(z.object({ address: AddressText, state: KeyUpdateState, changedAt: z.string(), advice: z.string().nullable().describe('What a person can do') })),
  nextCursor: z.string().nullable(),
}).meta({ id: 'KeyRotationDetail' })
export type RotationDetail = z.infer<typeof RotationDetail>

export const RotationListQuery = z.object({ cursor: Cursor.optional(), limit: pageLimit(20, 50) })
export const RotationDetailQuery = z.object({ cursor: Cursor.optional(), limit: pageLimit(1_000, 4_096) })
