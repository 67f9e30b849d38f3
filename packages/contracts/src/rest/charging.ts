import { z } from 'zod'
import { ApplianceRules, CHARGING_NIGHT_STATES, ChargingPileName, ChargingSiteSettings } from '../charging.js'
import { AddressInput, AddressText, Cursor, FlagInput, ThingName, pageLimit } from './common.js'

export const ChargingSiteId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/, 'letters, digits, and . _ - inside')
/** With offset or Z: a site's piles may be anywhere. */
const Instant = z.iso.datetime({ offset: true }).describe('ISO 8601 with offset or Z')
const Why = z.string().trim().min(3).max(1_000)
const kwh = z.number().positive().max(1_000)
/** Piles at one transformer; as many appliances. */
const MOST_PILES = 500

export const ChargingSiteBody = z.strictObject({
  name: ThingName,
  area: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$/).optional().describe('Transformer area, as in the line losses'),
  settings: ChargingSiteSettings,
  piles: z.array(z.strictObject({
    pile: ChargingPileName,
    meter: AddressInput.describe('Address under which its terminal reaches the pile'),
    phase: z.enum(['A', 'B', 'C']).optional(),
    minWatts: z.number().int().min(0).max(1_000_000).default(1_400).describe('A vehicle charges with this much or not at all'),
    maxWatts: z.number().int().positive().max(1_000_000),
    priority: z.number().min(0).max(100).default(0),
  })).max(MOST_PILES).default([]),
  appliances: z.array(z.strictObject({
    appliance: ChargingPileName,
    meter: AddressInput.describe('Address under which its terminal reaches it'),
    ratedWatts: z.number().int().positive().max(1_000_000),
    leastWatts: z.number().int().min(0).max(1_000_000).describe('The least it may be held to'),
    ...ApplianceRules.shape,
  })).max(MOST_PILES).default([]).describe('Held down in demand response events, never longer than their rules say'),
}).superRefine(({ piles, appliances, settings }, context) => {
  const issue = (path: (string | number)[], message: string): void => { context.addIssue({ code: 'custom', path, message }) }
  piles.forEach((one, index) => {
    if (one.minWatts > one.maxWatts) issue(['piles', index, 'minWatts'], 'over maxWatts')
    if (one.phase === undefined && (settings.phaseLimitKw ?? settings.phaseDifferenceLimitKw) !== undefined) issue(['piles', index, 'phase'], 'the site limits phases')
    if (piles.findIndex(({ pile }) => pile === one.pile) < index) issue(['piles', index, 'pile'], 'named twice')
    if (piles.findIndex(({ meter }) => meter === one.meter) < index) issue(['piles', index, 'meter'], 'of two piles')
  })
  if (piles.length + appliances.length === 0) issue(['piles'], 'a site has piles, appliances or both')
  appliances.forEach((one, index) => {
    if (one.leastWatts >= one.ratedWatts) issue(['appliances', index, 'leastWatts'], 'not under ratedWatts')
    if (one.longestHoldSeconds < settings.slotMinutes * 60) issue(['appliances', index, 'longestHoldSeconds'], 'shorter than a slot: it could never be held')
    if (piles.some(({ pile }) => pile === one.appliance) || appliances.findIndex(({ appliance }) => appliance === one.appliance) < index) issue(['appliances', index, 'appliance'], 'named twice')
    if (piles.some(({ meter }) => meter === one.meter) || appliances.findIndex(({ meter }) => meter === one.meter) < index) issue(['appliances', index, 'meter'], 'of two loads')
  })
})
const Site = { site: z.string(), name: z.string(), area: z.string().nullable(), changedBy: z.string(), changedAt: z.string() }
export const ChargingSiteItem = z.object({ ...Site, piles: z.number().int(), appliances: z.number().int(), night: z.number().int().nullable().describe('The one that runs') }).meta({ id: 'ChargingSiteItem' })
export const ChargingSiteAnswer = z.object({
  ...Site,
  settings: ChargingSiteSettings,
  limitKw: z.number().describe('kva × loadFactor × powerFactor'),
  piles: z.array(z.object({ pile: z.string(), meter: AddressText, phase: z.string().nullable(), minWatts: z.number().int(), maxWatts: z.number().int(), priority: z.number() })),
  appliances: z.array(z.object({ appliance: z.string(), meter: AddressText, ratedWatts: z.number().int(), leastWatts: z.number().int(), ...ApplianceRules.shape })),
}).meta({ id: 'ChargingSite' })

export const NewChargingVehicle = z.strictObject({
  pile: ChargingPileName, plugAt: Instant, departAt: Instant, kwh, person: z.string().trim().min(1).max(120).optional().describe('Whose it is: who was cut by lately comes first'),
}).refine(({ plugAt, departAt }) => Date.parse(plugAt) < Date.parse(departAt), { path: ['departAt'], message: 'after plugAt' })
export const NewChargingVehiclesBody = z.strictObject({ vehicles: z.array(NewChargingVehicle).min(1).max(2_000) })
/** First line of a CSV of vehicles. */
export const CHARGING_VEHICLES_HEAD = ['pile', 'plugAt', 'departAt', 'kwh', 'person'] as const
export const CHARGING_VEHICLES_MAX_BYTES = 1024 * 1024
export const ChargingVehicleAnswer = z.object({
  id: z.number().int(), pile: z.string(), plugAt: z.string(), departAt: z.string(), kwh: z.number(), person: z.string().nullable(), optedOut: z.boolean(), withdrawn: z.boolean(),
  servedKwh: z.number().nullable().describe('By the pile\'s register, once the night is over'),
}).meta({ id: 'ChargingVehicle' })
export const ChargingVehicleQuery = z.strictObject({ from: Instant.optional(), to: Instant.optional(), withdrawn: FlagInput.optional() })

export const NewChargingNightBody = z.strictObject({
  startAt: Instant.describe('The first slot; in the future by the longest ramp and three repeats at least'),
  slots: z.number().int().min(1).max(2_000),
  limits: z.array(z.strictObject({ from: Instant, to: Instant, kw: z.number().min(0).max(100_000) })).max(20).default([]).describe('Where the limit is lower for a while (an event)'),
})
export const ChargingWhyBody = z.strictObject({ why: Why })
export const ChargingNightQuery = z.strictObject({ limit: pageLimit(50, 500), cursor: Cursor.optional() })

export const ChargingNightItem = z.object({
  id: z.number().int(), site: z.string(), event: z.number().int().nullable().describe('Of which it is the run on the appliances; null for a night of the piles'), state: z.enum(CHARGING_NIGHT_STATES), startAt: z.string(), endAt: z.string(), slots: z.number().int(), slotMinutes: z.number().int(),
  startedBy: z.string(), startedAt: z.string(), endedBy: z.string().nullable(), why: z.string().nullable(), endedAt: z.string().nullable(),
}).meta({ id: 'ChargingNightItem' })
export const ChargingNightAnswer = ChargingNightItem.extend({
  steps: z.number().int().describe('Of the loop so far'),
  aborted: z.boolean().describe('The plan is given up; nothing is planned until somebody resumes'),
  setPoints: z.record(z.string(), z.number().int()).describe('How many are in which state'),
  plans: z.number().int(),
  batchesWaiting: z.array(z.string()).describe('For an approver'),
}).meta({ id: 'ChargingNight' })

export const ChargingPlanAnswer = z.object({
  version: z.number().int(), slot: z.number().int(), reason: z.string(), digest: z.string().describe('SHA-256 of what it saw'), madeAt: z.string(),
  kw: z.record(z.string(), z.array(z.number())).optional().describe('By pile, from `slot` on'),
}).meta({ id: 'ChargingPlan' })
export const ChargingBatchAnswer = z.object({
  batch: z.string(), from: z.string(), to: z.string(), commands: z.number().int(), state: z.string(), verdict: z.object({ good: z.boolean(), verified: z.number().int(), counted: z.number().int(), text: z.string() }).nullable(),
}).meta({ id: 'ChargingBatch' })
export const ChargingSetPointAnswer = z.object({
  id: z.string(), batch: z.string(), pile: z.string().describe('Pile or appliance'), sequence: z.number().int(), watts: z.number().int(), from: z.string(), to: z.string(), reason: z.string(), planVersion: z.number().int(), state: z.string(), tries: z.number().int(),
  commands: z.array(z.object({ try: z.number().int(), command: z.string().describe('As at GET /commands/{id}'), whyNot: z.string().nullable().describe('Why there is none') })),
}).meta({ id: 'ChargingSetPoint' })
export const ChargingLogAnswer = z.object({ id: z.number().int(), at: z.string(), about: z.string(), event: z.string(), text: z.string() }).meta({ id: 'ChargingLogEntry' })
export const ChargingPageQuery = z.strictObject({ limit: pageLimit(500, 5_000), cursor: Cursor.optional() })

export const ChargingResults = z.object({
  final: z.boolean().describe('The night is over; before that, so far'),
  byPile: z.array(z.object({ pile: z.string(), kwh: z.number(), wantedKwh: z.number() })),
  kwh: z.number(), cost: z.string().describe('CNY: registers between two read-backs at the price of their time'),
  unservedKwh: z.number().nullable(), optimum: z.string().nullable().describe('CNY of a plan that knew everything beforehand; when the night is over'),
  peakKw: z.number().describe('Highest base load and charging read back together'),
  peakAt: z.string().nullable(), limitKw: z.number(),
  reduction: z.object({
    askedKw: z.number(), meanKw: z.number().nullable().describe('What the appliances drew less than before, by their registers from the first read-back in the event to the last; null without one'), leastKw: z.number().nullable().describe('Least of the read-backs'),
    byAppliance: z.array(z.object({ appliance: z.string(), drawsKw: z.number().nullable().describe('When nobody held it'), heldMinutes: z.number().describe('By the set-points it followed') })),
  }).nullable().describe('Of a run of an event; what was reached at the main meter is at the event'),
}).meta({ id: 'ChargingResults' })

export const NewDemandEventBody = z.strictObject({
  from: Instant, to: Instant.describe('Whole quarter hours of one local day'),
  reductionKw: z.number().positive().max(100_000),
  appliancesKw: z.number().min(0).max(100_000).optional().describe('What of it the appliances of the site are to bring; all of it when absent. The piles keep the limit besides'),
  level: z.enum(['customer', 'area', 'plant']), subject: z.string().min(1).max(60).describe('Energy site, or address of a meter, whose main meters measure the whole load: base load and charging'),
  highest: z.number().int().min(1).max(20).default(4), of: z.number().int().min(1).max(20).default(5).describe('The baseline is the mean of the highest 4 of the last 5 like days'),
}).refine(({ highest, of }) => highest <= of, { path: ['highest'], message: 'no more than `of`' })
export const DemandEventItem = z.object({
  id: z.number().int(), site: z.string(), level: z.enum(['customer', 'area', 'plant']), subject: z.string(), from: z.string(), to: z.string(), reductionKw: z.number(), appliancesKw: z.number().nullable(), highest: z.number().int(), of: z.number().int(),
  baselineKw: z.array(z.number()).describe('By quarter hour'), days: z.array(z.string()).describe('Which the baseline was computed from'), digest: z.string().describe('SHA-256 of what it saw'),
  run: z.number().int().nullable().describe('Night in which its appliances are held'), createdBy: z.string(), createdAt: z.string(), withdrawnBy: z.string().nullable(), withdrawnAt: z.string().nullable(),
}).meta({ id: 'DemandEventItem' })
export const DemandEventAnswer = DemandEventItem.extend({
  loadKw: z.array(z.number().nullable()).describe('From validated days; empty before'),
  result: z.object({ meanKw: z.number(), leastKw: z.number(), met: z.boolean() }).nullable().describe('Baseline less load, when all of it was measured'),
}).meta({ id: 'DemandEvent' })
