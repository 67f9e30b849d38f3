import { z } from 'zod'
import { CommandAction, CommandState } from '../commands.js'
import { AddressInput, AddressText, Cursor, OadInput, commaList, pageLimit } from './common.js'

const Reason = z.string().trim().min(1).max(1_000)

/** What a `read` without a list asks for: total forward active energy. */
export const STANDARD_READ = ['00100200'] as const

export const NewCommandBody = z.strictObject({
  action: CommandAction,
  reason: Reason.optional().describe('Kept with every step and in the audit log'),
  expiresInSeconds: z.number().int().min(10).max(86_400).default(300).describe('A command not sent by then is never sent'),
  oads: z.array(OadInput).min(1).max(20).optional().describe('For read: what to ask the meter for'),
}).superRefine((command, context) => {
  if (command.oads && command.action !== 'read') context.addIssue({ code: 'custom', path: ['oads'], message: 'only for action read' })
})

/** The body may be left out. */
export const DecisionBody = z.strictObject({ reason: Reason.optional() }).nullish()

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
}).meta({ id: 'Command' })
export type CommandAnswer = z.infer<typeof CommandAnswer>

export const CommandWithSteps = CommandAnswer.extend({
  steps: z.array(z.object({ at: z.string(), state: z.string(), who: z.string(), why: z.string().nullable(), detail: z.record(z.string(), z.unknown()) })),
}).meta({ id: 'CommandWithSteps' })

export const CommandListQuery = z.strictObject({
  meter: AddressInput.optional(),
  terminal: AddressInput.optional(),
  state: commaList(CommandState).optional(),
  action: CommandAction.optional(),
  requestedBy: z.string().max(128).optional(),
  limit: pageLimit(100, 1_000),
  cursor: Cursor.optional(),
})
