import type { Cost } from './cost.js'
import { INTERVAL_MS, energyOf } from './curve.js'
import type { Intervals } from './curve.js'
import { exactText, times, toNumber } from './exact.js'
import type { Exact } from './exact.js'
import { round } from './findings.js'
import type { AuditInput } from './input.js'
import type { Load } from './load.js'
import type { EnergyByPeriod } from './period-energy.js'
import type { RegisterResult } from './registers.js'
import type { SumCheck } from './sum-check.js'

/** Sections of a report as JSON carries them: exact decimals as text, ratios as numbers, each with unit and formula. */

type Iso = (time: number) => string
const orNull = <T, R>(value: T | undefined | null, form: (value: T) => R): R | null => (value == null ? null : form(value))

export function energySection(registers: RegisterResult, intervals: Intervals, check: SumCheck | undefined, iso: Iso) {
  const [first, last] = [intervals.from[0], intervals.from.at(-1)]
  const ofCurve = exactText(energyOf(intervals))
  const total = registers.kind === 'energy'
    ? { value: exactText(registers.total), basis: 'registers', from: iso(registers.from), to: iso(registers.to), formula: '(R2 - R1) x ctRatio x ptRatio' }
    : {
        value: first === undefined ? null : ofCurve,
        basis: 'curve',
        from: orNull(first, iso),
        to: orNull(last, (from) => iso(from + INTERVAL_MS)),
        formula: 'sum of measured 15-minute intervals',
      }
  return {
    unit: 'kWh',
    total,
    intervals: { value: ofCurve, count: intervals.from.length },
    intervalCheck: orNull(check, ({ difference, tolerance }) => ({ difference: exactText(difference), tolerance: exactText(tolerance), holds: difference <= tolerance })),
  }
}

const PERIOD_NOTES = {
  registers: 'tariff registers 1 to 5 taken as sharp, peak, flat, valley, deep; UNSURE, the meter\'s day table decides',
  curve: 'the tariff\'s windows laid over the 15-minute curve; without a tariff everything is flat',
}

export function periodSection(energy: EnergyByPeriod) {
  const share = (value: Exact): number | null => (energy.total === 0n ? null : round(toNumber(value) / toNumber(energy.total)))
  return {
    unit: 'kWh',
    basis: energy.basis,
    periods: Object.fromEntries([...energy.periods].map(([period, value]) => [period, { value: exactText(value), share: share(value) }])),
    note: PERIOD_NOTES[energy.basis],
  }
}

/** @param withheld too little data: amounts are not printed (analytics §3, completeness) */
export function costSection(cost: Cost, withheld: boolean) {
  return {
    unit: 'CNY',
    amount: withheld ? null : orNull(cost.amount, exactText),
    byPeriod: withheld ? {} : Object.fromEntries([...cost.byPeriod].map(([period, value]) => [period, exactText(value)])),
    steps: withheld ? null : orNull(cost.steps, exactText),
    withheld,
    flatEquivalentKwh: orNull(cost.flatEquivalent, exactText),
    notApplied: cost.notApplied,
    formula: 'sum E x price(t) by period',
  }
}

export function demandSection(load: Load | undefined, own: AuditInput['demandRegister'], ratio: Exact, iso: Iso) {
  return {
    unit: 'kW',
    value: orNull(load, ({ maximum }) => exactText(maximum.power)),
    from: orNull(load, ({ maximum }) => iso(maximum.from)),
    to: orNull(load, ({ maximum }) => iso(maximum.to)),
    fromEstimated: load?.maximum.estimated ?? false,
    register: orNull(own, ({ value, occurredAt }) => ({ value: exactText(times(value, ratio)), occurredAt: orNull(occurredAt, iso) })),
    formula: 'largest 15-minute mean power (block); register: the meter\'s own maximum of the month',
  }
}

export function loadSections(load: Load | undefined) {
  return {
    loadFactor: {
      month: orNull(load?.loadFactor, round),
      daily: orNull(load?.dailyLoadFactor.value, round),
      dailyOverDays: load?.dailyLoadFactor.days ?? 0,
      meanPowerKw: orNull(load?.mean, round),
      formula: 'mean P / Pmax; daily: mean over days with all 96 intervals',
    },
    peakValley: {
      unit: 'kW',
      difference: orNull(load?.peakValley.difference, exactText),
      ratio: orNull(load?.peakValley.ratio, round),
      minimum: orNull(load?.minimum.power, exactText),
      formula: 'Pmax - Pmin; (Pmax - Pmin) / Pmax',
    },
    baseLoad: {
      unit: 'kW',
      value: orNull(load?.baseLoad.power, round),
      share: orNull(load?.baseLoad.share, round),
      formula: '5th percentile of 15-minute power; base x hours / energy',
    },
  }
}
