import { verifySaving } from '../baseline.js'
import type { BaselinePoint } from '../baseline.js'
import { dayType } from '../day-types.js'
import { exact, rounded, times, toNumber } from '../exact.js'
import type { Exact } from '../exact.js'
import type { SiteFigures } from './site-figures.js'

/** A measure taken, judged by an adjusted baseline. Statistics, not a bill: the kWh are rounded before they meet a price. */
export interface Verified {
  measure: string
  grain: 'daily' | 'monthly'
  /** Undefined: too few days with energy on one of the two sides. */
  cvRmseShare?: number
  accepted: boolean
  baselinePoints: number
  points: number
  adjustedKwh?: Exact
  measuredKwh?: Exact
  savingKwh?: Exact
  /** Only where the baseline is accepted and a price is known. */
  savingCny?: Exact
}

export function verifiedSavings({ input, frame, meanPrice }: Pick<SiteFigures, 'input' | 'frame' | 'meanPrice'>): Verified[] {
  return input.settings.verifications.map(({ measure, grain, baselineFrom, baselineTo, from, to, degreeDays }) => {
    const driversOf = (day: string): number[] => {
      const type = dayType(day, frame.holidays)
      const { heating = 0, cooling = 0 } = degreeDays[day] ?? {}
      return [Number(type === 'weekend'), Number(type === 'holiday'), heating, cooling]
    }
    const within = (first: string, end: string): BaselinePoint[] => {
      const days = input.days.filter(({ day }) => day >= first && day < end).map(({ day, energy }) => ({ day, kwh: toNumber(energy), drivers: driversOf(day) }))
      return grain === 'daily' ? days : monthly(days)
    }
    const [before, after] = [within(baselineFrom, baselineTo), within(from, to)]
    const found = verifySaving(before, after, grain)
    const sides = { measure, grain, baselinePoints: before.length, points: after.length }
    if (!found) return { ...sides, accepted: false }
    const kwh = (value: number): Exact => exact(value.toFixed(2))
    const saving = kwh(found.saving)
    return {
      ...sides, cvRmseShare: found.baseline.cvRmse, accepted: found.baseline.accepted,
      adjustedKwh: kwh(found.adjusted), measuredKwh: kwh(found.measured), savingKwh: saving,
      ...(found.baseline.accepted && meanPrice !== undefined && { savingCny: rounded(times(saving, meanPrice), 2) }),
    }
  })
}

/** Days of a month together: energy, number of days, and the sums of what drives it. */
function monthly(days: readonly (BaselinePoint & { day: string })[]): BaselinePoint[] {
  const months = new Map<string, BaselinePoint[]>()
  for (const one of days) months.set(one.day.slice(0, 7), [...(months.get(one.day.slice(0, 7)) ?? []), one])
  return [...months.values()].map((of) => ({
    kwh: of.reduce((total, { kwh }) => total + kwh, 0),
    drivers: [of.length, ...(of[0]?.drivers ?? []).map((_, at) => of.reduce((total, { drivers }) => total + (drivers[at] as number), 0))],
  }))
}
