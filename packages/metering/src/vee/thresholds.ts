import { HesError } from '@zhuzhan/core'
import type { Tariff } from '@zhuzhan/energy-audit'
import { z } from 'zod'

const positive = z.number().positive()
const share = z.number().min(0).max(10)

/**
 * Thresholds of the checks (analytics §2). Data: an operator overrides them by class or by meter. What the reference does not name is
 * marked `ours`.
 */
export const Thresholds = z.strictObject({
  clockFlagMs: positive.describe('Check 1: clocks further apart flag the day'),
  rangeFactor: positive.describe('Check 3: K of K x S x dt'),
  capacityKw: positive.nullable().describe('S: contract capacity, or U x Imax; null = not known, then no upper bound is applied'),
  nearFullScale: share.describe('Check 4: part of the full scale from whose end a register may roll over (ours)'),
  stepFactor: positive.describe('Check 4: times the largest day of the history'),
  stepHistoryDays: z.number().int().min(1).max(400),
  stepLeastDays: z.number().int().min(1).describe('Check 4: days of history under which they decide nothing (ours)'),
  rateDigits: z.number().min(0).describe('Check 5: digits a rate that total and rates may be apart'),
  spikeRatio: positive.describe('Check 6'),
  spikeLeastKwh: z.number().min(0).describe('Check 6: days under this use are not checked (ours)'),
  lowFactor: share.describe('Check 7'),
  highFactor: positive.describe('Check 7'),
  leastDailyKwh: z.number().min(0).describe('Check 7: customers under this daily use are not checked'),
  consistencyShare: share.describe('Check 8'),
  consistencyHours: positive.describe('Check 8'),
  ratedCurrentA: positive.describe('In, for check 9 (ours: 5 A of a 5(60) A meter; UNSURE, it depends on the meter)'),
  zeroCurrentShare: share.describe('Check 9: share of In'),
  stuckHours: positive.describe('Check 9, ours: the same energy for so long'),
  stuckLeastDigits: z.number().int().min(1).describe('Check 9, ours: energies under so many digits may repeat by themselves'),
})
export type Thresholds = z.infer<typeof Thresholds>

const DEFAULTS: Thresholds = {
  clockFlagMs: 300_000,
  rangeFactor: 1.2,
  capacityKw: null,
  nearFullScale: 0.01,
  stepFactor: 5,
  stepHistoryDays: 60,
  stepLeastDays: 7,
  rateDigits: 1,
  spikeRatio: 1.8,
  spikeLeastKwh: 1,
  lowFactor: 0.5,
  highFactor: 2,
  leastDailyKwh: 1,
  consistencyShare: 0.2,
  consistencyHours: 4,
  ratedCurrentA: 5,
  zeroCurrentShare: 0.005,
  stuckHours: 12,
  stuckLeastDigits: 10,
}

export const TARIFF_CLASSES = ['residential', 'commercial-industrial', 'agricultural', 'transformer-area', 'unknown'] as const
export type TariffClass = (typeof TARIFF_CLASSES)[number]

/** The class whose thresholds a customer of a tariff has. */
export function tariffClassOf(tariff: Pick<Tariff, 'customers'> | undefined): TariffClass {
  if (!tariff) return 'unknown'
  if (tariff.customers.includes('residential')) return 'residential'
  if (/industrial|commercial/.test(tariff.customers)) return 'commercial-industrial'
  return /farm|agricultur/.test(tariff.customers) ? 'agricultural' : 'unknown'
}

/** UNSURE: 220 V x 60 A for a home on one phase; the contract or the meter's plate decides. Others have no default capacity. */
export const CLASS_THRESHOLDS: Readonly<Record<TariffClass, Partial<Thresholds>>> = {
  residential: { capacityKw: 13.2 },
  'commercial-industrial': {},
  agricultural: {},
  'transformer-area': {},
  unknown: {},
}

/** Thresholds of a meter: defaults, its class, then what the operator set, the later ones first. @throws HesError CONFIG_INVALID */
export function thresholdsOf(tariffClass: TariffClass, ...overrides: readonly unknown[]): Thresholds {
  const merged = { ...DEFAULTS, ...CLASS_THRESHOLDS[tariffClass], ...Object.assign({}, ...overrides) as object }
  const parsed = Thresholds.safeParse(merged)
  if (!parsed.success) throw new HesError('CONFIG_INVALID', `VEE thresholds: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}`)
  return parsed.data
}
