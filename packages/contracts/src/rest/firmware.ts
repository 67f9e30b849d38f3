import { z } from 'zod'
import { ReleaseState } from '../crypto-firmware.js'
import { AddressInput, AddressText } from './common.js'

export const ReleaseIdInput = z.string().regex(/^[0-9A-Fa-f]{16}$/, 'a release is 8 bytes hex').transform((text) => text.toUpperCase())

export const FirmwareReleaseAnswer = z.object({
  release: z.string(),
  state: ReleaseState,
  vendor: z.string(),
  model: z.string(),
  moduleType: z.number().int(),
  version: z.number().int(),
  minVersion: z.number().int(),
  size: z.number().int().describe('Bytes of the image'),
  imageHash: z.string().describe('SM3'),
  changedAt: z.string(),
  fileBytes: z.number().int().nullable().describe('null until its file was uploaded'),
}).meta({ id: 'FirmwareRelease' })
export const FirmwareReleaseList = z.object({ items: z.array(FirmwareReleaseAnswer) })

/** One administrator of the crypto machine is enough to withdraw. */
export const FirmwareWithdrawBody = z.strictObject({
  person: z.string().regex(/^[0-9A-Fa-f]{16}$/).transform((text) => text.toUpperCase()).describe('An administrator of the crypto machine, by id'),
  password: z.string().min(1).max(256).describe('Laboratories: the machine keeps this key'),
})

export const NewTransferBody = z.strictObject({
  release: ReleaseIdInput,
  device: AddressInput.describe('A protected device with a connection of its own'),
  reason: z.string().trim().min(1).max(1_000).optional(),
  approver: z.string().min(1).max(128).optional().describe('User who must approve; somebody with this duty when absent'),
  expiresInSeconds: z.number().int().min(60).max(86_400).default(7_200).describe('What is not transferred by then is not continued'),
  password: z.string().min(1).max(256).optional().describe('Laboratories: signs the ticket at once'),
})
export type NewTransferBody = z.output<typeof NewTransferBody>

export const TransferAnswer = z.object({
  id: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  requestedBy: z.string(),
  reason: z.string().nullable(),
  release: z.string(),
  device: AddressText,
  approver: z.string(),
  state: z.enum(['accepted', 'awaiting_approval', 'queued', 'started', 'done', 'refused', 'unknown', 'expired']).describe('done: the device runs it; unknown: every block was sent, and no answer came to the last'),
  blocks: z.number().int(),
  sentBlocks: z.number().int(),
  code: z.string().nullable(),
  dar: z.number().int().nullable().describe('Result code of the device: 30 a signature, 255 another check, or the image did not start'),
  why: z.string().nullable(),
  ticket: z.string().describe('TKT in hex: what both people sign'),
}).meta({ id: 'FirmwareTransfer' })
export type TransferAnswer = z.infer<typeof TransferAnswer>
export const TransferList = z.object({ items: z.array(TransferAnswer) })
