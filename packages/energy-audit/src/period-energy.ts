import { addUp } from './curve.js'
import type { Intervals } from './curve.js'
import { sum } from './exact.js'
import type { Exact } from './exact.js'
import type { LocalDays } from './local-days.js'
import type { RegisterResult } from './registers.js'
import { PERIODS, dayTable } from './tariff.js'
import type { Period, Tariff } from './tariff.js'

export type PeriodEnergy = ReadonlyMap<Period, Exact>

export interface EnergyByPeriod {
  /** Where it comes from: the meter's tariff registers, or the tariff's windows laid over the curve. */
  basis: 'registers' | 'curve'
  periods: PeriodEnergy
  total: Exact
}

/** The tariff's windows laid over the curve. @param month 1 to 12 @param days of these intervals @param isFree whether a day, by its number, is a holiday */
export function curveByPeriod(intervals: Intervals, tariff: Tariff | undefined, month: number, { day, slot }: LocalDays, isFree: readonly boolean[] = []): PeriodEnergy {
  const [ofDay, ofHoliday] = [dayTable(tariff, month, false), dayTable(tariff, month, true)]
  const seen = new Uint8Array(PERIODS.length)
  const sums = addUp(intervals, PERIODS.length, (n) => {
    const period = (isFree[day[n] as number] === true ? ofHoliday : ofDay)[slot[n] as number] as number
    seen[period] = 1
    return period
  })
  return new Map(PERIODS.flatMap((period, place) => (seen[place] === 1 ? [[period, sums[place] as Exact] as const] : [])))
}

/**
 * Registers where the meter's own periods fit the tariff, for they are exact; else the curve. They fit when every period
 * that has energy in a register has a price or ratio in the tariff, and the tariff knows none without a register.
 */
export function energyByPeriod(registers: RegisterResult, curve: PeriodEnergy, tariff: Tariff | undefined, possible: ReadonlySet<Period>): EnergyByPeriod {
  const own = registers.kind === 'energy' ? registers.byPeriod : undefined
  const named = own && new Set([...own].filter(([, energy]) => energy > 0n).map(([period]) => period))
  const fits = named && (tariff === undefined || ([...named].every((period) => possible.has(period)) && [...possible].every((period) => own?.has(period))))
  const [basis, periods] = own && fits ? ['registers' as const, own] : ['curve' as const, curve]
  const ordered = PERIODS.flatMap((period) => (periods.has(period) ? [[period, periods.get(period) as Exact] as const] : []))
  return { basis, periods: new Map(ordered), total: sum(periods.values()) }
}
