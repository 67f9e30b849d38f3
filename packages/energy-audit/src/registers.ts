import { exact, sum, times } from './exact.js'
import type { Exact } from './exact.js'
import type { Period } from './tariff.js'

/** Frozen forward active registers of one midnight: index 1 total, 2.. tariff 1.. (reference §7), before ratios. */
export interface DayRegisters {
  /** Epoch ms. */
  time: number
  values: ReadonlyMap<number, Exact>
}

/**
 * Which period a tariff register counts. UNSURE: the common order 尖 峰 平 谷; the meter's own day table decides, and
 * a fifth register is only sometimes the deep valley.
 */
export const REGISTER_PERIODS: readonly Period[] = ['sharp', 'peak', 'flat', 'valley', 'deep']

const TOTAL = 1
/** One digit of a register, kWh. */
const DIGIT = exact('0.01')

export interface RegisterEnergy {
  from: number
  to: number
  total: Exact
  /** By tariff register, where the meter keeps them and they fit the total. */
  byPeriod: ReadonlyMap<Period, Exact> | undefined
  /** The tariff registers do not add up to the total (VEE check 5). */
  mismatch: { sum: Exact; tolerance: Exact } | undefined
}

export type RegisterResult = { kind: 'none' } | { kind: 'backwards'; from: number; to: number } | ({ kind: 'energy' } & RegisterEnergy)

/** Energy between the first and the last midnight with a total register. @param registers by time */
export function registerEnergy(registers: readonly DayRegisters[], ratio: Exact): RegisterResult {
  const usable = registers.filter(({ values }) => values.has(TOTAL))
  const [first, last] = [usable[0], usable.at(-1)]
  if (!first || !last || first === last) return { kind: 'none' }
  const difference = (index: number): Exact | undefined => {
    const [r1, r2] = [first.values.get(index), last.values.get(index)]
    return r1 === undefined || r2 === undefined ? undefined : r2 - r1
  }
  const span = { from: first.time, to: last.time }
  // A fall anywhere inside makes the difference of the ends worthless.
  const falls = usable.some(({ values }, index) => index > 0 && (values.get(TOTAL) as Exact) < (usable[index - 1]?.values.get(TOTAL) as Exact))
  const total = difference(TOTAL) as Exact
  if (falls || total < 0n) return { kind: 'backwards', ...span }

  const tariffs = REGISTER_PERIODS.map((period, index) => [period, difference(index + 2)] as const)
  const kept = tariffs.flatMap(([period, value]) => (value === undefined ? [] : [[period, value] as const]))
  const added = sum(kept.map(([, value]) => value))
  const tolerance = DIGIT * BigInt(Math.max(kept.length, 1))
  const energy = { kind: 'energy' as const, ...span, total: times(total, ratio) }
  // All of them still while the total runs: the meter has no rates programmed.
  const silent = kept.length < 4 || (added === 0n && total > tolerance)
  if (silent) return { ...energy, byPeriod: undefined, mismatch: undefined }
  const gap = added > total ? added - total : total - added
  if (gap > tolerance || kept.some(([, value]) => value < 0n)) {
    return { ...energy, byPeriod: undefined, mismatch: { sum: times(added, ratio), tolerance: times(tolerance, ratio) } }
  }
  return { ...energy, byPeriod: new Map(kept.map(([period, value]) => [period, times(value, ratio)])), mismatch: undefined }
}
