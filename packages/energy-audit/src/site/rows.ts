import { divided, exact, rounded, sum, times, toNumber } from '../exact.js'
import type { Exact } from '../exact.js'
import { CAPACITY_FULL, CAPACITY_LOW } from '../capacity.js'
import { PROVISIONAL_BELOW, WITHHELD_BELOW } from '../findings.js'
import { TRANSFORMER_LIMITS } from '../transformer.js'
import type { SiteFigures } from './site-figures.js'

/** Rows of the audit's table, in its order (analytics §3). */
export const ROWS = ['energy', 'demand', 'capacity', 'loadFactor', 'peakValley', 'baseLoad', 'dayTypes', 'powerFactor', 'unbalance', 'voltage', 'transformer', 'lineLoss', 'intensity', 'completeness', 'measures'] as const
export type RowKey = (typeof ROWS)[number]
/** `unknown`: something is missing, the code says what. `none`: a figure without a limit to judge it by. */
export type Grade = 'good' | 'fair' | 'poor' | 'none' | 'unknown'
/** Names end with their unit; `…Share` is a ratio people read in percent. */
export type Numbers = Record<string, Exact | number | string | null>

export interface Row {
  key: RowKey
  grade: Grade
  code: string
  numbers: Numbers
}

type Judge = (found: SiteFigures) => Omit<Row, 'key'>
const say = (grade: Grade, code: string, numbers: Numbers = {}): Omit<Row, 'key'> => ({ grade, code, numbers })

/** Standby share over which an office or shop has something to look for. */
export const BASE_SHARE = 0.3
/** kg of standard coal a kWh (GB/T 2589, equivalent value). */
export const COAL_KG = exact('0.1229')

const JUDGES: Record<Exclude<RowKey, 'measures'>, Judge> = {
  energy: ({ energy, cost, basis, input }) => {
    if (energy === undefined) return say('unknown', 'ENERGY_NONE')
    const [before, lastYear] = pastOf(input.month).map((month) => input.past.find((one) => one.month === month))
    const change = (past: Exact | undefined): number | null => (past === undefined || past === 0n ? null : toNumber(divided(energy - past, past)))
    const numbers = { energyKwh: rounded(energy, 2), costCny: cost.amount === undefined ? null : rounded(cost.amount, 2), beforeShare: change(before?.energy), lastYearShare: change(lastYear?.energy) }
    return say('none', before || lastYear ? 'ENERGY_TREND' : 'ENERGY_ALONE', { ...numbers, basis })
  },
  demand: ({ load, billedDemand, input, frame }) => {
    if (!load) return say('unknown', 'NO_CURVE')
    const numbers = { maximumKw: rounded(load.maximum.power, 2), at: frame.iso(load.maximum.to), registerKw: billedDemand?.basis === 'register' ? rounded(billedDemand.power, 2) : null }
    const { declaredDemandKw, capacityKva } = input.settings.contract
    const highest = billedDemand && billedDemand.power > load.maximum.power ? billedDemand.power : load.maximum.power
    if (declaredDemandKw !== undefined) return say(highest > declaredDemandKw ? 'poor' : 'good', highest > declaredDemandKw ? 'DEMAND_OVER' : 'DEMAND_WITHIN', { ...numbers, limitKw: declaredDemandKw })
    if (capacityKva !== undefined) return say(highest > capacityKva ? 'poor' : 'good', highest > capacityKva ? 'DEMAND_OVER' : 'DEMAND_WITHIN', { ...numbers, limitKw: capacityKva })
    return say('none', 'DEMAND_ALONE', numbers)
  },
  capacity: ({ capacityUse, load }) => {
    if (!load) return say('unknown', 'NO_CURVE')
    if (capacityUse === undefined) return say('unknown', 'CAPACITY_UNKNOWN')
    if (capacityUse > CAPACITY_FULL) return say('poor', 'CAPACITY_FULL', { useShare: capacityUse })
    return capacityUse < CAPACITY_LOW ? say('fair', 'CAPACITY_LOW', { useShare: capacityUse }) : say('good', 'CAPACITY_FIT', { useShare: capacityUse })
  },
  loadFactor: ({ load, input }) => {
    if (!load) return say('unknown', 'NO_CURVE')
    const daily = load.dailyLoadFactor.value
    if (daily === null) return say('unknown', 'NO_WHOLE_DAY')
    const { shifts } = input.settings.contract
    const numbers = { dailyShare: daily, monthShare: load.loadFactor, days: load.dailyLoadFactor.days }
    if (!shifts) return say('none', 'LOAD_RATE_ALONE', numbers)
    const limitShare = input.settings.unsure.dailyLoadRates[shifts]
    return daily >= limitShare ? say('good', 'LOAD_RATE_REACHED', { ...numbers, limitShare }) : say('fair', 'LOAD_RATE_BELOW', { ...numbers, limitShare })
  },
  peakValley: ({ load, input }) => {
    if (!load) return say('unknown', 'NO_CURVE')
    const numbers = { differenceKw: rounded(load.peakValley.difference, 2), ratioShare: load.peakValley.ratio }
    const before = input.past.find(({ month }) => month === pastOf(input.month)[0])?.peakValley
    if (before === undefined || before === 0n) return say('none', 'PEAK_VALLEY_ALONE', numbers)
    return say('none', 'PEAK_VALLEY_TREND', { ...numbers, changeShare: toNumber(divided(load.peakValley.difference - before, before)) })
  },
  baseLoad: ({ load, input }) => {
    if (!load || load.baseLoad.share === null) return say('unknown', 'NO_CURVE')
    const numbers = { baseKw: exact(load.baseLoad.power.toFixed(2)), baseShare: load.baseLoad.share }
    if (load.baseLoad.share <= BASE_SHARE) return say('good', 'BASE_OK', numbers)
    return ['office', 'shop'].includes(input.settings.contract.use) ? say('fair', 'BASE_HIGH', numbers) : say('none', 'BASE_HIGH_ELSEWHERE', numbers)
  },
  dayTypes: ({ dayTypes, frame }) => {
    if (dayTypes.types.length === 0) return say('unknown', 'NO_WHOLE_DAY')
    return say('none', frame.holidays.size > 0 ? 'DAY_TYPES' : 'DAY_TYPES_WEEK_ONLY', { nightShare: dayTypes.nightRatio, freeDayShare: dayTypes.freeDayRatio })
  },
  powerFactor: ({ powerFactor, input }) => {
    if (!powerFactor) return say('unknown', 'PF_UNKNOWN')
    const numbers = { powerFactor: powerFactor.hundredths / 100, reactiveKvarh: rounded(powerFactor.reactive, 2), basis: powerFactor.basis }
    if (powerFactor.percent === undefined) return say('none', 'PF_ALONE', numbers)
    const judged = { ...numbers, standard: input.settings.contract.powerFactorStandard ?? '', percent: powerFactor.percent }
    if (powerFactor.percent > 0n) return say('poor', 'PF_BELOW', { ...judged, compensationKvar: rounded(powerFactor.compensation ?? 0n, 1) })
    return say('good', 'PF_REACHED', judged)
  },
  unbalance: ({ currentUnbalance, voltageUnbalance, input }) => {
    if (input.settings.supply.phases === 1) return say('none', 'SINGLE_PHASE')
    if (!currentUnbalance && !voltageUnbalance) return say('unknown', 'UNBALANCE_UNKNOWN')
    const numbers = { currentMeanShare: currentUnbalance?.mean ?? null, currentWorstShare: currentUnbalance?.worst.share ?? null, voltageWorstShare: voltageUnbalance?.worst.share ?? null, limitShare: input.settings.unsure.currentUnbalanceLimit }
    const [overCurrent, overVoltage] = [(currentUnbalance?.mean ?? 0) > input.settings.unsure.currentUnbalanceLimit, (voltageUnbalance?.overShare ?? 0) > 0]
    if (overCurrent) return say('fair', 'UNBALANCE_CURRENT', numbers)
    return overVoltage ? say('fair', 'UNBALANCE_VOLTAGE', { ...numbers, overShare: voltageUnbalance?.overShare ?? 0 }) : say('good', 'UNBALANCE_OK', numbers)
  },
  voltage: ({ voltage }) => {
    if (!voltage) return say('unknown', 'VOLTAGE_UNKNOWN')
    const numbers = { insideShare: voltage.share, highHours: voltage.hoursHigh, lowHours: voltage.hoursLow, highestV: voltage.highest.volts, lowestV: voltage.lowest.volts }
    return voltage.hoursHigh + voltage.hoursLow > 0 ? say('fair', 'VOLTAGE_OUTSIDE', numbers) : say('good', 'VOLTAGE_OK', numbers)
  },
  transformer: ({ transformer, input }) => {
    if (!input.settings.transformer) return say('unknown', 'TRANSFORMER_UNKNOWN')
    if (!transformer) return say('unknown', 'TRANSFORMER_NO_LOAD')
    const { mean, highest, overloadHours, heavyHours, lightHours, economicBeta, loss, intervals } = transformer
    const numbers = { meanShare: mean, highestShare: highest.beta, overloadHours, heavyHours, lightHours, economicShare: economicBeta, lossKwh: rounded(loss, 2) }
    if (overloadHours > 0) return say('poor', 'TRANSFORMER_OVER', numbers)
    if (heavyHours > 0) return say('fair', 'TRANSFORMER_HEAVY', numbers)
    return lightHours > intervals / 8 ? say('fair', 'TRANSFORMER_LIGHT', { ...numbers, limitShare: TRANSFORMER_LIMITS.light }) : say('good', 'TRANSFORMER_FIT', numbers)
  },
  lineLoss: ({ lineLoss, input, behind }) => {
    if (!lineLoss || lineLoss.percent === undefined) return behind.length === 0 ? say('none', 'NO_METERS_BEHIND') : say('unknown', 'LOSS_UNKNOWN')
    const numbers = { lossKwh: rounded(lineLoss.loss, 2), lossShare: lineLoss.percent / 100, metersExpected: lineLoss.metersExpected, metersWithBoth: lineLoss.metersWithBoth, coverageShare: lineLoss.coverage }
    // What sub-meters of a plant do not count is used somewhere, not lost.
    if (input.level !== 'area') return say('none', 'SUB_METERED', { ...numbers, meteredShare: 1 - lineLoss.percent / 100 })
    if (!lineLoss.lossClass) return say('unknown', 'LOSS_COVERAGE', numbers)
    return say({ negative: 'poor', zero: 'fair', normal: 'good', raised: 'fair', high: 'poor' }[lineLoss.lossClass] as Grade, `LOSS_${lineLoss.lossClass.toUpperCase()}`, numbers)
  },
  intensity: ({ energy, input }) => {
    if (energy === undefined) return say('unknown', 'ENERGY_NONE')
    const { product, areaM2, persons } = input.settings.intensity
    const per = (quantity: Exact | undefined): Exact | null => (quantity === undefined || quantity === 0n ? null : rounded(divided(energy, quantity), 4))
    const numbers = { coalTce: rounded(times(energy, COAL_KG) / 1_000n, 3), perProductKwh: per(product?.quantity), unit: product?.unit ?? null, perM2Kwh: per(areaM2), perPersonKwh: per(persons) }
    return product || areaM2 || persons ? say('none', 'INTENSITY', numbers) : say('none', 'COAL_ONLY', numbers)
  },
  completeness: ({ completeness, expected, present, estimated }) => {
    const numbers = { completeShare: completeness, expected, present, estimated }
    if (completeness === null) return say('unknown', 'NOTHING_EXPECTED', numbers)
    if (completeness < WITHHELD_BELOW) return say('poor', 'WITHHELD', numbers)
    return completeness < PROVISIONAL_BELOW ? say('fair', 'PROVISIONAL', numbers) : say('good', 'COMPLETE', numbers)
  },
}

export function judgeRows(found: SiteFigures): Row[] {
  return ROWS.filter((key) => key !== 'measures').map((key) => ({ key, ...JUDGES[key](found) }))
}

/** The month before, and the same of last year. */
export function pastOf(month: string): [string, string] {
  const [year = 0, number = 0] = month.split('-').map(Number)
  const text = (date: number): string => new Date(date).toISOString().slice(0, 7)
  return [text(Date.UTC(year, number - 2, 1)), text(Date.UTC(year - 1, number - 1, 1))]
}

export const totalOf = (values: readonly (Exact | undefined)[]): Exact => sum(values.map((value) => value ?? 0n))
