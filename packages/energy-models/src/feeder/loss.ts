import { mean } from '../linear/statistics.js'
import { technicalLoss } from './balance.js'
import type { CleanFeeder } from './clean.js'
import type { Feeder } from './readings.js'

export interface DayLoss {
  day: number
  /** Percent of the supply; null with a reason when the data do not carry it. */
  percent: number | null
  reason?: string
  /** Loss by the voltage drops and currents of the meters, percent. */
  technical: number | null
  /** negative, zero band, normal, raised, high: limits as configured, the defaults of analytics §4 (UNSURE: provinces use their own). */
  class: 'negative' | 'zero-band' | 'normal' | 'raised' | 'high' | 'not judged'
  /** Over its technical loss by more than measurements explain. */
  unexplained: boolean
  /** Percentage points that estimated readings may be off by. */
  uncertainty: number
  metersExpected: number
  metersComplete: number
  /** Share of the meters' intervals that are estimated. */
  estimated: number
}

export interface LossLimits { coverage: number; normal: number; raised: number; unexplained: number }
export const LOSS_LIMITS: LossLimits = { coverage: 0.98, normal: 7, raised: 10, unexplained: 0.75 }

/** A meter counts as there on a day with this share of its intervals. */
const MEASURED_SHARE = 0.8
/** Supply of more slots than this share unknown: no loss of the day. */
const UNKNOWN_SUPPLY = 0.1

/** (supply - sales) / supply by day; refused for days with under 98 % of the meters (analytics §4). Sales are what registers counted. */
export function dailyLoss(raw: Feeder, feeder: CleanFeeder, phaseOf: readonly number[], limits = LOSS_LIMITS): DayLoss[] {
  const { slots, meters } = raw
  const technical = [0, 1, 2].map((phase) => technicalLoss(feeder, meters.map((_, meter) => meter).filter((meter) => phaseOf[meter] === phase), phase))
  return raw.days.map((day, index) => {
    const times = Array.from({ length: slots }, (_, slot) => index * slots + slot)
    const sum = (values: Float64Array): number => times.reduce((total, time) => total + (values[time] as number), 0)
    const there = meters.filter((_, meter) => times.filter((time) => Number.isFinite(raw.energy[meter]![time]!)).length >= MEASURED_SHARE * slots).length
    const unknown = mean(times.map((time) => feeder.unknownSupply[time] as number))
    const supply = feeder.supply.reduce((total, one) => total + sum(one), 0) * 24 / slots
    // Energy a still register did not count was not sold.
    const sales = meters.reduce((total, _, meter) => total + times.reduce((part, time) => part + soldAt(raw, feeder, meter, time), 0), 0)
    const estimated = mean(feeder.estimated.flatMap((marks) => times.map((time) => marks[time] as number)))
    const uncertainty = Math.sqrt(meters.reduce((total, _, meter) => total + times.reduce((part, time) => part + (feeder.estimated[meter]![time] === 1 ? feeder.energy[meter]![time]! ** 2 : 0), 0), 0)) / supply * 100
    const known = { day, metersExpected: meters.length, metersComplete: there, estimated: round(estimated, 4), uncertainty: round(uncertainty, 3) }
    const refusal = there < limits.coverage * meters.length ? `only ${there} of ${meters.length} meters have data` : unknown > UNKNOWN_SUPPLY ? `the supply is not known for ${Math.round(unknown * 100)} % of the day` : supply <= 0 ? 'no supply' : undefined
    if (refusal !== undefined) return { ...known, percent: null, reason: refusal, technical: null, class: 'not judged', unexplained: false }
    const percent = ((supply - sales) / supply) * 100
    const explained = (technical.reduce((total, one) => total + sum(one), 0) * 24 / slots / supply) * 100
    return { ...known, percent: round(percent, 4), technical: round(explained, 4), class: classOf(percent, limits), unexplained: percent - explained > limits.unexplained + 2 * uncertainty }
  })
}

function soldAt(raw: Feeder, feeder: CleanFeeder, meter: number, time: number): number {
  const [measured, used] = [raw.energy[meter]![time]!, feeder.energy[meter]![time]!]
  const still = feeder.uncounted[meter]! > 0 && Number.isFinite(measured) && measured >= 0 && measured < used
  return still ? measured : used
}

function classOf(percent: number, { normal, raised }: LossLimits): DayLoss['class'] {
  if (percent < -1) return 'negative'
  if (percent < 0) return 'zero-band'
  return percent <= normal ? 'normal' : percent <= raised ? 'raised' : 'high'
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}
