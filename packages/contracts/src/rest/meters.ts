import { z } from 'zod'
import { SecurityMode } from '../crypto-machine.js'
import { AddressInput, AddressText, Cursor, FlagInput, SecurityProfile, ThingName, pageLimit } from './common.js'
import { ModulesOfDevice } from './modules.js'
import { modeFits } from './terminals.js'

/** numeric(12, 4) of the table: what would be rounded is refused. */
const Ratio = z.number().positive().max(99_999_999).refine((n) => Math.abs(n * 1e4 - Math.round(n * 1e4)) < 1e-6, 'at most 4 decimals')

export const NewMeterBody = z.strictObject({
  address: AddressInput,
  terminal: AddressInput.describe('Address of the terminal it stands behind'),
  name: ThingName.optional(),
  securityProfile: SecurityProfile.default('plain').describe('plain: protected by its terminal\'s session'),
  mode: SecurityMode.optional(),
  area: ThingName.optional(),
  ctRatio: Ratio.default(1).describe('Current transformer ratio'),
  ptRatio: Ratio.default(1).describe('Voltage transformer ratio'),
  tariff: ThingName.optional(),
}).superRefine(modeFits)
export type NewMeter = z.output<typeof NewMeterBody>

export const MeterPatchBody = z.strictObject({
  terminal: AddressInput.optional(),
  name: ThingName.nullable().optional(),
  securityProfile: SecurityProfile.optional(),
  mode: SecurityMode.nullable().optional(),
  area: ThingName.nullable().optional(),
  ctRatio: Ratio.optional(),
  ptRatio: Ratio.optional(),
  tariff: ThingName.nullable().optional(),
}).refine((patch) => Object.keys(patch).length > 0, 'nothing to change')
export type MeterPatch = z.output<typeof MeterPatchBody>

export const MeterAnswer = z.object({
  address: AddressText,
  kind: z.enum(['meter', 'terminal']).describe('terminal: the terminal\'s own measurements'),
  terminal: AddressText,
  name: z.string().nullable(),
  securityProfile: SecurityProfile,
  mode: SecurityMode.nullable(),
  area: z.string().nullable(),
  ctRatio: z.number(),
  ptRatio: z.number(),
  tariff: z.string().nullable(),
  createdAt: z.string(),
  online: z.boolean().describe('Its terminal is logged in'),
  modules: ModulesOfDevice,
}).meta({ id: 'Meter' })
export type MeterAnswer = z.infer<typeof MeterAnswer>

export const MeterListQuery = z.strictObject({
  q: z.string().trim().max(200).optional().describe('Part of address or name'),
  area: z.string().max(200).optional(),
  terminal: AddressInput.optional(),
  online: FlagInput.optional(),
  limit: pageLimit(100, 1_000),
  cursor: Cursor.optional(),
})
