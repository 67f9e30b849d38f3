import { INTERVAL_MS } from './curve.js'
import type { Interval } from './curve.js'
import { sum } from './exact.js'
import type { Exact } from './exact.js'
import type { RegisterResult } from './registers.js'
import { PERIODS, periodAt } from './tariff.js'
import type { Period, Tariff } from './tariff.js'

export type PeriodEnergy = ReadonlyMap<Period, Exact>

export interface EnergyByPeriod {
  /** Where it comes from: the meter's tariff registers, or the tariff's windows laid over the curve. */
  basis: 'registers' | 'curve'
  periods: PeriodEnergy
  total: Exact
}

const DAY_SLOTS = 96
const SLOT_MINUTES = INTERVAL_MS / 60_000

/** The tariff's windows laid over the curve. @param month 1 to 12 @param slotOf quarter hour of the local day, 0 to 95 @param holiday whether an instant lies in one */
export function curveByPeriod(intervals: readonly Interval[], tariff: Tariff | undefined, month: number, slotOf: (time: number) => number, holiday?: (time: number) => boolean): PeriodEnergy {
  const table = (isHoliday: boolean): Period[] => Array.from({ length: DAY_SLOTS }, (_, slot) => periodAt(tariff, month, slot * SLOT_MINUTES, isHoliday))
  const [dayTable, holidayTable] = [table(false), table(true)]
  const periods = new Map<Period, Exact>()
  for (const { from, energy } of intervals) {
    const period = (holiday?.(from) ? holidayTable : dayTable)[slotOf(from)] as Period
    periods.set(period, (periods.get(period) ?? 0n) + energy)
  }
  return periods
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
