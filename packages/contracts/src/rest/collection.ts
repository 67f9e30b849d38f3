import { z } from 'zod'
import { AddressInput, AddressText, Cursor, OadInput, ThingName, pageLimit } from './common.js'

export const PlanAnswer = z.object({
  id: z.string(),
  name: z.string(),
  freezeOad: z.string(),
  items: z.array(z.string()),
  intervalMinutes: z.number().int().nullable(),
  taskRecords: z.string().nullable().describe('Which time of the terminal\'s own task records is the time of the freeze, `started` or `stored`; null: every meter is asked'),
  everySeconds: z.number().int(),
  horizonHours: z.number().int(),
  priority: z.number().int(),
  enabled: z.boolean(),
}).meta({ id: 'CollectionPlan' })
export type PlanAnswer = z.infer<typeof PlanAnswer>

export const PlanPatchBody = z.strictObject({
  name: ThingName.optional(),
  items: z.array(OadInput).min(1).max(50).optional().describe('OADs read from every row of the freeze'),
  taskRecords: z.enum(['started', 'stored']).nullable().optional().describe('Read the records of the terminals\' collection tasks first (60120300), by this time of the task; null: ask every meter'),
  everySeconds: z.number().int().min(10).max(86_400).optional(),
  horizonHours: z.number().int().min(1).max(24 * 400).optional().describe('How far back a meter is asked; of meter-clock how long a reading is good for'),
  priority: z.number().int().min(1).max(9).optional().describe('1 is the most urgent'),
  enabled: z.boolean().optional(),
}).refine((patch) => Object.keys(patch).length > 0, 'nothing to change')
export type PlanPatch = z.output<typeof PlanPatchBody>

export const GapQuery = z.strictObject({
  meter: AddressInput.optional(),
  plan: z.string().max(100).optional(),
  limit: pageLimit(100, 1_000),
  cursor: Cursor.optional(),
})
export const GapAnswer = z.object({
  meter: AddressText,
  plan: z.string(),
  slot: z.string(),
  attempts: z.number().int(),
  reason: z.string(),
  firstSeenAt: z.string(),
  nextTryAt: z.string(),
}).meta({ id: 'CollectionGap' })
