import { technicalLoss } from './balance.js'
import type { CleanFeeder } from './clean.js'
import type { Feeder } from './readings.js'

export interface DayLoss {
  day: number
  /** Percent of the supply; null with a reason when the data do not carry it. */
  percent: number | null
  reason?: string
  /** Loss by the voltage drops and currents of the meters, percent; null without voltages. */
  technical: number | null
  /** negative, zero band, normal, raised, high: limits as configured, the defaults of analytics §4 (UNSURE: provinces use their own). */
  class: 'negative' | 'zero-band' | 'normal' | 'raised' | 'high' | 'not judged'
  /** Over its technical loss by more than measurements explain. */
  unexplained: boolean
  /** Percentage points the figure may be off by for readings that are estimated, in doubt or scattered: two standard errors. */
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
const UNKNOWN_SUPPLY = 0.2
/** A figure that may be off by more points than this, and by more than this share of itself, is none. */
const MOST_UNCERTAIN = { points: 1, share: 0.25 } as const

/** (supply - sales) / supply by day; refused for days with under 98 % of the meters (analytics §4). Sales are what registers counted. */
export function dailyLoss(raw: Feeder, feeder: CleanFeeder, limits = LOSS_LIMITS): DayLoss[] {
  const { slots, meters } = raw
  const noVoltages = feeder.noVoltage.every(Boolean) || raw.supplyVoltage.some((one) => !one.some(Number.isFinite))
  const technical = [0, 1, 2].map((phase) => technicalLoss(feeder, meters.map((_, meter) => meter).filter((meter) => feeder.phaseOf[meter] === phase), phase))
  return raw.days.map((day, index) => {
    const times = Array.from({ length: slots }, (_, slot) => index * slots + slot)
    const sum = (values: ArrayLike<number>): number => times.reduce((total, time) => total + (values[time] as number), 0)
    const sumOf = (series: readonly ArrayLike<number>[]): number => series.reduce((total, one) => total + sum(one), 0)
    const there = meters.filter((_, meter) => times.filter((time) => Number.isFinite(raw.energy[meter]![time]!)).length >= MEASURED_SHARE * slots).length
    const unknown = sumOf(feeder.unknownSupply) / feeder.unknownSupply.length / slots
    const supply = sumOf(feeder.supply) * 24 / slots
    // Energy a still register did not count was not sold.
    const sales = sumOf(feeder.energy) - sumOf(feeder.uncounted)
    const estimated = sumOf(feeder.estimated) / meters.length / slots
    const ofEstimates = sumOf(feeder.variance) + sumOf(feeder.supplyVariance)
    const points = (variance: number): number => 2 * Math.sqrt(variance) / supply * 100
    const uncertainty = points(ofEstimates + (feeder.scatter[index] as number) ** 2)
    const percent = ((supply - sales) / supply) * 100
    const known = { day, metersExpected: meters.length, metersComplete: there, estimated: round(estimated, 4), uncertainty: Number.isFinite(uncertainty) ? round(uncertainty, 3) : 100 }
    const refusal = there < limits.coverage * meters.length ? `only ${there} of ${meters.length} meters have data` : unknown > UNKNOWN_SUPPLY ? `the supply is not known for ${Math.round(unknown * 100)} % of the day` : !(supply > 0) ? 'no supply'
      : known.uncertainty > Math.max(MOST_UNCERTAIN.points, MOST_UNCERTAIN.share * Math.abs(percent)) ? `estimated readings may put it off by ${known.uncertainty.toFixed(1)} points` : undefined
    if (refusal !== undefined) return { ...known, percent: null, reason: refusal, technical: null, class: 'not judged', unexplained: false }
    const explained = noVoltages ? null : round((sumOf(technical) * 24 / slots / supply) * 100, 4)
    return { ...known, percent: round(percent, 4), technical: explained, class: classOf(percent, limits), unexplained: explained !== null && percent - explained > limits.unexplained + points(ofEstimates) }
  })
}

function classOf(percent: number, { normal, raised }: LossLimits): DayLoss['class'] {
  if (percent < -1) return 'negative'
  if (percent < 0) return 'zero-band'
  return percent <= normal ? 'normal' : percent <= raised ? 'raised' : 'high'
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}
