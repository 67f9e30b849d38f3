import { addDays, nextMonth } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { PERIODS, costOf, exact, exactText, sum, times } from '@zhuzhan/energy-audit'
import type { Exact, Period, Tariff } from '@zhuzhan/energy-audit'
import { exactDigits } from '../consumption/consumption.js'
import { moneyUnits, periodDigits, periodEnergy } from '../consumption/periods.js'
import type { PeriodDigits } from '../consumption/periods.js'
import { dayOf } from '../consumption/zone.js'
import { dayFigure } from '../vee/day-figure.js'
import type { DayFigure } from '../vee/day-figure.js'
import { STATE, emptyCurve } from '../vee/series.js'
import type { Thresholds } from '../vee/thresholds.js'
import { daysOfRegister, laterDays, likeWeekdays } from './dependencies.js'
import type { FigureKind, Key } from './graph.js'

export interface MeterOfFigures {
  meter: string
  area: string
  ratio: string
  decimals: number
  fullScale: number
  offsetMinutes: number
  stepMs: number
  tariff: Tariff | undefined
  thresholds: Thresholds
}

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

/** An input (register digits), or a figure of a kind. */
export type StationValue =
  | { kind: 'register'; digits: number }
  | { kind: 'day'; figure: DayFigure; periods: ReadonlyMap<Period, PeriodDigits> }
  | { kind: 'month'; figure: MonthFigure }
  | { kind: 'area'; energy: string | null; meters: number; whyNot: string | null }

export const registerKey = (meter: string, time: number): Key => `register/${meter}/${time}`

/**
 * The figures that are derived from registers, and what each depends on: days of a meter; its months with their cost; days of an area.
 * @param until days after this one have no figures yet
 */
export function stationKinds(meters: readonly MeterOfFigures[], since: LocalDay, until: LocalDay): FigureKind<StationValue>[] {
  const byName = new Map(meters.map((one) => [one.meter, one]))
  const inside = (day: LocalDay): boolean => day >= since && day <= until
  const split = (key: Key): [string, string, string] => key.split('/') as [string, string, string]
  const dayKey = (meter: string, day: LocalDay): Key => `day/${meter}/${day}`
  return [
    {
      kind: 'day',
      affectedBy: (key) => {
        const [kind, subject, when] = split(key)
        const meter = byName.get(subject)
        if (!meter || (kind !== 'register' && kind !== 'day')) return []
        const days = kind === 'register' ? daysOfRegister(Number(when), meter.offsetMinutes) : laterDays(when, meter.thresholds.stepHistoryDays)
        return days.filter(inside).map((day) => dayKey(subject, day))
      },
      compute: (key, read) => {
        const [, subject, day] = split(key)
        const meter = byName.get(subject) as MeterOfFigures
        const { start, slots } = dayOf(day, meter, meter.stepMs)
        const curve = emptyCurve(slots)
        for (let n = 0; n <= slots; n++) {
          const value = read(registerKey(subject, start + n * meter.stepMs))
          if (value?.kind !== 'register') continue
          curve.values[n] = value.digits
          curve.states[n] = STATE.measured
        }
        const earlier = (days: readonly LocalDay[]): (DayFigure | undefined)[] => days.filter(inside).map((one) => {
          const value = read(dayKey(subject, one))
          return value?.kind === 'day' ? value.figure : undefined
        })
        const like = earlier(likeWeekdays(day))
        const energyOf = (one: DayFigure | undefined): number => (one?.complete ? one.energy ?? NaN : NaN)
        const history = earlier(Array.from({ length: meter.thresholds.stepHistoryDays }, (_, n) => addDays(day, -1 - n)))
        const figure = dayFigure({
          ...meter, ratio: Number(meter.ratio), curve, clockSkewMs: undefined, duplicates: [], overlaps: [], electrical: undefined,
          registers: { begin: [curve.values[0] as number], end: [curve.values.at(-1) as number] },
          history: history.map(energyOf), likeDays: like.map(energyOf), profileDays: like.flatMap((one) => (one ? [one.validated] : [])),
        })
        return { kind: 'day', figure, periods: periodDigits(figure.best, start, meter.stepMs, meter.tariff, meter) }
      },
    },
    {
      kind: 'month',
      affectedBy: (key) => {
        const [kind, subject, when] = split(key)
        return kind === 'day' ? [`month/${subject}/${when.slice(0, 7)}`] : []
      },
      compute: (key, read) => {
        const [, subject, month] = split(key)
        const meter = byName.get(subject) as MeterOfFigures
        const days: DayPart[] = []
        let expected = 0
        for (let day = `${month}-01`; day < `${nextMonth(month)}-01`; day = addDays(day, 1)) {
          if (!inside(day)) continue
          expected++
          const value = read(dayKey(subject, day))
          if (value?.kind !== 'day') continue
          const { energy } = value.figure
          days.push({ ...value.figure, day, energy: energy === null ? null : times(exactDigits(energy, meter.decimals), exact(meter.ratio)), periods: periodEnergy(value.periods, meter.decimals, meter.ratio) })
        }
        return { kind: 'month', figure: monthFigure(days, expected, meter.tariff) }
      },
    },
    {
      kind: 'area',
      affectedBy: (key) => {
        const [kind, subject, when] = split(key)
        const meter = byName.get(subject)
        return kind === 'day' && meter ? [`area/${meter.area}/${when}`] : []
      },
      compute: (key, read) => {
        const [, area, day] = split(key)
        const own = meters.filter((one) => one.area === area)
        const energies: Exact[] = []
        for (const meter of own) {
          const value = read(dayKey(meter.meter, day))
          if (value?.kind === 'day' && value.figure.energy !== null) energies.push(times(exactDigits(value.figure.energy, meter.decimals), exact(meter.ratio)))
        }
        const whyNot = energies.length < own.length ? `${own.length - energies.length} of ${own.length} meters have no energy` : null
        return { kind: 'area', energy: whyNot === null ? exactText(sum(energies)) : null, meters: energies.length, whyNot }
      },
    },
  ]
}

/** The day whose figures come first among keys of one kind. */
export function byDay(a: Key, b: Key): number {
  const [, subjectA = '', whenA = ''] = a.split('/')
  const [, subjectB = '', whenB = ''] = b.split('/')
  return whenA.localeCompare(whenB) || subjectA.localeCompare(subjectB)
}
