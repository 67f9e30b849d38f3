import { nonNegative } from '../linear/linear.js'
import type { Matrix } from '../linear/linear.js'

export interface Selection {
  /** Position among the members. */
  member: number
  /** By time of the window, A. */
  hidden: Float64Array
}

/** Noise of a drop in V, and of the power that is short in kW. */
const NOISE_V = 0.045
const NOISE_KW = 0.02
const MOST = 4
/** A further meter must explain this share of what is left. */
const LEAST_GAIN = 0.03

/**
 * Which members draw power beside their meters in a window, any amount at any time: the smallest set of them whose hidden currents explain
 * both the voltage drops left over and the power that is short. Greedy, and every choice tried against the others again.
 * @param unexplained by member and time, V @param short by time, A
 */
export function selectMembers(unexplained: readonly Float64Array[], shared: Matrix, short: Float64Array): Selection[] {
  const count = unexplained.length
  const times = short.length
  if (times === 0) return []
  // One more equation a slot: all hidden currents together are what is short.
  const balance = NOISE_V / ((NOISE_KW * 1_000) / 240)
  const columns = Array.from({ length: count }, (_, k) => Float64Array.from({ length: count + 1 }, (_one, j) => (j === count ? balance : shared[j]![k]!)))
  const plain = columns.map((a) => Float64Array.from(columns, (b) => product(a, b)))
  let total = 0
  const moments = Array.from(short, (ampere, time) => {
    const seen = Float64Array.from({ length: count + 1 }, (_, j) => (j === count ? balance * ampere : unexplained[j]![time]!))
    total += product(seen, seen)
    return Float64Array.from(columns, (column) => product(column, seen))
  })

  /** Squared error left with this set, and its currents by time. */
  const fit = (set: readonly number[], sweeps = 12): { left: number; currents: Float64Array[] } => {
    const part = set.map((a) => Float64Array.from(set, (b) => plain[a]![b]!))
    let left = total
    const currents = moments.map((xy) => {
      const own = Float64Array.from(set, (k) => xy[k]!)
      const solved = nonNegative(part, own, set.length === 1 ? 1 : sweeps)
      for (let a = 0; a < set.length; a++) {
        left -= 2 * solved[a]! * own[a]!
        for (let b = 0; b < set.length; b++) left += solved[a]! * part[a]![b]! * solved[b]!
      }
      return solved
    })
    return { left, currents }
  }
  const others = (set: readonly number[]): number[] => Array.from({ length: count }, (_, k) => k).filter((k) => !set.includes(k))
  const bestOf = (candidates: readonly (readonly number[])[]): { set: readonly number[]; left: number } => candidates.map((set) => ({ set, left: fit(set).left })).reduce((a, b) => (b.left < a.left ? b : a))

  let chosen: readonly number[] = []
  let left = total
  while (chosen.length < Math.min(MOST, count)) {
    const next = bestOf(others(chosen).map((k) => [...chosen, k]))
    if (chosen.length > 0 && left - next.left < Math.max(LEAST_GAIN * left, 2 * NOISE_V ** 2 * times)) break
    ;({ set: chosen, left } = next)
    for (let improved = chosen.length > 1; improved;) {
      improved = false
      for (let place = 0; place < chosen.length; place++) {
        const swapped = bestOf(others(chosen).map((k) => chosen.map((one, index) => (index === place ? k : one))))
        if (swapped.left >= left * 0.9999) continue
        ;({ set: chosen, left } = swapped)
        improved = true
      }
    }
  }
  const { currents } = fit(chosen, 200)
  return chosen.map((member, place) => ({ member, hidden: Float64Array.from(currents, (row) => row[place]!) }))
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
