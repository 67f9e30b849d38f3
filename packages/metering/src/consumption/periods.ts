import { PERIODS, exact, periodAt, times } from '@zhuzhan/energy-audit'
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
  const [totals, estimates] = [PERIODS.map(() => 0), PERIODS.map(() => 0)]
  const seen = PERIODS.map(() => false)
  // With a fixed offset a day lies in one month and its intervals follow each other.
  const fixed = 'offsetMinutes' in zone ? wallMinute(start, zone) : undefined
  const ofDay = fixed && periodTable(tariff, holiday, fixed.month, stepMs)
  const first = fixed ? (fixed.minute * MINUTE_MS) / stepMs : 0
  for (let slot = 0; slot < energy.length; slot++) {
    const state = states[slot] as number
    if (!isUsable(state)) continue
    const period = (ofDay ? ofDay[Math.floor(first + slot)] : periodOfWall(tariff, holiday, start + slot * stepMs, stepMs, zone)) ?? FLAT
    const one = energy[slot] as number
    seen[period] = true
    totals[period] = (totals[period] as number) + one
    if (state === STATE.estimated) estimates[period] = (estimates[period] as number) + one
  }
  return new Map(PERIODS.flatMap((name, n) => (seen[n] ? [[name, { total: totals[n] as number, estimated: estimates[n] as number }] as const] : [])))
}

const FLAT = PERIODS.indexOf('flat')

function periodOfWall(tariff: Tariff | undefined, holiday: boolean, time: number, stepMs: number, zone: Zone): number | undefined {
  const { month, minute } = wallMinute(time, zone)
  return periodTable(tariff, holiday, month, stepMs)[Math.floor((minute * MINUTE_MS) / stepMs)]
}

const tables = new WeakMap<Tariff, Map<string, number[]>>()
const WITHOUT: readonly number[] = []

/** The periods of a day's steps as indexes into PERIODS, worked out once for each tariff and month. */
function periodTable(tariff: Tariff | undefined, holiday: boolean, month: number, stepMs: number): readonly number[] {
  if (!tariff) return WITHOUT
  let ofTariff = tables.get(tariff)
  if (!ofTariff) tables.set(tariff, ofTariff = new Map())
  const key = `${month}/${stepMs}/${holiday}`
  let table = ofTariff.get(key)
  if (!table) ofTariff.set(key, table = Array.from({ length: DAY_MS / stepMs }, (_, slot) => PERIODS.indexOf(periodAt(tariff, month, (slot * stepMs) / MINUTE_MS, holiday))))
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
