import { gram, moments, solvePositive } from '../linear/linear.js'
import { mean, median } from '../linear/statistics.js'

/** Supply of a phase as the voltage drops show it. */
export interface DropSupply {
  /** By time, kW; NaN where no drop is known. */
  kw: Float64Array
  /** Standard error, kW. */
  error: number
}

const ROUNDS = 8

/**
 * What the supply of each phase must be by the voltage drops to its meters, learnt from all slots of the days (robust regression on the mean
 * drops of the three phases). Power that passes no meter drops voltages as well: this tells wrong supply readings from unmetered power.
 * @param supply by phase and time, kW @param supplyVoltage, voltage NaN where nothing was read @param phaseOf by meter
 * @returns undefined where there are too few slots to learn from
 */
export function supplyByDrops(supply: readonly Float64Array[], supplyVoltage: readonly Float64Array[], voltage: readonly Float64Array[], phaseOf: readonly number[]): (DropSupply | undefined)[] {
  const length = supply[0]?.length ?? 0
  const drops = supplyVoltage.map((from, phase) => {
    const members = voltage.flatMap((one, meter) => (phaseOf[meter] === phase ? [one.map((value, time) => (from[time] as number) - value)] : []))
    const levels = members.map((one) => median(one))
    return Float64Array.from({ length }, (_, time) => mean(members.map((one, place) => (one[time] as number) - (levels[place] as number))))
  })
  const rows = Array.from({ length }, (_, time) => Float64Array.from([...drops.map((one) => one[time] as number), 1]))
  return supply.map((one) => {
    const known = rows.map((row, time) => (row.every(Number.isFinite) && Number.isFinite(one[time] as number) ? 1 : 0))
    if (known.filter((one) => one === 1).length < 40) return undefined
    const [xs, ys] = [rows.map((row, time) => (known[time] === 1 ? row : new Float64Array(row.length))), one.map((kw, time) => (known[time] === 1 ? kw : 0))]
    // Thousand-fold readings must not take part in the first fit.
    const usual = median(one)
    let weights = one.map((kw, time) => (known[time] === 1 && kw >= 0 && kw < 10 * usual ? 1 : 0))
    let [fitted, error] = [new Float64Array(length), NaN]
    for (let round = 0; round < ROUNDS; round++) {
      const xx = gram(xs, weights)
      xx.forEach((row, i) => { row[i] = (row[i] as number) + 1e-6 })
      const [solved] = solvePositive(xx, [moments(xs, ys, weights)]) as [Float64Array]
      fitted = Float64Array.from(rows, (row) => row.reduce((sum, value, place) => sum + value * (solved[place] as number), 0))
      error = 1.48 * median(one.map((kw, time) => (known[time] === 1 ? Math.abs(kw - (fitted[time] as number)) : NaN)))
      weights = one.map((kw, time) => (known[time] === 1 ? 1 / (1 + ((kw - (fitted[time] as number)) / (3 * Math.max(error, 0.05))) ** 2) ** 2 : 0))
    }
    return { kw: fitted, error: Math.max(error, 0.1) }
  })
}
