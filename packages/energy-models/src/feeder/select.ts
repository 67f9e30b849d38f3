import { nonNegative } from '../linear/linear.js'
import type { Matrix } from '../linear/linear.js'
import { GUESS_A } from './resistance.js'

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
 * @param unexplained by member and time, V @param short by time, A @param guesses by time, the members whose readings are guessed: their
 * currents may be off by any amount, and what that explains speaks against nobody
 */
export function selectMembers(unexplained: readonly Float64Array[], shared: Matrix, short: Float64Array, guesses: readonly (readonly number[])[]): Selection[] {
  const count = unexplained.length
  const times = short.length
  if (times === 0) return []
  // One more equation a slot: all hidden currents together are what is short.
  const balance = NOISE_V / ((NOISE_KW * 1_000) / 240)
  const columns = Array.from({ length: count }, (_, k) => Float64Array.from({ length: count + 1 }, (_one, j) => (j === count ? balance : shared[j]![k]!)))
  const plain = columns.map((a) => Float64Array.from(columns, (b) => product(a, b)))
  let total = 0
  const systems = guesses.map((guessed, time) => {
    const seen = Float64Array.from({ length: count + 1 }, (_, j) => (j === count ? balance * short[time]! : unexplained[j]![time]!))
    if (guessed.length === 0) {
      total += product(seen, seen)
      return { xx: plain, xy: Float64Array.from(columns, (column) => product(column, seen)) }
    }
    // What a guessed current would do is taken out of everything (whitening for one direction after another).
    const without = (vector: Float64Array): Float64Array => guessed.reduce((rest, member) => {
      const direction = columns[member] as Float64Array
      const part = product(direction, rest) / (product(direction, direction) + NOISE_V ** 2 / GUESS_A ** 2)
      return rest.map((value, j) => value - part * direction[j]!)
    }, vector)
    const clean = columns.map(without)
    const left = without(seen)
    total += product(left, left)
    // Of a guessed member itself the slot says nothing.
    return { xx: clean.map((a) => Float64Array.from(clean, (b) => product(a, b))), xy: Float64Array.from(clean, (column, k) => (guessed.includes(k) ? 0 : product(column, left))) }
  })

  /** Squared error left with this set, and its currents by time. */
  const fit = (set: readonly number[], sweeps = 12): { left: number; currents: Float64Array[] } => {
    let left = total
    const currents = systems.map(({ xx, xy }) => {
      const part = set.map((a) => Float64Array.from(set, (b) => xx[a]![b]!))
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
