import { z } from 'zod'
import { AddressInput, AddressText, DayInput } from './common.js'

export const AreaIdInput = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/, 'letters, digits, and . _ - inside').describe('Name of the transformer area')

/** Columns of the topology's CSV; its first line. */
export const TOPOLOGY_HEAD = ['area', 'meter', 'role', 'from', 'to'] as const
export const TOPOLOGY_MAX_BYTES = 20 * 1024 * 1024

/** One line: a meter in an area from a day to another, which is not included; empty: still there. */
export const TopologyRow = z.strictObject({
  area: AreaIdInput,
  meter: AddressInput,
  role: z.enum(['sum', 'user']),
  from: DayInput,
  to: z.union([z.literal('').transform(() => null), DayInput]),
}).refine(({ from, to }) => to === null || to > from, { path: ['to'], message: 'the day after the last, so later than from' })
export type TopologyRow = z.output<typeof TopologyRow>

export const TopologyImported = z.object({
  areas: z.array(z.string()).describe('Areas in the file; the whole history of each is what the file says'),
  rows: z.number().int(),
  daysDue: z.number().int().describe('Days of areas that are computed anew'),
}).meta({ id: 'TopologyImported' })

export const LossDayQuery = z.strictObject({ from: DayInput.optional().describe('Included; 31 days before `to` unless given'), to: DayInput.optional().describe('Excluded; tomorrow unless given') })

const Localisation = z.object({
  whyNot: z.string().nullable().describe('Null: it was analysed'),
  days: z.array(z.object({
    day: z.string(), percent: z.number().nullable(), technical: z.number().nullable().describe('Percent, by voltage drops and currents'),
    uncertainty: z.number().describe('Points the figure may be off by'), unexplained: z.boolean(), reason: z.string().nullable().describe('Why there is no figure'),
  })).describe('The validated ones of the seven that end with the day'),
  phases: z.array(z.object({ meter: AddressText, line: z.number().int(), phase: z.string().describe('A, B, C of the transformer, or undetermined') })),
  suspects: z.array(z.object({ meter: AddressText, kwh: z.number().describe('Estimated, over these days'), kinds: z.array(z.string()).describe('register-still, short-all-day, short-by-hours, voltage-drop') })),
  completeness: z.number().nullable().describe('Share of the meters\' quarter hours that were measured'),
  notes: z.array(z.string()),
})

const Step = z.object({ check: z.string(), result: z.enum(['found', 'clear', 'not-known']), evidence: z.string() })
export const LossDayAnswer = z.object({
  day: z.string(),
  version: z.number().int(),
  supply: z.string().nullable().describe('kWh through the sum meters'),
  feedIn: z.string().nullable().describe('kWh that users fed in'),
  sales: z.string().nullable().describe('kWh that users\' meters counted'),
  percent: z.number().nullable().describe('(supply + feed-in - sales) / (supply + feed-in); null with the reason'),
  lossClass: z.string().nullable().describe('negative, zero, normal, raised, high; UNSURE: provinces use limits of their own'),
  whyNot: z.string().nullable(),
  metersExpected: z.number().int(),
  metersWithBoth: z.number().int().describe('Users\' meters with both registers of the day'),
  estimatedShare: z.number(),
  diagnosis: z.object({
    conclusion: z.string().describe('normal, the first check that found something, theft-suspected, unexplained, not-judged. Evidence, no verdict'),
    steps: z.array(Step),
    suspects: z.array(z.object({ meter: AddressText, before: z.number(), now: z.number() })).describe('kWh a day before and now'),
    localisation: Localisation.optional().describe('Where inside the area the energy goes; of raised days'),
  }),
  digest: z.string().describe('SHA-256 over the data the figure was computed from'),
  computedAt: z.string(),
}).meta({ id: 'AreaLossDay' })
export const LossDayList = z.object({ items: z.array(LossDayAnswer), nextCursor: z.null() })

export const LossAreaList = z.object({
  items: z.array(z.object({
    area: z.string(),
    sumMeters: z.number().int().describe('Now in the area'),
    userMeters: z.number().int(),
    due: z.number().int().describe('Days waiting to be computed'),
    last: z.object({ day: z.string(), percent: z.number().nullable(), conclusion: z.string() }).nullable(),
  })),
  nextCursor: z.null(),
}).meta({ id: 'LossAreas' })
