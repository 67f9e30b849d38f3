import { z } from 'zod'
import { AddressInput, AddressText, Cursor, DayInput, pageLimit } from './common.js'
import { AreaIdInput } from './line-loss.js'

const RunId = z.coerce.number().int().positive()

export const NewAnomalyRunBody = z.strictObject({ day: DayInput.optional().describe('The last day judged, over already; yesterday when left out') })
export const AnomalyRunItem = z.object({
  id: z.number().int(),
  day: z.string().describe('The last local day judged; 60 days are judged against the 60 before them'),
  nightly: z.boolean(),
  requestedBy: z.string(),
  state: z.enum(['queued', 'running', 'done']).describe('One that was stopped stays running: the next job goes on behind what is stored'),
  total: z.number().int().nullable().describe('Meters with validated days; null before they were counted'),
  done: z.number().int(),
  scored: z.number().int().describe('Of done; nothing is said about the others'),
  cases: z.number().int().describe('Opened by this run'),
  modelDigest: z.string().nullable(),
  caseScore: z.number().nullable().describe('Score from which it opens a case; null: none'),
  createdAt: z.string(),
  startedAt: z.string().nullable(),
  endedAt: z.string().nullable(),
}).meta({ id: 'AnomalyRun' })
export const AnomalyRunList = z.object({ items: z.array(AnomalyRunItem), nextCursor: z.null() })
export const AnomalyRunQuery = z.strictObject({ limit: pageLimit(31, 400) })

export const AnomalyScoreQuery = z.strictObject({
  run: RunId.optional().describe('The last one that is done when left out'),
  rank: z.enum(['recoverable', 'score']).default('recoverable').describe('By kWh a month that might be recovered, or by the score'),
  area: AreaIdInput.optional(),
  meter: AddressInput.optional(),
  format: z.enum(['json', 'csv']).default('json').describe('csv has the first `limit` rows'),
  limit: pageLimit(100, 10_000),
  cursor: Cursor.optional(),
})
export const AnomalyScoreItem = z.object({
  meter: AddressText,
  area: z.string().nullable().describe('Its loss area on the day judged'),
  score: z.number().nullable().describe('0 to 1, for ranking: a probability in the mixture the model was trained on, no share of thieves anywhere'),
  whyNot: z.string().nullable().describe('Why nothing is said'),
  recoverableKwh: z.number().nullable().describe('kWh a month: score x (expected - counted) x 30'),
  expectedKwhDay: z.number().nullable(),
  countedKwhDay: z.number().nullable(),
  days: z.number().int().nullable().describe('With readings, of the last 30'),
  completeness: z.number().describe('Share of measured quarter hours; what was estimated counts as missing'),
  takenOut: z.record(z.string(), z.number()).describe('Values left out, by reason'),
  cohort: z.number().int().describe('Judged together with the others of this number'),
  modelDigest: z.string(),
  digest: z.string().describe('SHA-256 over the quarter hours it was computed from'),
  computedAt: z.string(),
}).meta({ id: 'AnomalyScore' })
export const AnomalyScoreList = z.object({ run: AnomalyRunItem, items: z.array(AnomalyScoreItem), nextCursor: z.string().nullable() }).meta({ id: 'AnomalyScores' })
