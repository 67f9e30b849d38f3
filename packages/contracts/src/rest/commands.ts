import { z } from 'zod'
import { CONTROLLABLE_LOADS, CommandAction, CommandState, SetPoint } from '../commands.js'
import { Described } from '../crypto-fields.js'
import { AddressInput, AddressText, Cursor, OadInput, commaList, pageLimit } from './common.js'

/** Why somebody does it: kept in the audit log. */
export const ReasonText = z.string().trim().min(1).max(1_000)
export const TypedPassword = z.string().min(1).max(256)

/** What a `read` without a list asks for: total forward active energy. */
export const STANDARD_READ = ['00100200'] as const

export const NewCommandBody = z.strictObject({
  action: CommandAction,
  reason: ReasonText.optional().describe('Kept with every step and in the audit log'),
  expiresInSeconds: z.number().int().min(10).max(86_400).default(300).describe('A command not sent by then is never sent'),
  oads: z.array(OadInput).min(1).max(20).optional().describe('For read: what to ask the meter for'),
  setPoint: SetPoint.optional().describe('For set-power: what the load is told'),
  load: z.enum(CONTROLLABLE_LOADS).optional().describe('For set-power: which of the meter\'s loads; its charging pile when absent'),
  approver: z.string().min(1).max(128).optional().describe('For control: user who must approve, since the ticket names him; somebody with this duty when absent'),
  password: TypedPassword.optional().describe('Laboratories: signs the ticket at once'),
}).superRefine((command, context) => {
  for (const member of ['approver', 'password'] as const) {
    if (command[member] !== undefined && command.action === 'read') context.addIssue({ code: 'custom', path: [member], message: 'a read has no ticket' })
  }
  if ((command.setPoint !== undefined) !== (command.action === 'set-power')) context.addIssue({ code: 'custom', path: ['setPoint'], message: 'for action set-power, and only for it' })
  if (command.load !== undefined && command.action !== 'set-power') context.addIssue({ code: 'custom', path: ['load'], message: 'only for action set-power' })
  if (command.oads && command.action !== 'read') context.addIssue({ code: 'custom', path: ['oads'], message: 'only for action read' })
})

/** How a person signs a ticket: over its bytes with a key of his own, or by his password in a laboratory. */
const PROOF = {
  signature: z.string().regex(/^[0-9A-Fa-f]{128}$/, 'r and s, 64 bytes in hex').optional().describe('SM2 signature, made where the key is: zhuzhan ticket sign'),
  password: TypedPassword.optional().describe('Laboratories only'),
}
const oneProof = (body: { signature?: string | undefined; password?: string | undefined }): boolean => body.signature === undefined || body.password === undefined
export const SignBody = z.strictObject(PROOF).refine((body) => (body.signature === undefined) !== (body.password === undefined), 'signature or password')
export const ApprovalBody = z.strictObject({ reason: ReasonText.optional(), ...PROOF }).refine(oneProof, 'signature or password, not both').nullish()
/** The body may be left out. */
export const RejectionBody = z.strictObject({ reason: ReasonText.optional() }).nullish()

export const CommandAnswer = z.object({
  id: z.string(),
  meter: AddressText,
  terminal: AddressText,
  action: CommandAction,
  parameters: z.record(z.string(), z.unknown()),
  state: CommandState,
  reason: z.string().nullable(),
  requestedBy: z.string(),
  decidedBy: z.string().nullable(),
  createdAt: z.string(),
  expiresAt: z.string(),
  sentAt: z.string().nullable(),
  settledAt: z.string().nullable(),
  code: z.string().nullable(),
  dar: z.number().int().nullable().describe('Result code of the device'),
  result: z.unknown().describe('What the device answered'),
  ticket: z.string().nullable().describe('TKT of a control command in hex: what both people sign'),
  approver: z.string().nullable().describe('User the ticket names as its approver'),
  sigOperator: z.string().nullable().describe('First signature in hex: the approver signs the ticket and it'),
  batch: z.string().nullable().describe('Batch it is decided with; its ticket stands there'),
}).meta({ id: 'Command' })
export type CommandAnswer = z.infer<typeof CommandAnswer>

/** `words`, read from the ticket's bytes, is null for a read, and while the crypto machine is away. */
export const CommandInWords = CommandAnswer.extend({ words: Described.nullable() }).meta({ id: 'CommandInWords' })

export const CommandWithSteps = CommandInWords.extend({
  steps: z.array(z.object({ at: z.string(), state: z.string(), who: z.string(), why: z.string().nullable(), detail: z.record(z.string(), z.unknown()) })),
}).meta({ id: 'CommandWithSteps' })

export const CommandListQuery = z.strictObject({
  meter: AddressInput.optional(),
  terminal: AddressInput.optional(),
  state: commaList(CommandState).optional(),
  action: CommandAction.optional(),
  requestedBy: z.string().max(128).optional(),
  batch: z.guid().optional(),
  limit: pageLimit(100, 1_000),
  cursor: Cursor.optional(),
})
