import { z } from 'zod'

/** Orderly charging: what a site is, as it stands in its table and as a night keeps it. Read by the operator API and by analytics. */

const kilowatts = z.number().finite().min(0).max(100_000)
const clock = z.string().regex(/^([01][0-9]|2[0-3]):[0-5][0-9]$/, 'a time of day looks like 22:00')
const name = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/, 'letters, digits, and . _ - inside')

export const ChargingPileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,23}$/, 'up to 24 letters, digits, and . _ - inside')

/** Times of the closed loop. Shortest repeats and read-backs are those of a night in compressed time. */
export const ChargingLoopSettings = z.strictObject({
  stepSeconds: z.number().int().min(1).max(300).default(30).describe('Between two steps of the loop, and of a ramp'),
  intervalSeconds: z.number().int().min(5).max(900).default(60).describe('Between two read-backs; a command is judged after two'),
  repeatSeconds: z.number().int().min(5).max(900).default(30).describe('After which a command without acknowledgement goes out again with the same id'),
  rampShare: z.number().min(0.01).max(1).default(0.2).describe('Largest change in one step, as a share of the transformer limit'),
  verifiedShare: z.number().min(0).max(1).default(0.9).describe('Under this share of verified commands the night is planned anew'),
  toleranceKw: kilowatts.default(0.2),
  approval: z.enum(['rule', 'person']).default('rule').describe('rule: a batch whose worst case keeps the limit goes out; person: each waits for an approver'),
})
export type ChargingLoopSettings = z.output<typeof ChargingLoopSettings>

export const ChargingSiteSettings = z.strictObject({
  utcOffsetMinutes: z.number().int().min(-840).max(840).default(480).describe('Of the local time that tariff and base load are in'),
  slotMinutes: z.number().int().min(1).max(60).default(15),
  transformer: z.strictObject({
    kva: z.number().positive().max(100_000),
    loadFactor: z.number().positive().max(1).default(0.8).describe('k: the share of the rating that may be used'),
    powerFactor: z.number().positive().max(1),
  }).describe('The limit is kva × loadFactor × powerFactor'),
  phaseLimitKw: kilowatts.positive().optional(),
  phaseDifferenceLimitKw: kilowatts.positive().optional(),
  tariff: z.array(z.strictObject({ from: clock, cnyPerKwh: z.number().finite().min(-100).max(100) })).min(1).max(48)
    .refine((steps) => steps.every(({ from }, index) => index === 0 || from > (steps[index - 1]?.from ?? '')), 'ordered by time of day, each once')
    .describe('Price from a time of day on; the last one holds over midnight'),
  base: z.union([
    z.strictObject({ kw: kilowatts }),
    z.strictObject({ kwByQuarterHour: z.array(kilowatts).length(96) }),
    z.strictObject({ forecast: z.strictObject({ level: z.enum(['customer', 'area', 'plant']), subject: name }), withoutKw: kilowatts.describe('Where there is no forecast of the day') }),
  ]).describe('Load beside the charging: one value, by local quarter hour, or the newest forecast of a meter or energy site'),
  baseMarginKw: kilowatts.default(0).describe('95th percentile of the error of the base load: kept free'),
  safeWatts: z.number().int().min(0).max(1_000_000).describe('What each pile falls back to by itself when no set-point is valid; it is the piles\' own setting'),
  loop: ChargingLoopSettings.prefault({}),
})
export type ChargingSiteSettings = z.output<typeof ChargingSiteSettings>

export const APPLIANCE_KINDS = ['air-conditioner', 'water-heater'] as const
const holdSeconds = z.number().int().min(1).max(86_400)
/** The comfort rules the appliance keeps by itself, as far as the station knows them. */
export const ApplianceRules = z.strictObject({
  kind: z.enum(APPLIANCE_KINDS),
  longestHoldSeconds: holdSeconds.describe('It may be held down so long in one go'),
  dayHoldSeconds: holdSeconds.describe('and so long in a day'),
  recoverySeconds: z.number().int().min(0).max(86_400).describe('After a hold it is not held again for so long, and may draw its rated power to make up for it'),
})

/** A load of a site that takes set-points: a charging pile, or with `appliance` one that is held between its least power (`minWatts`) and its rated one. */
export const ChargingPile = z.object({
  pile: ChargingPileName,
  meter: z.string(),
  phase: z.enum(['A', 'B', 'C']).nullable(),
  minWatts: z.number().int(),
  maxWatts: z.number().int(),
  priority: z.number(),
  appliance: ApplianceRules.nullable().optional(),
})
export type ChargingPile = z.output<typeof ChargingPile>

/** What a night keeps of its site; `piles` are the loads it sets. `limits` lower the transformer's limit for a while (an event). */
export const ChargingSiteWas = z.object({
  settings: ChargingSiteSettings,
  piles: z.array(ChargingPile),
  limits: z.array(z.object({ from: z.number(), to: z.number(), kw: z.number() })),
  event: z.object({ id: z.number(), from: z.number(), to: z.number(), askedKw: z.number() }).optional().describe('A run of this event on the appliances, which are its `piles`'),
})
export type ChargingSiteWas = z.output<typeof ChargingSiteWas>

export const CHARGING_NIGHT_STATES = ['running', 'cancelling', 'cancelled', 'done'] as const
