import { HesError } from '@zhuzhan/core'
import { z } from 'zod'
import { exact } from '../exact.js'
import type { Exact } from '../exact.js'
import { POWER_FACTOR_STANDARDS } from '../power-factor.js'
import { TARIFFS } from '../tariff-data.js'
import { windowMinutes } from '../tariff.js'
import type { Tariff } from '../tariff.js'

/** A decimal number, as text or number; kept exact. */
const Quantity = z.union([z.string(), z.number()]).transform(String)
  .refine((text) => /^\d{1,12}(\.\d{1,8})?$/.test(text), 'a decimal number, not negative, with at most 8 decimals').transform((text): Exact => exact(text))
const Day = z.iso.date()
const Share = z.number().min(0).max(1)
const Hours = z.string().refine((text) => {
  try {
    return windowMinutes(text).length === 2
  } catch {
    return false
  }
}, 'a window looks like 08:00-22:00')
const Price = z.union([z.string(), z.number()]).transform(String).refine((text) => /^\d{1,6}(\.\d{1,8})?$/.test(text), 'a price in CNY').transform(Number)
const byPeriod = <T extends z.ZodType>(value: T) => z.strictObject({ sharp: value.optional(), peak: value.optional(), flat: value.optional(), valley: value.optional(), deep: value.optional() })

/** A time-of-use tariff as data: the form of data set cn_tou. */
export const TariffData = z.strictObject({
  id: z.string().max(60), region: z.string().max(100).default(''), customers: z.string().max(200).default(''), document: z.string().max(300).default(''), note: z.string().max(500).optional(),
  ratio: byPeriod(Price).optional(), ratioOtherMonths: byPeriod(Price).optional(), priceCnyPerKwh: byPeriod(Price).optional(),
  yearlyStepsKwh: z.array(z.number().positive()).optional(), stepSurchargeCnyPerKwh: z.array(Price).optional(), holidayDeep: z.array(Hours).optional(),
  periods: z.array(z.strictObject({ months: z.array(z.number().int().min(1).max(12)), windows: byPeriod(z.array(Hours)) })),
})

const Plate = { ratedKva: Quantity, noLoadLossKw: Quantity, loadLossKw: Quantity }

/** What an audit must be told beside readings. Everything may be left out: then the row that needs it says so. */
export const SiteSettings = z.strictObject({
  contract: z.strictObject({
    use: z.enum(['industry', 'office', 'shop', 'farming', 'home', 'other']).default('other'),
    shifts: z.enum(['continuous', 'three', 'two', 'one']).optional().describe('daily load rate to compare with (GB/T 16664, UNSURE edition)'),
    capacityKva: Quantity.optional(),
    charging: z.enum(['capacity', 'demand', 'none']).default('none').describe('basic charge of the two-part tariff'),
    capacityPriceCnyPerKva: Quantity.optional().describe('a month'),
    demandPriceCnyPerKw: Quantity.optional().describe('a month'),
    declaredDemandKw: Quantity.optional(),
    powerFactorStandard: z.enum(POWER_FACTOR_STANDARDS).optional(),
  }).prefault({}),
  tariff: z.union([z.string().max(60), TariffData]).optional().describe('a known id, or the tariff itself'),
  flatPriceCnyPerKwh: Quantity.optional().describe('for tariffs that give ratios to the flat price'),
  transformer: z.strictObject({ ...Plate, replacement: z.strictObject(Plate).optional() }).optional(),
  supply: z.strictObject({ phases: z.union([z.literal(1), z.literal(3)]).default(3), nominalVolts: z.number().positive().default(220) }).prefault({}),
  holidays: z.array(z.strictObject({ day: Day, kind: z.enum(['holiday', 'workday']) })).max(400).default([]).describe('from the notice of the year, make-up working days too'),
  intensity: z.strictObject({ product: z.strictObject({ quantity: Quantity, unit: z.string().max(40) }).optional(), areaM2: Quantity.optional(), persons: Quantity.optional() }).prefault({}),
  management: z.string().max(2_000).optional().describe('words of the operator on energy management (GB/T 23331) for the report'),
  verifications: z.array(z.strictObject({
    measure: z.string().max(200), grain: z.enum(['daily', 'monthly']).default('daily'), baselineFrom: Day, baselineTo: Day, from: Day, to: Day,
    degreeDays: z.record(Day, z.strictObject({ heating: z.number().min(0).default(0), cooling: z.number().min(0).default(0) })).default({}),
  })).max(20).default([]).describe('measures taken; days from, to not included'),
  assumptions: z.strictObject({
    shiftShare: Share.default(0.1).describe('share of the peak energy that could move to the valley'),
    demandCapPercentile: Share.default(0.99).describe('percentile of the 15-minute powers to which the demand could be held'),
    baseCutShare: Share.default(0.2).describe('share of the base load that could be switched off'),
  }).prefault({}),
  unsure: z.strictObject({
    topReward085: z.enum(['1.10', '1.00']).default('1.10').describe('percent from 0.94 up under the standard 0.85'),
    dailyLoadRates: z.strictObject({ continuous: Share, three: Share, two: Share, one: Share }).default({ continuous: 0.95, three: 0.85, two: 0.6, one: 0.3 }),
    currentUnbalanceLimit: Share.default(0.15),
    lossClasses: z.strictObject({ negative: z.number(), zero: z.number(), normal: z.number(), raised: z.number() }).default({ negative: -1, zero: 0, normal: 7, raised: 10 }),
  }).prefault({}),
})
export type SiteSettings = z.output<typeof SiteSettings>
export type SiteSettingsInput = z.input<typeof SiteSettings>

/** @throws HesError BODY_INVALID with the first thing that does not fit */
export function readSettings(value: unknown): SiteSettings {
  const parsed = SiteSettings.safeParse(value)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new HesError('BODY_INVALID', `Settings of the audit, ${issue?.path.join('.') || 'as a whole'}: ${issue?.message ?? 'do not fit'}.`)
}

/** The tariff the settings mean; undefined when its id is not known here. @param registered what the registry says of the meter */
export function tariffOf({ tariff }: SiteSettings, registered: string | null): Tariff | undefined {
  if (typeof tariff === 'object') return tariff as Tariff
  const id = tariff ?? registered
  return TARIFFS.find((one) => one.id === id)
}
