import { z } from 'zod'
import { CONTROL_ACTIONS, CommandAction, CommandState } from '../commands.js'
import { Described } from '../crypto-fields.js'
import { ReasonText, TypedPassword } from './commands.js'
import { AddressInput, AddressText } from './common.js'

/** Meters of one batch. */
export const MAX_BATCH_METERS = 4_096
/** Meters without keys of their own take a ticket each, since it names the frame their terminal hands on (OSP-1 §7.11). */
export const MAX_BATCH_TICKETS = 64

export const NewCommandBatchBody = z.strictObject({
  action: CommandAction.refine((action) => CONTROL_ACTIONS.has(action) && action !== 'set-power', 'a control action; set-points differ by pile and go one by one'),
  meters: z.array(AddressInput).min(1).max(MAX_BATCH_METERS),
  reason: ReasonText.optional().describe('Kept with every step and in the audit log'),
  expiresInSeconds: z.number().int().min(10).max(86_400).default(300).describe('A command not sent by then is never sent'),
  approver: z.string().min(1).max(128).optional().describe('User who must approve; somebody with this duty when absent'),
  password: TypedPassword.optional().describe('Laboratories: signs every ticket at once'),
})
export type NewCommandBatchBody = z.infer<typeof NewCommandBatchBody>

/** A signature over each ticket of the batch, or the password that makes them. */
const PROOF = {
  signatures: z.array(z.strictObject({ ticket: z.guid().describe('Id of the ticket'), signature: z.string().regex(/^[0-9A-Fa-f]{128}$/, 'r and s, 64 bytes in hex') })).min(1).max(MAX_BATCH_TICKETS).optional(),
  password: TypedPassword.optional().describe('Laboratories only'),
}
const oneProof = (body: { signatures?: unknown; password?: unknown }): boolean => (body.signatures === undefined) !== (body.password === undefined)
export const BatchSignBody = z.strictObject(PROOF).refine(oneProof, 'signatures or password')
export const BatchApprovalBody = z.strictObject({ reason: ReasonText.optional(), ...PROOF }).refine(oneProof, 'signatures or password')

export const CommandBatchAnswer = z.object({
  id: z.string(),
  action: CommandAction,
  reason: z.string().nullable(),
  requestedBy: z.string(),
  approver: z.string(),
  createdAt: z.string(),
  expiresAt: z.string(),
  states: z.partialRecord(CommandState, z.number().int()).describe('How many of its commands are where; each is at GET /commands?batch='),
  tickets: z.array(z.object({
    id: z.string(),
    ticket: z.string().describe('TKT in hex: what both people sign'),
    sigOperator: z.string().nullable(),
    commands: z.number().int(),
    words: Described.nullable(),
  })),
}).meta({ id: 'CommandBatch' })
export type CommandBatchAnswer = z.infer<typeof CommandBatchAnswer>

export const NewCommandBatchAnswer = CommandBatchAnswer.extend({
  skipped: z.array(z.object({ meter: AddressText, code: z.string(), message: z.string() })).describe('Meters no command was made for, and why'),
}).meta({ id: 'NewCommandBatch' })
