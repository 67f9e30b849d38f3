import { ridge } from '../linear/linear.js'
import type { Matrix } from '../linear/linear.js'
import { median } from '../linear/statistics.js'
import { dropOf } from './balance.js'
import type { PhaseBalance } from './balance.js'
import type { CleanFeeder } from './clean.js'

/** How the voltage drop of each member follows from the currents: the feeder's own resistances, learnt from its readings. */
export interface Resistances {
  /** By member and member, ohm, as estimated: column k is too large by 1/f where meter k counts only a share f. */
  raw: Matrix
  /** The same both ways round, none negative. */
  shared: Matrix
  /** By member: share of its current that it counts, from reciprocity. About 1 for an honest meter. */
  counted: number[]
  /** By member and time, V: drop that metered currents do not explain. */
  unexplained: Float64Array[]
}

/** Volts of noise of a mean voltage shown to 0.1 V. */
const NOISE_V = 0.045
/** What a guessed current elsewhere adds, V. */
const GUESS_V = 0.02
/** Less weight together than this, in slots, and every slot counts the same. */
const LEAST_WEIGHT = 80
const STRENGTH = 0.04

/**
 * Drops against the currents of all meters, slots with much unmetered power counting little. A meter voltage's constant error goes into the
 * constant. Resistances between two places are the same both ways, so that R(j,k) / R(k,j) tells the shares two meters count.
 * @param hidden by meter and time, A: current already found beside the meters
 */
export function learnResistances(feeder: CleanFeeder, { phase, members, short, measured }: PhaseBalance, hidden: readonly Float64Array[]): Resistances {
  const volts = 1_000 / 240 / feeder.powerFactor
  const found = (time: number): number => members.reduce((sum, meter) => sum + (hidden[meter] as Float64Array)[time]!, 0) / volts
  const guesses = (time: number): number => feeder.guessed.reduce((sum, marks) => sum + marks[time]!, 0)
  const weights = short.map((kw, time) => (measured[time] === 0 ? 0 : NOISE_V ** 2 / (NOISE_V ** 2 + (0.1 * Math.max(0, kw - found(time)) * 4) ** 2 + GUESS_V ** 2 * guesses(time))))
  if (weights.reduce((a, b) => a + b, 0) < LEAST_WEIGHT) weights.set(measured)

  const rows = Array.from(short, (_, time) => Float64Array.from([...feeder.meters.map((_meter, meter) => feeder.current[meter]![time]! + (hidden[meter] as Float64Array)[time]!), 1]))
  const drops = members.map((meter) => dropOf(feeder, meter, phase))
  const fitted = (coefficients: Float64Array, time: number): number => rows[time]!.reduce((sum, value, place) => sum + value * coefficients[place]!, 0)
  const solved = ridge(rows, drops, STRENGTH, weights)

  const raw = members.map((_, j) => Float64Array.from(members, (meter) => (solved[j] as Float64Array)[meter] as number))
  const shared = raw.map((row, j) => row.map((value, k) => Math.max(0, (value + raw[k]![j]!) / 2)))
  const ratios = members.map((_, j) => Math.exp(median(members.map((_one, k) => Math.log(Math.max(raw[j]![k]!, 1e-3) / Math.max(raw[k]![j]!, 1e-3))))))
  const usual = median(ratios)
  const unexplained = members.map((_, j) => drops[j]!.map((drop, time) => drop - fitted(solved[j]!, time)))
  return { raw, shared, counted: ratios.map((ratio) => ratio / usual), unexplained }
}
