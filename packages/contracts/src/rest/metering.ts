import { z } from 'zod'
import { AddressInput, AddressText, Cursor, InstantInput, OadInput, pageLimit } from './common.js'

/** Registers that may be edited: energies (family 0). */
const EnergyOad = OadInput.refine((oad) => oad.startsWith('0') && !oad.endsWith('00'), 'a single energy register, like 00100201')

const RegisterText = z.string().regex(/^[0-9]{1,10}(\.[0-9]{1,4})?$/, 'a register value with at most 4 decimals')

export const ReadingEditBody = z.strictObject({
  item: EnergyOad.describe('Register, like 00100201'),
  time: InstantInput.describe('The instant of the value'),
  kind: z.enum(['replace', 'reject', 'withdraw']).describe('replace: another value in its place; reject: the raw value is not used; withdraw: earlier edits end'),
  value: RegisterText.optional().describe('Only with replace, before transformer ratios'),
  reason: z.string().trim().min(3).max(500).describe('Kept with the edit and in the audit log'),
}).refine(({ kind, value }) => (kind === 'replace') === (value !== undefined), { path: ['value'], message: 'a value is given with replace and only then' })

export const ReadingEditAccepted = z.object({
  meter: AddressText,
  edit: z.number().int(),
  before: z.string().nullable().describe('What held until now; null where nothing did'),
  state: z.literal('accepted').describe('Figures that look at the value are computed anew within a minute or two'),
}).meta({ id: 'ReadingEditAccepted' })

export const ReadingEditAnswer = z.object({
  edit: z.number().int(),
  at: z.string(),
  item: z.string(),
  time: z.string(),
  kind: z.string(),
  value: z.string().nullable(),
  before: z.string().nullable(),
  who: z.string(),
  reason: z.string(),
  inForce: z.boolean(),
}).meta({ id: 'ReadingEdit' })

export const ListQuery = z.strictObject({ limit: pageLimit(100, 1_000), cursor: Cursor.optional() })

export const EnergyGapQuery = ListQuery.extend({
  meter: AddressInput.optional(),
  state: z.enum(['open', 'filled', 'final']).optional().describe('open: may still be read from the meter; final: the meter has forgotten, the estimate stays'),
})
export const EnergyGapAnswer = z.object({
  meter: AddressText,
  item: z.string(),
  from: z.string(),
  to: z.string(),
  reason: z.string().describe('nothing came, or the codes of the checks that rejected the values'),
  method: z.string().nullable().describe('How the intervals are estimated: line, profile, even; null: not at all'),
  refused: z.string().nullable(),
  state: z.string(),
  firstSeenAt: z.string(),
  closedAt: z.string().nullable(),
}).meta({ id: 'EnergyGap' })

export const FIGURES = ['completeness', 'daily_energy', 'vee_day', 'consumption_month', 'energy_audit'] as const
export const FigureChangeQuery = ListQuery.extend({ figure: z.enum(FIGURES).optional() })
export const FigureChangeAnswer = z.object({
  at: z.string(),
  figure: z.string(),
  subject: z.string().describe('Day or month, then plan or register'),
  before: z.record(z.string(), z.unknown()),
  after: z.record(z.string(), z.unknown()),
  cause: z.record(z.string(), z.unknown()),
}).meta({ id: 'FigureChange' })

/** Where one meter stopped and another went on, registers before ratios. */
const JointSide = z.object({ meter: AddressText, register: z.string(), ratio: z.string() })
export const JointAnswer = z.object({ at: z.string(), kind: z.string(), before: JointSide, after: JointSide }).meta({ id: 'Joint' })

export const ValidatedDayAnswer = z.object({
  meter: AddressText,
  day: z.string(),
  item: z.string(),
  dayOver: z.boolean(),
  energy: z.string().nullable().describe('kWh with transformer ratios, exact; null where whyNot says why'),
  whyNot: z.string().nullable(),
  basis: z.string().nullable().describe('registers: their difference; intervals: a sum with estimates that no register scales'),
  counts: z.record(z.string(), z.number().int()).describe('Intervals by state'),
  estimatedShare: z.number(),
  complete: z.boolean(),
  mayAct: z.boolean().describe('Nothing estimated, edited or doubtful stands behind it'),
  estimatesFinal: z.boolean().describe('The meter no longer remembers what is estimated here'),
  intervals: z.array(z.object({ energy: z.string().nullable(), state: z.string() })).describe('kWh before transformer ratios, from the begin of the day'),
  gaps: z.array(z.record(z.string(), z.unknown())),
  findings: z.array(z.record(z.string(), z.unknown())),
  joints: z.array(JointAnswer).describe('Exchanges of the meter within the day; its figures go over them'),
  clock: z.object({ at: z.string(), deviationSeconds: z.number(), uncertaintySeconds: z.number() }).nullable().describe('The reading of the clock that check 1 used; null: not known, the check did not run'),
  computedAt: z.string(),
}).meta({ id: 'ValidatedDay' })

export const MeterClockAnswer = z.object({
  at: z.string().describe('Middle of the round trip by the station\'s clock, or end of a question in vain'),
  deviationSeconds: z.number().nullable().describe('Meter less station; null where reason says why'),
  uncertaintySeconds: z.number().nullable().describe('The truth lies so far on either side: half the round trip and half a second of the display'),
  reason: z.string().nullable(),
}).meta({ id: 'MeterClock' })
export const DeviatingClockAnswer = z.object({
  meter: AddressText,
  terminal: AddressText,
  at: z.string(),
  deviationSeconds: z.number(),
  uncertaintySeconds: z.number(),
  thresholdSeconds: z.number().describe('clockFlagMs of the meter or its class'),
}).meta({ id: 'DeviatingClock' })

export const ConsumptionMonthAnswer = z.object({
  month: z.string(),
  energy: z.string().nullable(),
  whyNot: z.string().nullable(),
  days: z.number().int(),
  estimatedShare: z.number(),
  byPeriod: z.record(z.string(), z.string()),
  cost: z.string().nullable().describe('CNY, to 0.0001'),
  notApplied: z.array(z.string()).describe('What of the tariff is not in the cost, and why'),
  mayAct: z.boolean(),
  meter: AddressText.describe('The meter that counted at the supply point when the month ended'),
  joints: z.array(JointAnswer).describe('Exchanges of the meter within the month'),
  computedAt: z.string(),
}).meta({ id: 'ConsumptionMonth' })

const JointRegisters = z.strictObject({ last: RegisterText, first: RegisterText })
export const ExchangeBody = z.strictObject({
  oldMeter: AddressInput,
  newMeter: AddressInput,
  at: InstantInput.describe('When the old meter was taken off'),
  registers: z.record(EnergyOad, JointRegisters).refine((registers) => registers['00100201'] !== undefined, 'the total register 00100201 is needed').describe('By OAD: the old meter\'s last register and the new one\'s first, before ratios. Without a rate\'s register its energy of the day is not known'),
  reason: z.string().trim().min(3).max(500),
})
export const ExchangeWithdrawBody = z.strictObject({ reason: z.string().trim().min(3).max(500) })
export const EXCHANGES_HEAD = ['oldMeter', 'newMeter', 'at', 'last', 'first', 'reason'] as const
export const EXCHANGES_MAX_BYTES = 1_000_000
export const ExchangesAccepted = z.object({ exchanges: z.array(z.number().int()), state: z.literal('accepted').describe('Figures are computed anew within minutes, with before and after') }).meta({ id: 'ExchangesAccepted' })
export const ExchangeQuery = ListQuery.extend({ meter: AddressInput.optional() })
export const ExchangeAnswer = z.object({
  exchange: z.number().int(),
  oldMeter: AddressText,
  newMeter: AddressText,
  at: z.string(),
  registers: z.record(z.string(), JointRegisters),
  who: z.string(),
  reason: z.string(),
  enteredAt: z.string(),
}).meta({ id: 'MeterExchange' })
