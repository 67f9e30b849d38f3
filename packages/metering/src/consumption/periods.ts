import { exact, periodAt, times } from '@zhuzhan/energy-audit'
import type { Exact, Period, Tariff } from '@zhuzhan/energy-audit'
import { STATE, isUsable } from '../vee/series.js'
import type { Intervals } from '../vee/series.js'
import { exactDigits } from './consumption.js'
import { wallMinute } from './zone.js'
import type { Zone } from './zone.js'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/** Energy by period of a tariff, whole register digits, and how much of it is estimated. */
export interface PeriodDigits {
  total: number
  estimated: number
}

/**
 * Lays a tariff's windows over a day's best intervals. What is not known is in no period: compare the sum with the day's energy.
 * @param start begin of the first interval, epoch ms @param holiday whether the day has the windows of holidays
 */
export function periodDigits({ energy, states }: Intervals, start: number, stepMs: number, tariff: Tariff | undefined, zone: Zone, holiday = false): Map<Period, PeriodDigits> {
  const periods = new Map<Period, PeriodDigits>()
  // With a fixed offset a day lies in one month and its intervals follow each other.
  const fixed = 'offsetMinutes' in zone ? wallMinute(start, zone) : undefined
  for (let slot = 0; slot < energy.length; slot++) {
    const state = states[slot] as number
    if (!isUsable(state)) continue
    const wall = fixed ? undefined : wallMinute(start + slot * stepMs, zone)
    const at = wall ? (wall.minute * MINUTE_MS) / stepMs : (fixed?.minute as number) * MINUTE_MS / stepMs + slot
    const period = periodTable(tariff, holiday, (wall ?? fixed as { month: number }).month, stepMs)[Math.floor(at)] ?? 'flat'
    const one = energy[slot] as number
    const estimated = state === STATE.estimated ? one : 0
    const so = periods.get(period)
    if (so) {
      so.total += one
      so.estimated += estimated
    } else periods.set(period, { total: one, estimated })
  }
  return periods
}

const tables = new WeakMap<Tariff, Map<string, Period[]>>()
const WITHOUT: readonly Period[] = []

/** The periods of a day's steps, worked out once for each tariff and month. */
function periodTable(tariff: Tariff | undefined, holiday: boolean, month: number, stepMs: number): readonly Period[] {
  if (!tariff) return WITHOUT
  let ofTariff = tables.get(tariff)
  if (!ofTariff) tables.set(tariff, ofTariff = new Map())
  const key = `${month}/${stepMs}/${holiday}`
  let table = ofTariff.get(key)
  if (!table) ofTariff.set(key, table = Array.from({ length: DAY_MS / stepMs }, (_, slot) => periodAt(tariff, month, (slot * stepMs) / MINUTE_MS, holiday)))
  return table
}

/** Digits by period as energy, ratios included, kWh. */
export function periodEnergy(periods: ReadonlyMap<Period, { total: number }>, decimals: number, ratio: string): Map<Period, Exact> {
  return new Map([...periods].map(([period, { total }]) => [period, times(exactDigits(total, decimals), exact(ratio))]))
}

const MONEY_UNIT = exact('0.0001')

/** An amount of money as a whole count of 0.0001 CNY. Amounts of `costOf` are rounded to that already. */
export function moneyUnits(amount: Exact): bigint {
  return amount / MONEY_UNIT
}
