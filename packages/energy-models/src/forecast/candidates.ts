import { boost, boostedScore } from '../boosting/boosting.js'
import type { BoostedTrees } from '../boosting/boosting.js'
import { ridge } from '../linear/linear.js'
import { median } from '../linear/statistics.js'
import type { Load } from './load.js'

export const METHODS = ['yesterday', 'last-week', 'median-weekdays', 'mean-7-days', 'ridge', 'boosted', 'blend'] as const
export type Method = (typeof METHODS)[number]

/** Days a learnt candidate looks back at, how often it is learnt anew, and days needed before a day for all features. */
const LEARN_DAYS = 84
const LEARN_EVERY = 7
export const LEAD_DAYS = 29
const LEAST_LEARNT = 14
const RIDGE = 3

/** The day ahead is forecast at this hour of the day before: of that day only what lies before is known. */
export interface Issue { hour: number }

/** Value of a slot `back` days before day `day`, as known when day `day` is forecast; 1 is the day before, where its slot is over, else two. */
function known({ values, perDay }: Load, day: number, slot: number, back: number, issueSlot: number): number {
  const lag = back === 1 && slot >= issueSlot ? 2 : back
  return values[(day - lag) * perDay + slot]!
}

/** The four naive forecasts of a day. */
export function naive(load: Load, day: number, method: 'yesterday' | 'last-week' | 'median-weekdays' | 'mean-7-days', issueSlot: number): Float64Array {
  const at = (slot: number, back: number): number => known(load, day, slot, back, issueSlot)
  return Float64Array.from({ length: load.perDay }, (_, slot) => {
    if (method === 'yesterday') return at(slot, 1)
    if (method === 'last-week') return at(slot, 7)
    if (method === 'median-weekdays') return median([7, 14, 21, 28].map((back) => at(slot, back)))
    const first = slot < issueSlot ? 1 : 2
    return Array.from({ length: 7 }, (_one, index) => at(slot, first + index)).reduce((a, b) => a + b, 0) / 7
  })
}

/** Features of every slot of a day, in units of the load's usual size; the constant last. */
function featureRows(load: Load, day: number, issueSlot: number, scale: number): Float64Array[] {
  const { perDay, values, start } = load
  const at = (slot: number, back: number): number => known(load, day, slot, back, issueSlot) / scale
  const weekly = naive(load, day, 'median-weekdays', issueSlot)
  const week = naive(load, day, 'mean-7-days', issueSlot)
  const meanOf = (from: number, to: number): number => {
    let sum = 0
    for (let time = from; time < to; time++) sum += values[time]!
    return sum / Math.max(1, to - from) / scale
  }
  // How the day before begins against the mornings of the week before it.
  const morning = meanOf((day - 1) * perDay, (day - 1) * perDay + issueSlot)
  const mornings = [2, 3, 4, 5, 6, 7, 8].reduce((sum, back) => sum + meanOf((day - back) * perDay, (day - back) * perDay + issueSlot), 0) / 7
  const lastHours = meanOf((day - 1) * perDay + Math.max(0, issueSlot - Math.ceil(perDay / 12)), (day - 1) * perDay + issueSlot)
  const lastHoursBefore = [2, 3, 4, 5, 6, 7, 8].reduce((sum, back) => sum + meanOf((day - back) * perDay + Math.max(0, issueSlot - Math.ceil(perDay / 12)), (day - back) * perDay + issueSlot), 0) / 7
  const whole = [2, 7].map((back) => meanOf((day - back) * perDay, (day - back + 1) * perDay))
  const month = meanOf((day - 29) * perDay, (day - 1) * perDay)
  const weekday = new Date(start + day * 86_400_000).getUTCDay()
  const rest = weekday === 0 || weekday === 6 ? 1 : 0
  const smooth = (slot: number, back: number): number => {
    const [a, b] = [Math.max(0, slot - 1), Math.min(perDay - 1, slot + 1)]
    return (at(a, back) + at(slot, back) + at(b, back)) / 3
  }
  return Array.from({ length: perDay }, (_, slot) => {
    const angle = (2 * Math.PI * slot) / perDay
    const waves = [1, 2, 3].flatMap((times) => [Math.sin(times * angle), Math.cos(times * angle)])
    return Float64Array.from([
      smooth(slot, 1), smooth(slot, 2), smooth(slot, 3), smooth(slot, 7), smooth(slot, 14), weekly[slot]! / scale, week[slot]! / scale,
      morning - mornings, lastHours - lastHoursBefore, whole[0]! - whole[1]!, month, slot < issueSlot ? 1 : 0, (morning - mornings) * (slot < issueSlot ? 1 : 0),
      rest, weekday === 1 ? 1 : 0, weekday === 5 ? 1 : 0, weekday === 6 ? 1 : 0, slot / perDay, ...waves, ...waves.slice(0, 4).map((wave) => wave * rest), 1,
    ])
  })
}

interface Learnt { coefficients: Float64Array; trees: BoostedTrees; at: number }

/**
 * Forecasts of one load by every candidate, learning anew each week from what was known then.
 * @returns forecast by method; undefined while there is too little before the day
 */
export function createCandidates(load: Load, issueSlot: number): (day: number) => Record<Method, Float64Array> | undefined {
  let learnt: Learnt | undefined
  let scale = 0
  const rowsOf = new Map<number, Float64Array[]>()
  const rows = (day: number): Float64Array[] => {
    let found = rowsOf.get(day)
    if (!found) rowsOf.set(day, found = featureRows(load, day, issueSlot, scale))
    return found
  }
  /** The last day that is whole when `day` is forecast is two before it. */
  const learn = (day: number): Learnt | undefined => {
    const to = day - 2
    const from = Math.max(LEAD_DAYS, to - LEARN_DAYS + 1)
    if (to - from + 1 < LEAST_LEARNT) return undefined
    if (scale === 0) {
      // The size of the load at the first learning serves for good: it only keeps numbers near 1.
      for (let time = from * load.perDay; time < (to + 1) * load.perDay; time++) scale += Math.abs(load.values[time]!)
      scale = scale / ((to + 1 - from) * load.perDay) || 1
    }
    const x: Float64Array[] = []
    const y: number[] = []
    const weights: number[] = []
    for (let one = from; one <= to; one++) {
      rows(one).forEach((row, slot) => {
        const time = one * load.perDay + slot
        if (load.measured[time] === 0) return
        x.push(row)
        y.push(load.values[time]! / scale)
        weights.push(0.5 ** ((to - one) / 45))
      })
    }
    if (x.length < LEAST_LEARNT * load.perDay * 0.5) return undefined
    const [coefficients] = ridge(x, [y], RIDGE, Float64Array.from(weights))
    const linear = x.map((row) => dot(row, coefficients!))
    // Trees learn what the linear forecast leaves over.
    const trees = boost(x, y.map((value, index) => value - linear[index]!), { loss: 'squared', trees: 60, depth: 4, rate: 0.06, leastRows: 30, lambda: 10, rows: 0.6, features: 0.6, bins: 32, seed: 7 }, weights)
    return { coefficients: coefficients!, trees, at: day }
  }
  return (day) => {
    if (day < LEAD_DAYS) return undefined
    if (!learnt || day - learnt.at >= LEARN_EVERY) learnt = learn(day) ?? learnt
    const simple = { yesterday: naive(load, day, 'yesterday', issueSlot), 'last-week': naive(load, day, 'last-week', issueSlot), 'median-weekdays': naive(load, day, 'median-weekdays', issueSlot), 'mean-7-days': naive(load, day, 'mean-7-days', issueSlot) }
    if (!learnt) return { ...simple, ridge: simple['mean-7-days'], boosted: simple['mean-7-days'], blend: simple['mean-7-days'] }
    const { coefficients, trees } = learnt
    const linear = Float64Array.from(rows(day), (row) => dot(row, coefficients) * scale)
    const boosted = Float64Array.from(rows(day), (row, slot) => linear[slot]! + boostedScore(trees, row) * scale)
    const blend = linear.map((value, slot) => (value + boosted[slot]! + simple['mean-7-days'][slot]!) / 3)
    return { ...simple, ridge: linear, boosted, blend }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
