import { z } from 'zod'
import { AreaCode, PersonId } from '../crypto-authority.js'
import { Described } from '../crypto-fields.js'
import { TypedPassword } from './commands.js'

export const MandateIdInput = z.string().regex(/^[0-9A-Fa-f]{32}$/).transform((text) => text.toUpperCase())

export const NewMandateBody = z.strictObject({
  area: z.string().min(1).max(64).optional().describe('Of the registry; devices without one are in DEFAULT'),
  validDays: z.number().int().min(1).max(90),
  perHour: z.number().int().min(1).max(65_535).describe('Closings at most within any hour'),
  perDay: z.number().int().min(1).max(1_000_000).describe('Closings at most within any 24 hours'),
  service: PersonId.optional().describe('The only service that is entered when absent'),
  approver: z.string().min(1).max(128).optional().describe('User who must approve; somebody with this duty when absent'),
  password: TypedPassword.optional().describe('Laboratories: signs at once'),
})
export type NewMandateBody = z.infer<typeof NewMandateBody>

export const MandateAnswer = z.object({
  mandate: z.string(),
  service: z.string(),
  area: z.string(),
  areaCode: AreaCode,
  notBefore: z.string(),
  notAfter: z.string(),
  perHour: z.number(),
  perDay: z.number(),
  state: z.enum(['drafted', 'awaiting_approval', 'in-force', 'stopped', 'rejected', 'over']),
  requestedBy: z.string(),
  approver: z.string(),
  stoppedBy: z.string().nullable(),
  message: z.string().describe('TKM in hex: what both people sign'),
  sigOperator: z.string().nullable().describe('First signature in hex: the approver signs the mandate and it'),
  machine: z.object({ usedLastHour: z.number(), usedLastDay: z.number(), revoked: z.boolean() }).nullable()
    .describe('What the crypto machine says; null while it is away or does not know the mandate. Revoked: also of another epoch, after a restore'),
}).meta({ id: 'Mandate' })
export type MandateAnswer = z.infer<typeof MandateAnswer>
export const MandateInWords = MandateAnswer.extend({ words: Described.nullable() }).meta({ id: 'MandateInWords' })
export const MandateStopAnswer = MandateAnswer.extend({
  order: z.object({ kind: z.literal('mandate-revoke'), mandate: z.string() }).describe('Body of the order that takes it from the crypto machine too'),
  carriedOut: z.boolean().describe('Laboratories: the order is carried out already'),
}).meta({ id: 'StoppedMandate' })
