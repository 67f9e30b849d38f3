import { exact, rounded, sum, times } from './exact.js'
import type { Exact } from './exact.js'
import type { PeriodEnergy } from './period-energy.js'
import { PERIODS } from './tariff.js'
import type { Period, Tariff } from './tariff.js'

export interface Cost {
  /** CNY, to 0.0001; absent with the reason. */
  amount: Exact | undefined
  byPeriod: ReadonlyMap<Period, Exact>
  /** Part of the amount that yearly steps add. */
  steps: Exact | undefined
  /** Energy at the flat price that would cost the same, kWh: sum E x ratio. */
  flatEquivalent: Exact | undefined
  /** What of the tariff was not applied, and why. */
  notApplied: string[]
}

/** A number of the tariff's data as it is written there. */
const price = (value: number): Exact => exact(String(value))

/** CNY for a kWh by period. */
export type Prices = ReadonlyMap<Period, Exact>

/** The tariff's own prices, or its ratios times a flat price; undefined where neither tells. @param flatPrice CNY/kWh */
export function pricesOf(tariff: Tariff, flatPrice?: Exact): Prices | undefined {
  const table = tariff.priceCnyPerKwh ?? (flatPrice === undefined || tariff.ratioOtherMonths ? undefined : tariff.ratio)
  if (!table) return undefined
  const factor = tariff.priceCnyPerKwh || flatPrice === undefined ? exact('1') : flatPrice
  return new Map(PERIODS.flatMap((period) => (table[period] === undefined ? [] : [[period, times(price(table[period]), factor)] as const])))
}

/**
 * sum E x price (analytics §3). @param before energy of the year up to the month's begin, kWh, for tariffs with yearly steps;
 * undefined where no register tells
 */
export function costOf(tariff: Tariff | undefined, periods: PeriodEnergy, before: Exact | undefined, known: { prices?: Prices | undefined; holidays?: boolean } = {}): Cost {
  const cost: Cost = { amount: undefined, byPeriod: new Map(), steps: undefined, flatEquivalent: undefined, notApplied: [] }
  if (!tariff) return { ...cost, notApplied: ['the meter has no known tariff'] }
  if (tariff.holidayDeep && known.holidays !== true) cost.notApplied.push('deep valley on holidays: there is no holiday table')
  if (tariff.ratio) {
    if (tariff.ratioOtherMonths) cost.notApplied.push('ratios: the source does not say in which months the other ones hold')
    else cost.flatEquivalent = weighed(periods, tariff.ratio)
  }
  const prices = known.prices ?? pricesOf(tariff)
  if (!prices) {
    cost.notApplied.push('amounts: the tariff gives ratios to the flat price and no price')
    return cost
  }
  const unpriced = [...periods].filter(([period, energy]) => energy > 0n && !prices.has(period)).map(([period]) => period)
  if (unpriced.length > 0) {
    cost.notApplied.push(`amounts: no price for ${unpriced.join(', ')}`)
    return cost
  }
  cost.byPeriod = new Map([...periods].map(([period, energy]) => [period, rounded(times(energy, prices.get(period) ?? 0n), 4)]))
  cost.amount = sum(cost.byPeriod.values())
  if (tariff.yearlyStepsKwh && tariff.stepSurchargeCnyPerKwh) {
    if (before === undefined) cost.notApplied.push('yearly steps: no register of the year\'s begin')
    else {
      cost.steps = stepSurcharge(before, sum(periods.values()), tariff.yearlyStepsKwh, tariff.stepSurchargeCnyPerKwh)
      cost.amount += cost.steps
    }
  }
  return cost
}

/** Surcharge of the part of `energy` that lies in each step when `before` was used already, CNY. */
export function stepSurcharge(before: Exact, energy: Exact, steps: readonly number[], surcharges: readonly number[]): Exact {
  const bounds = [0n, ...steps.map(price)]
  const after = before + energy
  const parts = bounds.map((low, index) => {
    const high = bounds[index + 1] ?? (after > low ? after : low)
    const inside = (value: Exact): Exact => (value < low ? low : value > high ? high : value)
    return times(inside(after) - inside(before), price(surcharges[index] ?? 0))
  })
  return rounded(sum(parts), 4)
}

function weighed(periods: PeriodEnergy, ratios: Partial<Record<Period, number>>): Exact | undefined {
  const parts = [...periods].map(([period, energy]) => (ratios[period] === undefined ? undefined : times(energy, price(ratios[period]))))
  return parts.some((part) => part === undefined) ? undefined : sum(parts as Exact[])
}
