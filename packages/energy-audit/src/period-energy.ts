import { addUp } from './curve.js'
import type { Intervals } from './curve.js'
import { sum } from './exact.js'
import type { Exact } from './exact.js'
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

/** The tariff's windows laid over the curve. @param month 1 to 12 @param slotOf quarter hour of the local day, 0 to 95 @param holiday whether an instant lies in one */
export function curveByPeriod(intervals: Intervals, tariff: Tariff | undefined, month: number, slotOf: (time: number) => number, holiday?: (time: number) => boolean): PeriodEnergy {
  const [ofDay, ofHoliday] = [dayTable(tariff, month, false), dayTable(tariff, month, true)]
  const seen = new Set<number>()
  const sums = addUp(intervals, PERIODS.length, (n) => {
    const from = intervals.from[n] as number
    const period = (holiday?.(from) ? ofHoliday : ofDay)[slotOf(from)] as number
    seen.add(period)
    return period
  })
  return new Map([...seen].map((period) => [PERIODS[period] as Period, sums[period] as Exact]))
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
