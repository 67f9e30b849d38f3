import { divided, exact, squareRoot, sum, times, toNumber } from './exact.js'
import type { Exact } from './exact.js'

/** Standards of the rule of 1983 (水电财字215号): industry over 160 kVA at high voltage; others of 100 kVA and above; farming. */
export const POWER_FACTOR_STANDARDS = ['0.90', '0.85', '0.80'] as const
export type PowerFactorStandard = (typeof POWER_FACTOR_STANDARDS)[number]

/** UNSURE: percent of the bill from 0.94 up under the standard 0.85; one public implementation uses 1.00, the reference 1.10. */
export type TopReward085 = '1.10' | '1.00'

/** Percent of the bill times 100, by power factor times 100; minus is a reward. Data of the rule (analytics §3). */
interface Rule {
  standard: number
  /** Reward by hundredth of the power factor, rising; the last holds for everything above. */
  rewards: readonly (readonly [from: number, percent: number])[]
  /** Surcharge: 0.5 for each 0.01 down to here, then 1 down to `second`, then 2. */
  first: number
  second: number
}

const steps = (from: number, to: number, each: number): (readonly [number, number])[] =>
  Array.from({ length: to - from + 1 }, (_, index) => [from + index, -each * (index + 1)] as const)

const RULES: Record<PowerFactorStandard, (top: TopReward085) => Rule> = {
  '0.90': () => ({ standard: 90, rewards: steps(91, 95, 15), first: 70, second: 65 }),
  '0.85': (top) => ({ standard: 85, rewards: [...steps(86, 90, 10), [91, -65], [92, -80], [93, -95], [94, top === '1.10' ? -110 : -100]], first: 65, second: 60 }),
  '0.80': () => ({ standard: 80, rewards: [...steps(81, 90, 10), [91, -115], [92, -130]], first: 60, second: 55 }),
}

/** Percent of the bill, plus is a surcharge. @param hundredths power factor rounded to 0.01, times 100 */
export function adjustmentPercent(standard: PowerFactorStandard, hundredths: number, top: TopReward085 = '1.10'): Exact {
  const rule = RULES[standard](top)
  const reward = rule.rewards.filter(([from]) => hundredths >= from).at(-1)?.[1] ?? 0
  const below = (limit: number, low: number): number => Math.max(0, Math.min(limit, rule.standard) - Math.max(hundredths, low))
  const surcharge = below(rule.standard, rule.first) * 50 + below(rule.first, rule.second) * 100 + below(rule.second, 0) * 200
  return (BigInt(reward + surcharge) * exact('1')) / 100n
}

/** Ep / sqrt(Ep^2 + Eq^2), to 0.01 half up, times 100. Whole numbers throughout: it decides about money. @returns undefined without energy */
export function powerFactorHundredths(active: Exact, reactive: Exact): number | undefined {
  if (active <= 0n) return undefined
  const apparent = active * active + reactive * reactive
  // pf >= (2h - 1) / 200
  const reaches = (h: number): boolean => 40_000n * active * active >= BigInt(2 * h - 1) ** 2n * apparent
  let hundredths = 100
  while (hundredths > 0 && !reaches(hundredths)) hundredths--
  return hundredths
}

/** kvarh of an interval from its energy and power factor: E x sqrt(1 - pf^2) / pf. @param powerFactor sign is left out; 0 gives nothing */
export function reactiveOf(energy: Exact, powerFactor: Exact): Exact {
  const factor = powerFactor < 0n ? -powerFactor : powerFactor
  const one = exact('1')
  return factor === 0n || factor >= one ? 0n : divided(times(energy, squareRoot(one - times(factor, factor))), factor)
}

export interface PowerFactor {
  /** From registers of active and reactive energy, or from the curve's power factors: then an estimate. */
  basis: 'registers' | 'curve'
  active: Exact
  reactive: Exact
  hundredths: number
  /** By the standard of the contract; undefined without one. */
  percent: Exact | undefined
  /** Mean power times (tan phi1 - tan phi2), kvar, to reach the standard; 0 where it is reached. */
  compensation: Exact | undefined
}

/** @param meanPower kW @returns undefined without energy */
export function powerFactorOf(energy: { basis: PowerFactor['basis']; active: Exact; reactive: Exact }, meanPower: Exact, standard: PowerFactorStandard | undefined, top: TopReward085): PowerFactor | undefined {
  const hundredths = powerFactorHundredths(energy.active, energy.reactive)
  if (hundredths === undefined) return undefined
  return {
    ...energy,
    hundredths,
    percent: standard && adjustmentPercent(standard, hundredths, top),
    compensation: standard && compensationOf(meanPower, divided(energy.reactive, energy.active), standard),
  }
}

/** Qc = P (tan phi1 - tan phi2), kvar. @param tangent kvarh per kWh now */
export function compensationOf(power: Exact, tangent: Exact, standard: PowerFactorStandard): Exact {
  const target = reactiveOf(exact('1'), exact(standard))
  return tangent > target ? times(power, tangent - target) : 0n
}

/**
 * Reactive energy of a curve; undefined when under nine tenths of the energy has a power factor. What has none is taken like the rest.
 * @param byFactor energy by power factor
 */
export function reactiveOfCurve(byFactor: ReadonlyMap<Exact, Exact>, all: Exact): Exact | undefined {
  const seen = sum(byFactor.values())
  if (seen <= 0n || toNumber(seen) < 0.9 * toNumber(all)) return undefined
  return divided(times(sum([...byFactor].map(([powerFactor, energy]) => reactiveOf(energy, powerFactor))), all), seen)
}
