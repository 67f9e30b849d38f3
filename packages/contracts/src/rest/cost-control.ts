import { z } from 'zod'
import { ReasonText, TypedPassword } from './commands.js'
import { AddressInput, AddressText, Cursor, FlagInput, commaList, pageLimit } from './common.js'

/** CNY with up to four decimals, as text: money never becomes a floating-point number. */
export const MoneyText = z.string().regex(/^-?\d{1,13}(\.\d{1,4})?$/, 'an amount is CNY with up to four decimals, as text').describe('CNY, for example "12.5000"')
const Positive = MoneyText.refine((text) => !text.startsWith('-') && /[1-9]/.test(text), 'an amount above zero')
const PriceText = z.string().regex(/^\d{1,4}(\.\d{1,8})?$/, 'a price is CNY for a kWh with up to eight decimals, as text')
const Key = z.string().trim().min(1).max(64).regex(/^[\w.:-]+$/, 'letters, digits and . _ : -')
const days = (max: number) => z.number().int().min(0).max(max)

export const COST_STATES = ['normal', 'alarm-1', 'alarm-2', 'pending-trip', 'tripped', 'pending-close', 'protected'] as const
export const COST_PROTECTIONS = ['power-preserve', 'protected-equipment', 'medical', 'complaint', 'payment-pending', 'weather-warning', 'outage', 'demand-response'] as const

/** Terms of one customer. Periods of law are preset with the longest any reading of the texts gives, UNSURE: check your province. */
export const CostContract = z.strictObject({
  mode: z.enum(['remote', 'local']).default('remote').describe('Who counts the charge: the master station or the meter'),
  customer: z.enum(['home', 'other']).default('home'),
  remoteControl: z.boolean().default(false).describe('The customer agreed that supply is cut from afar'),
  directClose: z.boolean().default(false).describe('Close directly instead of allowing the customer to'),
  limits: z.strictObject({ alarm1: MoneyText, alarm2: MoneyText, overdraft: MoneyText, closing: MoneyText, hoarding: MoneyText.optional() }),
  alarmDays: z.strictObject({ first: days(60), second: days(60) }).default({ first: 3, second: 1 }),
  periods: z.strictObject({ overdueDays: days(3_650), noticeHours: days(9_000), finalNoticeMinutes: days(1_440) }).default({ overdueDays: 30, noticeHours: 168, finalNoticeMinutes: 60 }),
  window: z.strictObject({ from: days(1_440), to: days(1_440) }).default({ from: 540, to: 960 }).describe('Minutes of the local day in which a trip may happen'),
  lateFee: z.strictObject({ current: days(1_000_000), carried: days(1_000_000) }).optional().describe('Parts of a million of the arrears a day: of this year, and carried over'),
  prices: z.partialRecord(z.enum(['sharp', 'peak', 'deep', 'valley', 'flat']), PriceText).optional().describe('CNY/kWh by period; the tariff of the meter when absent'),
})
export type CostContract = z.infer<typeof CostContract>

export const NewCostAccountBody = z.strictObject({ account: Key, meter: AddressInput, contract: CostContract, chargedFrom: z.iso.date().describe('First local day that is charged') })
export const CostAccountParams = z.object({ account: Key })
export const CostContractBody = z.strictObject({ contract: CostContract, reason: ReasonText })
export const CostAccountAnswer = z.object({
  account: z.string(), meter: AddressText, contract: CostContract, state: z.enum(COST_STATES), balance: MoneyText, payments: MoneyText, charges: MoneyText, reserved: MoneyText,
  estimated: MoneyText.describe('Part of the charges that rests on estimated readings: it counts for no trip'), daysLeft: z.string().nullable().describe('At the mean charge of the last 7 complete days; null without any'),
  overdueSince: z.string().nullable(), lastTrippedAt: z.string().nullable(), readingAt: z.string().nullable(), inFlight: z.boolean(), fault: z.string().nullable(),
  refusals: z.array(z.object({ code: z.string(), evidence: z.string() })).describe('Why a trip, or giving supply back, is not proposed'),
}).meta({ id: 'CostAccount' })
export type CostAccountAnswer = z.infer<typeof CostAccountAnswer>
export const CostAccountQuery = z.strictObject({ state: commaList(z.enum(COST_STATES)).optional(), limit: pageLimit(100, 1_000), cursor: Cursor.optional() })

export const PaymentBody = z.strictObject({ number: Key.describe('Of the payment, from whoever took it: the same number is booked once'), amount: Positive })
export const AdjustmentBody = z.strictObject({ kind: z.enum(['refund', 'reserve', 'release']), number: Key, amount: Positive, reason: ReasonText })
export const LedgerQuery = z.strictObject({ limit: pageLimit(100, 1_000), cursor: Cursor.optional() })
export const LedgerEntryAnswer = z.object({ id: z.number().int(), key: z.string(), kind: z.string(), amount: MoneyText, at: z.string(), day: z.string().nullable(), quality: z.string().nullable(), balance: MoneyText, who: z.string() }).meta({ id: 'LedgerEntry' })
export const StatementQuery = z.strictObject({ from: z.iso.date(), to: z.iso.date() })
export const StatementAnswer = z.object({
  account: z.string(), from: z.string(), to: z.string(), opening: MoneyText, payments: MoneyText, charges: MoneyText, reserved: MoneyText, closing: MoneyText, estimated: MoneyText, entries: z.number().int(),
}).meta({ id: 'Statement' })

export const NoticeQuery = z.strictObject({ account: Key.optional(), waiting: FlagInput.optional(), limit: pageLimit(100, 1_000), cursor: Cursor.optional() })
export const NoticeAnswer = z.object({ id: z.number().int(), account: z.string(), kind: z.string(), balance: MoneyText, createdAt: z.string(), sentAt: z.string().nullable(), deliveredAt: z.string().nullable(), failed: z.string().nullable() }).meta({ id: 'CostNotice' })
export const NoticeOutcomeBody = z.strictObject({ outcome: z.enum(['sent', 'delivered', 'failed']), why: z.string().trim().min(1).max(400).optional() })

export const NewProtectionBody = z.strictObject({
  kind: z.enum(COST_PROTECTIONS), scope: z.enum(['account', 'area', 'all']), of: z.string().trim().max(200).default(''), from: z.iso.datetime({ offset: true }).optional(), until: z.iso.datetime({ offset: true }).optional(), evidence: z.string().trim().min(1).max(400),
}).refine(({ scope, of }) => (of === '') === (scope === 'all'), 'an account or area needs its name, "all" has none')
export const ProtectionAnswer = z.object({ id: z.number().int(), kind: z.enum(COST_PROTECTIONS), scope: z.string(), of: z.string(), from: z.string(), until: z.string().nullable(), evidence: z.string(), enteredBy: z.string(), endedBy: z.string().nullable() }).meta({ id: 'CostProtection' })

export const ProposalQuery = z.strictObject({ state: commaList(z.enum(['open', 'ordered', 'withdrawn', 'failed', 'done'])).optional(), limit: pageLimit(100, 4_096) })
export const ProposalAnswer = z.object({ id: z.string(), account: z.string(), meter: AddressText, action: z.enum(['trip', 'allow-close', 'close']), state: z.string(), createdAt: z.string(), closedAt: z.string().nullable(), batch: z.string().nullable(), why: z.string().nullable(),
  command: z.string().nullable().describe('Of the service alone'), mandate: z.string().nullable().describe('Standing mandate it stands under') }).meta({ id: 'CostProposal' })
export const CostOrderBody = z.strictObject({
  action: z.enum(['trip', 'allow-close', 'close']), proposals: z.array(z.guid()).min(1).max(4_096).optional().describe('All open ones of this action when absent'),
  approver: z.string().min(1).max(128).optional(), password: TypedPassword.optional().describe('Laboratories: signs the tickets at once'), expiresInSeconds: z.number().int().min(10).max(900).default(900),
})
export const CostOrderAnswer = z.object({ batch: z.string(), ordered: z.number().int(), skipped: z.array(z.object({ meter: AddressText, code: z.string(), message: z.string() })) }).meta({ id: 'CostOrder' })

const Day = z.iso.date()
export const HolidayYearBody = z.strictObject({ source: z.string().trim().min(1).max(400).describe('The notice the days were read from'), holidays: z.array(Day).max(60), workingDays: z.array(Day).max(30).describe('Make-up working days') })
export const HolidayYearAnswer = HolidayYearBody.extend({ year: z.number().int() }).meta({ id: 'HolidayYear' })
