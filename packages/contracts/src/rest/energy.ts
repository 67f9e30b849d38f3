import { z } from 'zod'
import { AddressText, Cursor, DayInput, OadInput, commaList, pageLimit } from './common.js'

/** Days of the terminal's calendar, `from` included, `to` excluded; the last 31 days when left out. */
export const DayRangeQuery = z.strictObject({
  from: DayInput.optional().describe('Included'),
  to: DayInput.optional().describe('Excluded'),
  limit: pageLimit(400, 2_000),
  cursor: Cursor.optional(),
})
export const DailyEnergyQuery = DayRangeQuery.extend({ item: commaList(OadInput).optional() })

export const CompletenessAnswer = z.object({
  meter: AddressText,
  day: z.string(),
  plan: z.string(),
  expected: z.number().int(),
  present: z.number().int(),
  recollected: z.number().int(),
  share: z.number().nullable().describe('present / expected, 0 to 1; null where nothing was expected'),
  computedAt: z.string(),
}).meta({ id: 'Completeness' })

export const DailyEnergyAnswer = z.object({
  meter: AddressText,
  day: z.string(),
  item: z.string(),
  name: z.string(),
  unit: z.string(),
  startValue: z.string().describe('Register at the begin of the day'),
  endValue: z.string().describe('Register at its end'),
  energy: z.string().nullable().describe('Difference times transformer ratios; null where the state says why'),
  state: z.string(),
  computedAt: z.string(),
}).meta({ id: 'DailyEnergy' })

export const EnergyAuditAnswer = z.object({
  meter: AddressText,
  month: z.string(),
  computedAt: z.string(),
  report: z.record(z.string(), z.unknown()),
}).meta({ id: 'EnergyAudit' })

export const EnergyAuditListItem = z.object({ month: z.string(), computedAt: z.string() })
export const EnergyAuditAccepted = z.object({ meter: AddressText, month: z.string(), state: z.literal('queued') })
