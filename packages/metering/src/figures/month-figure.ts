import type { LocalDay } from '@zhuzhan/core'
import { PERIODS, costOf, exactText, sum } from '@zhuzhan/energy-audit'
import type { Exact, Period, Tariff } from '@zhuzhan/energy-audit'
import { moneyUnits } from '../consumption/periods.js'

/** What a month is summed up from. */
export interface DayPart {
  day: LocalDay
  /** kWh, ratios included; null: refused. */
  energy: Exact | null
  whyNot: string | null
  estimatedShare: number
  mayAct: boolean
  periods: ReadonlyMap<Period, Exact>
}

export interface MonthFigure {
  /** kWh, ratios included; null when a day has none. */
  energy: string | null
  whyNot: string | null
  days: number
  estimatedShare: number
  byPeriod: Record<string, string>
  /** Whole count of 0.0001 CNY; null where the tariff has no price or the periods do not hold all of the energy. */
  cost: string | null
  /** What of the tariff is not in the cost, and why. */
  notApplied: string[]
  mayAct: boolean
}

/** Sums up the days of a month. A day without energy leaves the month without: nothing is left out silently. */
export function monthFigure(days: readonly DayPart[], expectedDays: number, tariff: Tariff | undefined): MonthFigure {
  const missing = days.find(({ energy }) => energy === null)
  const whyNot = missing ? `${missing.day}: ${missing.whyNot}` : days.length < expectedDays ? `${expectedDays - days.length} days have no figure` : null
  const known = sum(days.map(({ energy }) => energy ?? 0n))
  const byPeriod = new Map<Period, Exact>()
  for (const { periods } of days) for (const [period, energy] of periods) byPeriod.set(period, (byPeriod.get(period) ?? 0n) + energy)
  const whole = whyNot === null && sum(byPeriod.values()) === known
  const cost = costOf(tariff, byPeriod, undefined)
  return {
    energy: whyNot === null ? exactText(known) : null,
    whyNot, days: days.length,
    estimatedShare: days.length === 0 ? 0 : days.reduce((total, { estimatedShare }) => total + estimatedShare, 0) / days.length,
    byPeriod: Object.fromEntries([...byPeriod].sort(([one], [other]) => PERIODS.indexOf(one) - PERIODS.indexOf(other)).map(([period, energy]) => [period, exactText(energy)])),
    cost: whole && cost.amount !== undefined ? moneyUnits(cost.amount).toString() : null,
    notApplied: whole ? cost.notApplied : ['amounts: the energy is not known, or not by period'],
    mayAct: whyNot === null && days.every(({ mayAct }) => mayAct),
  }
}
