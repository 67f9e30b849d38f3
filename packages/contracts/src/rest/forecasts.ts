import { z } from 'zod'
import { DayInput } from './common.js'
import { AuditLevel } from './energy-audits.js'

const Accuracy = { wape: z.number().describe('Sum of errors over sum of loads; 0.15 is 15 %'), mape: z.number().nullable(), nrmse: z.number() }

export const NewForecastBody = z.strictObject({
  level: AuditLevel,
  subject: z.string().min(1).max(60).describe('A site, or for customers the address of a meter'),
  day: DayInput.optional().describe('Tomorrow when left out'),
})
export const ForecastAccepted = z.object({ level: AuditLevel, subject: z.string(), day: z.string(), state: z.literal('accepted').describe('There after some seconds of learning') }).meta({ id: 'ForecastAccepted' })

export const ForecastListQuery = z.strictObject({ from: DayInput.optional(), to: DayInput.optional(), limit: z.coerce.number().int().min(1).max(400).default(31) })
const Version = {
  level: AuditLevel, subject: z.string(), day: z.string(), version: z.number().int(), method: z.string().nullable(), whyNot: z.string().nullable().describe('Why there is no forecast'),
  computedAt: z.string(), digest: z.string().describe('SHA-256 over the load it was computed from'),
}
export const ForecastListItem = z.object({ ...Version, energy: z.number().nullable().describe('kWh of the day'), backTestWape: z.number().nullable().describe('Of the 28 days before') }).meta({ id: 'ForecastListItem' })

export const ForecastQuery = z.strictObject({ format: z.enum(['json', 'csv']).default('json'), version: z.coerce.number().int().positive().optional().describe('The last one when left out') })
export const ForecastAnswer = z.object({
  ...Version,
  seen: z.object({ meters: z.number().int(), days: z.number().int(), completeness: z.number(), computedAt: z.string().nullable() }).describe('What the forecast was computed from'),
  backTest: z.object({ ...Accuracy, days: z.number().int(), from: z.string(), to: z.string(), candidates: z.record(z.string(), z.object(Accuracy)) }).nullable(),
  points: z.array(z.object({ time: z.string(), forecastKw: z.number(), measuredKw: z.number().nullable() })).describe('Quarter hours by their beginning, mean power'),
  wape: z.number().nullable().describe('Against what was measured of the day since, estimated values left out; null before'),
}).meta({ id: 'Forecast' })
