import { exact, rounded, sum, times } from '../exact.js'
import type { Exact } from '../exact.js'
import { baseCut, demandCap, modeSwitch, peakShift, phaseBalancing, powerFactorToStandard, transformerSwap } from './amounts.js'
import type { Amount } from './amounts.js'
import type { Numbers, Row, RowKey } from './rows.js'
import type { SiteFigures } from './site-figures.js'

export interface SiteFinding {
  code: string
  row: RowKey
  severity: 'info' | 'warning'
  /** What is behind it, in the month; undefined where the finding is no amount. */
  kwh?: Exact | undefined
  cny?: Exact | undefined
  numbers: Numbers
}

export const MEASURES = ['PEAK_SHIFT', 'POWER_FACTOR', 'DEMAND_CAP', 'BASE_CUT', 'MODE_SWITCH', 'PHASE_BALANCING', 'TRANSFORMER_SWAP'] as const
export type MeasureCode = (typeof MEASURES)[number]
export type CostClass = 'none' | 'low' | 'medium' | 'high'
export type Confidence = 'high' | 'medium' | 'low'

export interface Measure {
  code: MeasureCode
  /** Code of the finding it answers. */
  finding: string
  per: 'month' | 'year'
  kwh?: Exact | undefined
  cny?: Exact | undefined
  costClass: CostClass
  confidence: Confidence
  formula: string
  numbers: Numbers
}

/** Rows whose grade is a finding of its own; the other findings are below. */
function fromRow({ key, grade, code, numbers }: Row, found: SiteFigures): SiteFinding[] {
  if (grade !== 'poor' && grade !== 'fair') return []
  return [{ code, row: key, severity: grade === 'poor' ? 'warning' : 'info', numbers, ...amountOf(code, found) }]
}

function amountOf(code: string, { load, lineLoss, meanPrice, bill, transformer, intervals, input }: SiteFigures): { kwh?: Exact; cny?: Exact | undefined } {
  const priced = (kwh: Exact): { kwh: Exact; cny: Exact | undefined } => ({ kwh, cny: meanPrice === undefined ? undefined : rounded(times(kwh, meanPrice), 2) })
  if (code === 'PF_BELOW') return { cny: bill?.adjustment }
  if (code === 'BASE_HIGH' && load) return priced(rounded(times(exact(load.baseLoad.power.toFixed(4)), exact(String(intervals.from.length / 4))), 2))
  if ((code === 'LOSS_RAISED' || code === 'LOSS_HIGH') && lineLoss) {
    const normal = times(lineLoss.supply + lineLoss.feedIn, exact(String(input.settings.unsure.lossClasses.normal))) / 100n
    return priced(rounded(lineLoss.loss - normal, 2))
  }
  if (code.startsWith('TRANSFORMER_') && transformer) return priced(rounded(transformer.loss, 2))
  return {}
}

export function findingsOfSite(rows: readonly Row[], found: SiteFigures): SiteFinding[] {
  return [...rows.flatMap((row) => fromRow(row, found)), ...expensivePeriods(found), ...dearerMode(found), ...found.meters.flatMap(dataFindings)]
}

/** Energy of the dear periods, and what it costs more than at the flat price. */
function expensivePeriods({ periods, prices, energy }: SiteFigures): SiteFinding[] {
  const [flat, valley] = [prices?.get('flat'), prices?.get('valley')]
  const dear = (['sharp', 'peak'] as const).map((period) => ({ kwh: periods.get(period) ?? 0n, price: prices?.get(period) })).filter(({ kwh, price }) => kwh > 0n && price !== undefined)
  if (dear.length === 0 || valley === undefined || energy === undefined || energy === 0n) return []
  const kwh = sum(dear.map((one) => one.kwh))
  const cny = flat === undefined ? undefined : rounded(sum(dear.map((one) => times(one.kwh, (one.price as Exact) - flat))), 2)
  return [{ code: 'DEAR_PERIODS', row: 'energy', severity: 'info', kwh: rounded(kwh, 2), cny, numbers: { dearShare: Number((kwh * 10_000n) / energy) / 10_000 } }]
}

function dearerMode(found: SiteFigures): SiteFinding[] {
  const gain = modeSwitch(found)
  return gain ? [{ code: 'MODE_DEARER', row: 'capacity', severity: 'info', cny: gain.cny, numbers: { ...gain.figures, mode: found.input.settings.contract.charging } }] : []
}

function dataFindings({ meter, registers, backwards, intervalCheck }: SiteFigures['meters'][number]): SiteFinding[] {
  const finding = (code: string, numbers: Numbers = {}): SiteFinding => ({ code, row: 'completeness', severity: 'warning', numbers: { meter: meter.address, ...numbers } })
  return [
    ...(registers.kind === 'backwards' ? [finding('REGISTER_BACKWARDS')] : []),
    ...(backwards > 0 ? [finding('CURVE_BACKWARDS', { intervals: backwards })] : []),
    ...(registers.kind === 'energy' && registers.mismatch ? [finding('TARIFF_SUM_MISMATCH', { tariffSumKwh: registers.mismatch.sum, totalKwh: registers.total })] : []),
    ...(intervalCheck && intervalCheck.difference > intervalCheck.tolerance ? [finding('INTERVAL_SUM_MISMATCH', { differenceKwh: intervalCheck.difference, toleranceKwh: intervalCheck.tolerance })] : []),
    ...(meter.conflicts > 0 ? [finding('CONFLICTING_READINGS', { readings: meter.conflicts })] : []),
  ]
}

interface Rule {
  finding: readonly string[]
  amount(found: SiteFigures): Amount | undefined
  per: Measure['per']
  costClass: CostClass
  confidence: Confidence
  formula: string
}

const RULES: Record<MeasureCode, Rule> = {
  PEAK_SHIFT: { finding: ['DEAR_PERIODS'], amount: peakShift, per: 'month', costClass: 'none', confidence: 'medium', formula: 'shift x (p_peak - p_valley)' },
  POWER_FACTOR: { finding: ['PF_BELOW'], amount: powerFactorToStandard, per: 'month', costClass: 'medium', confidence: 'high', formula: 'bill x penalty; Qc = P (tan phi1 - tan phi2)' },
  DEMAND_CAP: { finding: ['DEMAND_OVER', 'CAPACITY_FULL', 'LOAD_RATE_BELOW'], amount: demandCap, per: 'month', costClass: 'low', confidence: 'medium', formula: '(Pmax - Pcap) x demand price' },
  BASE_CUT: { finding: ['BASE_HIGH'], amount: baseCut, per: 'year', costClass: 'low', confidence: 'medium', formula: 'd_base x 8,760 h x mean price' },
  MODE_SWITCH: { finding: ['MODE_DEARER'], amount: modeSwitch, per: 'month', costClass: 'none', confidence: 'high', formula: '|capacity fee x S - demand fee x Pmax|' },
  PHASE_BALANCING: { finding: ['UNBALANCE_CURRENT'], amount: phaseBalancing, per: 'month', costClass: 'low', confidence: 'low', formula: 'loss x (1 - 1/k)' },
  TRANSFORMER_SWAP: { finding: ['TRANSFORMER_LIGHT', 'TRANSFORMER_HEAVY', 'TRANSFORMER_OVER', 'TRANSFORMER_FIT'], amount: transformerSwap, per: 'month', costClass: 'high', confidence: 'medium', formula: 'sum (P0 + beta^2 Pk) dt, now less then' },
}

const LOWER: Record<Confidence, Confidence> = { high: 'medium', medium: 'low', low: 'low' }

/** Each from one finding by one formula. Incomplete or estimated data take confidence away. @param shaky the report is provisional */
export function measuresOf(findings: readonly SiteFinding[], rows: readonly Row[], found: SiteFigures, shaky: boolean): Measure[] {
  const codes = new Set([...findings.map(({ code }) => code), ...rows.map(({ code }) => code)])
  return MEASURES.flatMap((code) => {
    const { finding, amount, ...rule } = RULES[code]
    const reason = finding.find((one) => codes.has(one))
    const gain = reason === undefined ? undefined : amount(found)
    if (reason === undefined || !gain) return []
    const estimated = (code === 'POWER_FACTOR' && found.powerFactor?.basis === 'curve') || (code === 'MODE_SWITCH' && found.billedDemand?.basis === 'curve')
    const confidence = [shaky, estimated].filter(Boolean).reduce<Confidence>((level) => LOWER[level], rule.confidence)
    return [{ code, finding: reason, ...rule, confidence, kwh: gain.kwh, cny: gain.cny, numbers: gain.figures }]
  })
}
