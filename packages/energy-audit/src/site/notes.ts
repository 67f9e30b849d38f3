import { TARIFFS } from '../tariff-data.js'
import type { Numbers } from './rows.js'
import type { SiteFigures } from './site-figures.js'

/** What a reader must know of how the figures came about: what is assumed, unsure, or not applied. */
export interface Note {
  code: string
  numbers: Numbers
}

export function notesOf({ tariff, frame, cost, periodBasis, powerFactor, mains, intervals, input, prices, basis, scaled, billedDemand, bill }: SiteFigures, hasMeasures: boolean): Note[] {
  const { contract, unsure, assumptions, supply } = input.settings
  const note = (when: boolean, code: string, numbers: Numbers = {}): Note[] => (when ? [{ code, numbers }] : [])
  const part = mains.some(({ registers }) => registers.kind === 'energy' && (registers.from > frame.begin || registers.to < frame.end))
  return [
    ...note(tariff !== undefined && TARIFFS.includes(tariff), 'NOTE_TARIFF', { document: tariff?.document ?? '' }),
    ...note(input.settings.flatPriceCnyPerKwh !== undefined && prices !== undefined && !tariff?.priceCnyPerKwh, 'NOTE_FLAT_PRICE', { flatPriceCnyPerKwh: input.settings.flatPriceCnyPerKwh ?? 0 }),
    ...cost.notApplied.map((text) => ({ code: 'NOTE_NOT_APPLIED', numbers: { text } })),
    ...note(periodBasis === 'registers' && mains.length > 0, 'NOTE_REGISTER_PERIODS'),
    ...note(scaled, 'NOTE_SCALED'),
    ...note(part, 'NOTE_PART_OF_MONTH'),
    ...note(basis === 'curve' || basis === 'mixed', 'NOTE_CURVE_ENERGY'),
    ...note(frame.holidays.size === 0, 'NOTE_NO_HOLIDAYS'),
    ...note(contract.shifts !== undefined, 'NOTE_LOAD_RATE'),
    ...note(contract.powerFactorStandard === '0.85' && (powerFactor?.hundredths ?? 0) >= 94, 'NOTE_TOP_REWARD', { percent: unsure.topReward085 }),
    ...note(powerFactor?.basis === 'registers', 'NOTE_REACTIVE_REGISTER'),
    ...note(powerFactor?.basis === 'curve', 'NOTE_REACTIVE_CURVE'),
    ...note(bill?.adjustment !== undefined, 'NOTE_ADJUSTMENT'),
    ...note(contract.charging !== 'none' && billedDemand?.basis === 'curve', 'NOTE_DEMAND_CURVE'),
    ...note(supply.phases === 3 && mains.length === 1 && (mains[0]?.samples.time.length ?? 0) > 0, 'NOTE_UNBALANCE', { limitShare: unsure.currentUnbalanceLimit }),
    ...note(input.level === 'area', 'NOTE_LOSS_LIMITS'),
    ...note(mains.length > 1, 'NOTE_MAINS', { mains: mains.length, quarterHours: intervals.from.length }),
    ...note(hasMeasures, 'NOTE_ASSUMPTIONS', { shiftShare: assumptions.shiftShare, capShare: assumptions.demandCapPercentile, cutShare: assumptions.baseCutShare }),
  ]
}
