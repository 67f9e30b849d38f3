import { capacityUse, twoPartOf } from '../capacity.js'
import type { TwoPart } from '../capacity.js'
import { costOf, pricesOf } from '../cost.js'
import type { Cost, Prices } from '../cost.js'
import { PER_HOUR, addUp, energyOf, inList } from '../curve.js'
import type { Intervals } from '../curve.js'
import { dayTypesOf } from '../day-types.js'
import type { DayTypes } from '../day-types.js'
import { divided, rounded, sum, times } from '../exact.js'
import type { Exact } from '../exact.js'
import { loadOf } from '../load.js'
import type { Load } from '../load.js'
import { lineLossOf } from '../line-loss.js'
import type { LineLoss } from '../line-loss.js'
import type { PeriodEnergy } from '../period-energy.js'
import { powerFactorOf, reactiveOfCurve } from '../power-factor.js'
import type { PowerFactor } from '../power-factor.js'
import { NO_SAMPLES, balancingShare, largestMeanCurrent, unbalanceOf, voltageQuality } from '../samples.js'
import type { Samples, Unbalance, VoltageQuality } from '../samples.js'
import { PERIODS, periodsOf } from '../tariff.js'
import type { Period, Tariff } from '../tariff.js'
import { transformerUse } from '../transformer.js'
import type { TransformerUse } from '../transformer.js'
import { frameOf } from './frame.js'
import type { Frame } from './frame.js'
import type { SiteInput } from './input.js'
import { meterFigures, together } from './meter-figures.js'
import type { MeterFigures } from './meter-figures.js'
import { tariffOf } from './settings.js'

/** Limits of voltage unbalance (GB/T 15543): for long, and for a short time. */
export const VOLTAGE_UNBALANCE = { long: 0.02, short: 0.04 } as const
/** Currents under this share of the month's largest mean are not judged: of next to nothing every ratio is large. An assumption of ours. */
const LEAST_CURRENT = 0.1

export interface Bill {
  energyCharge: Exact
  basicCharge: Exact | undefined
  adjustment: Exact | undefined
  total: Exact
}

/** What is known of a site and month, as numbers; the report puts it into words. Energies in kWh, ratios of transformers included. */
export interface SiteFigures {
  input: SiteInput
  frame: Frame
  tariff: Tariff | undefined
  prices: Prices | undefined
  meters: MeterFigures[]
  mains: MeterFigures[]
  behind: MeterFigures[]
  intervals: Intervals
  energy: Exact | undefined
  basis: 'registers' | 'curve' | 'mixed' | 'none'
  periods: PeriodEnergy
  periodBasis: 'registers' | 'curve'
  /** The curve's periods were stretched to the energy of the registers. */
  scaled: boolean
  cost: Cost
  load: Load | undefined
  /** The month's highest demand that charges are compared with: the meter's own register where there is one, else of the curve, kW. */
  billedDemand: { power: Exact; basis: 'register' | 'curve' } | undefined
  capacityUse: number | undefined
  twoPart: TwoPart | undefined
  dayTypes: DayTypes
  powerFactor: PowerFactor | undefined
  currentUnbalance: Unbalance | undefined
  voltageUnbalance: Unbalance | undefined
  balancing: number | undefined
  voltage: VoltageQuality | undefined
  transformer: TransformerUse | undefined
  replacement: TransformerUse | undefined
  lineLoss: LineLoss | undefined
  bill: Bill | undefined
  meanPrice: Exact | undefined
  expected: number
  present: number
  estimated: number
  /** The lesser of all meters together and the main meters alone; null when nothing was expected. */
  completeness: number | null
}

/** Pure: the same input gives the same figures. */
export function siteFigures(input: SiteInput): SiteFigures {
  const { settings, now } = input
  const frame = frameOf(input)
  const tariff = tariffOf(settings, input.meters.find(({ role }) => role === 'main')?.tariff ?? null)
  const meters = input.meters.map((meter) => meterFigures(meter, frame, tariff, now))
  const mains = meters.filter(({ meter }) => meter.role === 'main')
  const behind = meters.filter(({ meter }) => meter.role !== 'main')
  const intervals = together(mains)
  const days = frame.daysOf(intervals.from)
  const known = mains.flatMap(({ energy }) => (energy === undefined ? [] : [energy]))
  const energy = known.length === mains.length && mains.length > 0 ? sum(known) : undefined
  const bases = new Set(mains.map(({ basis }) => basis))
  const hasTable = frame.holidays.size > 0
  const counted = addPeriods(mains)
  const periods = toTotal(counted, energy, periodsOf(tariff, frame.monthNumber, hasTable))
  const prices = tariff && pricesOf(tariff, settings.flatPriceCnyPerKwh)
  const cost = periods.size === 0 && energy !== 0n ? { ...costOf(undefined, periods, undefined), notApplied: ['amounts: neither tariff registers nor a curve tell the periods'] } : costOf(tariff, periods, mains.length === 1 ? usedBefore(mains[0]) : undefined, { prices, holidays: hasTable })
  const load = loadOf(intervals, days)
  const samples = (mains.length === 1 ? mains[0]?.samples : undefined) ?? NO_SAMPLES
  const factors = factorsOf(samples, intervals)
  const powerFactor = powerFactorOfSite(mains, intervals, factors, settings)
  const billedDemand = billed(mains, load)
  const plate = settings.transformer && { rated: settings.transformer.ratedKva, noLoadLoss: settings.transformer.noLoadLossKw, loadLoss: settings.transformer.loadLossKw }
  const other = settings.transformer?.replacement && { rated: settings.transformer.replacement.ratedKva, noLoadLoss: settings.transformer.replacement.noLoadLossKw, loadLoss: settings.transformer.replacement.loadLossKw }
  const withFactor = plate ? inList(intervals).map((one, n) => ({ ...one, powerFactor: factors?.[n] ?? monthFactor(powerFactor) })) : []
  const { phases, nominalVolts } = settings.supply
  const contract = { capacity: settings.contract.capacityKva, capacityPrice: settings.contract.capacityPriceCnyPerKva, demandPrice: settings.contract.demandPriceCnyPerKw }
  const twoPart = billedDemand && twoPartOf(billedDemand.power, contract)
  const count = (of: readonly MeterFigures[], what: 'expected' | 'present' | 'estimated'): number => of.reduce((total, one) => total + one[what], 0)
  const share = (of: readonly MeterFigures[]): number => (count(of, 'expected') === 0 ? 1 : count(of, 'present') / count(of, 'expected'))
  const priced = sum([...periods].filter(([period]) => prices?.has(period)).map(([, kwh]) => kwh))
  return {
    input, frame, tariff, prices, meters, mains, behind, intervals, energy, periods, cost, load, billedDemand, powerFactor, twoPart,
    scaled: energy !== undefined && counted.size > 0 && sum(counted.values()) !== energy,
    basis: bases.size > 1 ? 'mixed' : ([...bases][0] ?? 'none'),
    periodBasis: mains.every(({ byPeriod }) => byPeriod.basis === 'registers') ? 'registers' : 'curve',
    capacityUse: load && capacityUse(load.maximum.power, contract.capacity),
    dayTypes: dayTypesOf(intervals, days, frame.typeOf),
    currentUnbalance: phases === 3 ? unbalanceOf(samples, 'amps', settings.unsure.currentUnbalanceLimit, LEAST_CURRENT * largestMeanCurrent(samples)) : undefined,
    voltageUnbalance: phases === 3 ? unbalanceOf(samples, 'volts', VOLTAGE_UNBALANCE.long) : undefined,
    balancing: phases === 3 ? balancingShare(samples) : undefined,
    voltage: voltageQuality(samples, nominalVolts, phases),
    transformer: plate && transformerUse(withFactor, plate),
    replacement: other && transformerUse(withFactor, other),
    lineLoss: lossOf(mains, behind, settings),
    bill: billOf(cost, settings, twoPart, powerFactor),
    meanPrice: cost.amount !== undefined && priced > 0n ? divided(cost.amount, priced) : undefined,
    expected: count(meters, 'expected'), present: count(meters, 'present'), estimated: count(meters, 'estimated'),
    completeness: count(meters, 'expected') === 0 ? null : Math.min(share(meters), share(mains)),
  }
}

function addPeriods(mains: readonly MeterFigures[]): PeriodEnergy {
  const all = new Map<Period, Exact>()
  for (const period of PERIODS) {
    const parts = mains.flatMap(({ byPeriod }) => byPeriod.periods.get(period) ?? [])
    if (parts.length > 0) all.set(period, sum(parts))
  }
  return all
}

/** Periods that add up to the energy of the registers: a curve with gaps tells the shares. Nothing where nothing tells them. */
function toTotal(periods: PeriodEnergy, energy: Exact | undefined, possible: ReadonlySet<Period>): PeriodEnergy {
  const total = sum(periods.values())
  if (energy === undefined || total === energy) return periods
  const [only] = possible
  if (possible.size === 1 && only) return new Map([[only, energy]])
  if (total <= 0n) return new Map()
  const scaled = new Map([...periods].map(([period, kwh]) => [period, (kwh * energy) / total] as const))
  const [largest] = [...scaled].sort((a, b) => (b[1] > a[1] ? 1 : -1))[0] ?? []
  if (largest) scaled.set(largest, (scaled.get(largest) ?? 0n) + energy - sum(scaled.values()))
  return scaled
}

/** Energy of the year before the month's registers. */
function usedBefore(main: MeterFigures | undefined): Exact | undefined {
  const { meter, registers, ratio } = main ?? {}
  if (!meter || !ratio || registers?.kind !== 'energy' || meter.yearBegin === undefined) return undefined
  const first = meter.midnights.find(({ time }) => time === registers.from)?.values.get(1)
  return first === undefined || first < meter.yearBegin ? undefined : times(first - meter.yearBegin, ratio)
}

/** Power factor without its sign by quarter hour; undefined where no sample of the month has one. */
function factorsOf({ time, powerFactor }: Samples, { from }: Intervals): (Exact | undefined)[] | undefined {
  if (!powerFactor) return undefined
  const known = new Map<number, Exact>()
  let at = 0
  return Array.from(from, (begin) => {
    while (at < time.length && (time[at] as number) < begin) at += 1
    const value = time[at] === begin ? Math.abs(powerFactor[at] as number) : NaN
    if (Number.isNaN(value)) return undefined
    const factor = known.get(value) ?? BigInt(Math.round(value * 1e12))
    known.set(value, factor)
    return factor
  })
}

function powerFactorOfSite(mains: readonly MeterFigures[], intervals: Intervals, factors: readonly (Exact | undefined)[] | undefined, settings: SiteInput['settings']): PowerFactor | undefined {
  const count = intervals.from.length
  const all = energyOf(intervals)
  const mean = count === 0 ? 0n : (all * PER_HOUR) / BigInt(count)
  const finish = (basis: PowerFactor['basis'], active: Exact, reactive: Exact): PowerFactor | undefined =>
    powerFactorOf({ basis, active, reactive }, mean, settings.contract.powerFactorStandard, settings.unsure.topReward085)
  const registers = mains.map(({ registers: own, reactive }) => (own.kind === 'energy' && reactive !== undefined ? { active: own.total, reactive } : undefined))
  if (mains.length > 0 && registers.every((one) => one !== undefined)) return finish('registers', sum(registers.map(({ active }) => active)), sum(registers.map(({ reactive }) => reactive)))
  if (!factors) return undefined
  const places = new Map([...new Set(factors)].map((factor, place) => [factor, place]))
  const energies = addUp(intervals, places.size, (n) => places.get(factors[n]) as number)
  const byFactor = new Map([...places].flatMap(([factor, place]) => (factor === undefined ? [] : [[factor, energies[place] as Exact] as const])))
  const reactive = reactiveOfCurve(byFactor, all)
  return reactive === undefined ? undefined : finish('curve', all, rounded(reactive, 2))
}

function monthFactor(found: PowerFactor | undefined): Exact | undefined {
  return found === undefined ? undefined : (BigInt(found.hundredths) * 1_000_000_000_000n) / 100n
}

function billed(mains: readonly MeterFigures[], load: Load | undefined): SiteFigures['billedDemand'] {
  const [only] = mains
  const own = mains.length === 1 ? only?.meter.demandRegister : undefined
  if (only && own) return { power: times(own.value, only.ratio), basis: 'register' }
  return load && { power: load.maximum.power, basis: 'curve' }
}

/** What came in against what the meters directly behind the mains counted, between the same midnights. */
function lossOf(mains: readonly MeterFigures[], behind: readonly MeterFigures[], settings: SiteInput['settings']): LineLoss | undefined {
  const spans = new Set(mains.map(({ registers }) => (registers.kind === 'energy' ? `${registers.from} ${registers.to}` : '')))
  const [span] = spans
  const fronts = new Set(mains.map(({ meter }) => meter.address))
  const next = behind.filter(({ meter }) => meter.parent === null || fronts.has(meter.parent))
  if (next.length === 0 || spans.size !== 1 || span === '' || span === undefined) return undefined
  const both = next.filter(({ registers }) => registers.kind === 'energy' && `${registers.from} ${registers.to}` === span)
  return lineLossOf({
    supply: sum(mains.map(({ energy }) => energy ?? 0n)), feedIn: sum(both.map(({ fedIn }) => fedIn ?? 0n)), sales: sum(both.map(({ energy }) => energy ?? 0n)),
    metersExpected: next.length, metersWithBoth: both.length,
  }, settings.unsure.lossClasses)
}

/** Energy charge, basic charge of the two-part tariff, adjustment by power factor: a percentage of both. */
function billOf({ amount }: Cost, { contract }: SiteInput['settings'], twoPart: TwoPart | undefined, powerFactor: PowerFactor | undefined): Bill | undefined {
  if (amount === undefined) return undefined
  const energyCharge = rounded(amount, 2)
  const basicCharge = contract.charging === 'none' ? undefined : contract.charging === 'capacity' ? twoPart?.capacityFee : twoPart?.demandFee
  const adjusted = energyCharge + (basicCharge ?? 0n)
  const adjustment = powerFactor?.percent === undefined ? undefined : rounded(times(adjusted, powerFactor.percent) / 100n, 2)
  return { energyCharge, basicCharge, adjustment, total: adjusted + (adjustment ?? 0n) }
}
