import { z } from 'zod'
import { AddressInput, AddressText, Cursor, DayInput, commaList, pageLimit } from './common.js'

const State = z.enum(['open', 'inspected', 'confirmed', 'cleared'])
const Why = z.string().trim().min(3).max(1_000)

export const NewTheftCase = z.strictObject({
  meter: AddressInput,
  source: z.enum(['score', 'person']).default('person').describe('score: from `zhuzhan analyse anomaly` or another computation; a meter that an inspection cleared is not raised so again for 60 days'),
  why: Why.describe('What is suspected'),
  evidence: z.record(z.string(), z.unknown()).optional().describe('Features, days, files: whatever an inspector should see'),
  score: z.number().min(0).max(1).optional(),
  recoverableKwh: z.string().regex(/^[0-9]{1,12}(\.[0-9]{1,4})?$/).optional().describe('kWh that could be recovered; cases are ranked by it'),
  since: DayInput.optional().describe('First day that is suspected'),
})
export const NewTheftCasesBody = z.strictObject({ cases: z.array(NewTheftCase).min(1).max(500) })
export const TheftCasesOpened = z.object({
  items: z.array(z.object({ meter: AddressText, id: z.number().int().nullable(), refused: z.enum(['unknown-meter', 'open-already', 'cleared-lately']).nullable() })), nextCursor: z.null(),
}).meta({ id: 'TheftCasesOpened' })

export const TheftCaseQuery = z.strictObject({ state: commaList(State).optional().describe('open,inspected by default'), meter: AddressInput.optional(), limit: pageLimit(100, 1_000), cursor: Cursor.optional() })
export const TheftStepBody = z.strictObject({ why: Why.describe('What was found, or why it is decided so') })

const Case = {
  id: z.number().int(), meter: AddressText, state: State, source: z.string(), why: z.string(), evidence: z.record(z.string(), z.unknown()),
  score: z.number().nullable(), recoverableKwh: z.string().nullable(), since: z.string().nullable(), openedBy: z.string(), openedAt: z.string(), decidedAt: z.string().nullable(),
}
export const TheftCaseItem = z.object(Case).meta({ id: 'TheftCaseItem' })
export const TheftCaseAnswer = z.object({ ...Case, steps: z.array(z.object({ at: z.string(), state: z.string(), who: z.string(), why: z.string() })) }).meta({ id: 'TheftCase' })
