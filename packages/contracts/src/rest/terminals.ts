import { z } from 'zod'
import { SecurityMode } from '../crypto-machine.js'
import { AddressInput, AddressText, Cursor, FlagInput, SecurityProfile, ThingName, UtcOffset, pageLimit } from './common.js'
import { ModulesOfDevice } from './modules.js'

/** `sm` needs the mode of the device's chip; `plain` has none. Shared by terminals and meters. */
export function modeFits(thing: { securityProfile?: SecurityProfile | undefined; mode?: string | null | undefined }, context: z.RefinementCtx): void {
  if (thing.securityProfile === 'sm' && !thing.mode) context.addIssue({ code: 'custom', path: ['mode'], message: 'profile sm needs mode S or F' })
  if (thing.securityProfile === 'plain' && thing.mode) context.addIssue({ code: 'custom', path: ['mode'], message: 'profile plain has no mode' })
}

export const NewTerminalBody = z.strictObject({
  address: AddressInput,
  name: ThingName.optional(),
  securityProfile: SecurityProfile.describe('plain: laboratories only; sm: OSP-1; hardware: GM/T 0018 device'),
  mode: SecurityMode.optional().describe('Needed for sm: S (low-cost chip) or F'),
  area: ThingName.optional().describe('Transformer area'),
  utcOffset: UtcOffset.default('+08:00'),
}).superRefine(modeFits)
export type NewTerminal = z.output<typeof NewTerminalBody>

export const TerminalPatchBody = z.strictObject({
  name: ThingName.nullable().optional(),
  securityProfile: SecurityProfile.optional(),
  mode: SecurityMode.nullable().optional(),
  area: ThingName.nullable().optional(),
  utcOffset: UtcOffset.optional(),
}).refine((patch) => Object.keys(patch).length > 0, 'nothing to change')
export type TerminalPatch = z.output<typeof TerminalPatchBody>

export const TerminalAnswer = z.object({
  address: AddressText,
  name: z.string().nullable(),
  securityProfile: SecurityProfile,
  mode: SecurityMode.nullable(),
  area: z.string().nullable(),
  utcOffset: z.string(),
  createdAt: z.string(),
  meters: z.number().int().describe('Meters registered behind it'),
  online: z.boolean().describe('Logged in at a gateway that lives'),
  modules: ModulesOfDevice,
  session: z.object({
    gateway: z.string(),
    frontEnd: z.string().nullable(),
    since: z.string(),
    lastSeen: z.string(),
    security: z.string().describe('none until a secured session is agreed'),
    remote: z.string(),
    heartbeatSeconds: z.number().int(),
  }).nullable(),
}).meta({ id: 'Terminal' })
export type TerminalAnswer = z.infer<typeof TerminalAnswer>

export const TerminalListQuery = z.strictObject({
  q: z.string().trim().max(200).optional().describe('Part of address or name'),
  area: z.string().max(200).optional(),
  online: FlagInput.optional(),
  securityProfile: SecurityProfile.optional(),
  limit: pageLimit(100, 1_000),
  cursor: Cursor.optional(),
})
