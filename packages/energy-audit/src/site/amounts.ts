import { exact, rounded, sum, times } from '../exact.js'
import type { Exact } from '../exact.js'
import { percentileOfSorted } from '../load.js'
import type { SiteFigures } from './site-figures.js'

/** Amounts of the measures, one formula each (analytics §3). Money and energy stay whole numbers throughout. */
export interface Amount {
  /** kWh saved or moved; undefined where the measure saves money only. */
  kwh?: Exact | undefined
  /** Undefined where no price is known. */
  cny?: Exact | undefined
  figures: Record<string, Exact | number>
}

/** shift x (p_peak - p_valley), of the sharp and the peak energy. */
export function peakShift({ periods, prices, input }: SiteFigures): Amount | undefined {
  const valley = prices?.get('valley')
  if (valley === undefined || !prices) return undefined
  const share = exact(String(input.settings.assumptions.shiftShare))
  const moved = (['sharp', 'peak'] as const).flatMap((period) => {
    const [energy, price] = [periods.get(period) ?? 0n, prices.get(period)]
    return energy > 0n && price !== undefined && price > valley ? [{ kwh: times(energy, share), gain: price - valley }] : []
  })
  if (moved.length === 0) return undefined
  const kwh = rounded(sum(moved.map((one) => one.kwh)), 2)
  return { kwh, cny: rounded(sum(moved.map((one) => times(one.kwh, one.gain))), 2), figures: { movedKwh: kwh, shareOfPeak: input.settings.assumptions.shiftShare } }
}

/** bill x penalty, and the compensation it needs. Only where there is a surcharge. */
export function powerFactorToStandard({ bill, powerFactor }: SiteFigures): Amount | undefined {
  if (powerFactor?.percent === undefined || powerFactor.percent <= 0n) return undefined
  return {
    cny: bill?.adjustment,
    figures: { powerFactor: powerFactor.hundredths / 100, surchargePercent: powerFactor.percent, compensationKvar: rounded(powerFactor.compensation ?? 0n, 1) },
  }
}

/** (Pmax - Pcap) x demand price, where demand is charged. Pcap is a percentile of the month's powers. */
export function demandCap({ load, billedDemand, input }: SiteFigures): Amount | undefined {
  const { contract, assumptions } = input.settings
  if (contract.charging !== 'demand' || contract.demandPriceCnyPerKw === undefined || !billedDemand || !load) return undefined
  const cap = exact(percentileOfSorted(load.sorted, assumptions.demandCapPercentile).toFixed(1))
  const gap = billedDemand.power - cap
  return gap <= 0n ? undefined : { cny: rounded(times(gap, contract.demandPriceCnyPerKw), 2), figures: { maximumKw: rounded(billedDemand.power, 1), capKw: cap } }
}

const HOURS_OF_A_YEAR = 8_760n

/** d_base x 8,760 h x mean price: a year. */
export function baseCut({ load, meanPrice, input }: SiteFigures): Amount | undefined {
  if (!load || load.baseLoad.power <= 0) return undefined
  const cut = rounded(times(exact(load.baseLoad.power.toFixed(4)), exact(String(input.settings.assumptions.baseCutShare))), 2)
  const kwh = cut * HOURS_OF_A_YEAR
  return { kwh, cny: meanPrice === undefined ? undefined : rounded(times(kwh, meanPrice), 2), figures: { baseLoadKw: exact(load.baseLoad.power.toFixed(2)), cutKw: cut } }
}

/** The dearer basic charge less the cheaper, where the dearer is in force. */
export function modeSwitch({ twoPart, input }: SiteFigures): Amount | undefined {
  const { charging } = input.settings.contract
  if (!twoPart || charging === 'none' || twoPart.cheaper === 'equal' || twoPart.cheaper === charging) return undefined
  return { cny: twoPart.difference, figures: { capacityFeeCny: twoPart.capacityFee, demandFeeCny: twoPart.demandFee } }
}

/** Loss of the area x (1 - 1/k). The whole loss is taken for resistive, so this is the most it can be. */
export function phaseBalancing({ balancing, lineLoss, meanPrice, input }: SiteFigures): Amount | undefined {
  if (balancing === undefined) return undefined
  // What sub-meters of a plant do not count is used, not lost.
  const judged = input.level === 'area' && lineLoss?.lossClass !== undefined && lineLoss.loss > 0n
  const kwh = judged ? rounded(times(lineLoss.loss, exact(balancing.toFixed(4))), 2) : undefined
  return { kwh, cny: kwh === undefined || meanPrice === undefined ? undefined : rounded(times(kwh, meanPrice), 2), figures: { lossShare: balancing } }
}

/** Losses of the transformer less those of the other one under the same load. */
export function transformerSwap({ transformer, replacement, meanPrice }: SiteFigures): Amount | undefined {
  if (!transformer || !replacement || transformer.loss <= replacement.loss) return undefined
  const kwh = rounded(transformer.loss - replacement.loss, 2)
  return { kwh, cny: meanPrice === undefined ? undefined : rounded(times(kwh, meanPrice), 2), figures: { lossNowKwh: rounded(transformer.loss, 2), lossThenKwh: rounded(replacement.loss, 2) } }
}
