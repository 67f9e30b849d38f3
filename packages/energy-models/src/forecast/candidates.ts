import { boost, boostedScore } from '../boosting/boosting.js'
import type { BoostedTrees } from '../boosting/boosting.js'
import { ridge } from '../linear/linear.js'
import { median } from '../linear/statistics.js'
import type { Load } from './load.js'

export const METHODS = ['yesterday', 'last-week', 'median-weekdays', 'mean-7-days', 'ridge', 'hourly', 'boosted', 'combined'] as const
export type Method = (typeof METHODS)[number]
/** What is forecast from a load alone; `combined` is weighed from these by the errors they made. */
export type Single = Exclude<Method, 'combined'>

/** Days a learnt candidate looks back at, how often it is learnt anew, and days needed before a day for all features. */
const LEARN_DAYS = 182
/** Trees cost most of the time, and gain nothing from what is older. */
const TREE_DAYS = 84
const HALF_LIFE_DAYS = 60
const HOURS = 24
const LEARN_EVERY = 7
export const LEAD_DAYS = 29
/** All the days before a day that its forecast can use. */
export const FORECAST_LOOK_BACK_DAYS = LEARN_DAYS + LEAD_DAYS
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

interface Learnt { coefficients: Float64Array; hourly: Float64Array[]; trees: BoostedTrees; at: number }

/**
 * Forecasts of one load by every candidate, learning anew each week from what was known then.
 * @returns forecast by method; undefined while there is too little before the day
 */
export function createCandidates(load: Load, issueSlot: number): (day: number) => Record<Single, Float64Array> | undefined {
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
    const hourOf: number[] = []
    for (let one = from; one <= to; one++) {
      rows(one).forEach((row, slot) => {
        const time = one * load.perDay + slot
        if (load.measured[time] === 0) return
        x.push(row)
        y.push(load.values[time]! / scale)
        weights.push(0.5 ** ((to - one) / HALF_LIFE_DAYS))
        hourOf.push(Math.floor((slot * HOURS) / load.perDay))
      })
    }
    if (x.length < LEAST_LEARNT * load.perDay * 0.5) return undefined
    const [coefficients] = ridge(x, [y], RIDGE, Float64Array.from(weights))
    const linear = x.map((row) => dot(row, coefficients!))
    // Trees, and a linear forecast for each hour, learn what the one for all hours leaves over.
    const left = y.map((value, index) => value - linear[index]!)
    const recent = Math.max(0, x.length - TREE_DAYS * load.perDay)
    const trees = boost(x.slice(recent), left.slice(recent), { loss: 'squared', trees: 60, depth: 4, rate: 0.06, leastRows: 30, lambda: 10, rows: 0.6, features: 0.6, bins: 32, seed: 7 }, weights.slice(recent))
    const hourly = Array.from({ length: HOURS }, (_, hour) => leftByHour(x, left, weights, hourOf, hour))
    return { coefficients: coefficients!, hourly, trees, at: day }
  }
  return (day) => {
    if (day < LEAD_DAYS) return undefined
    if (!learnt || day - learnt.at >= LEARN_EVERY) learnt = learn(day) ?? learnt
    const simple = { yesterday: naive(load, day, 'yesterday', issueSlot), 'last-week': naive(load, day, 'last-week', issueSlot), 'median-weekdays': naive(load, day, 'median-weekdays', issueSlot), 'mean-7-days': naive(load, day, 'mean-7-days', issueSlot) }
    if (!learnt) return { ...simple, ridge: simple['mean-7-days'], hourly: simple['mean-7-days'], boosted: simple['mean-7-days'] }
    const { coefficients, trees } = learnt
    const linear = Float64Array.from(rows(day), (row) => dot(row, coefficients) * scale)
    const boosted = Float64Array.from(rows(day), (row, slot) => linear[slot]! + boostedScore(trees, row) * scale)
    const hourly = Float64Array.from(rows(day), (row, slot) => linear[slot]! + dot(row, learnt!.hourly[Math.floor((slot * HOURS) / load.perDay)]!) * scale)
    return { ...simple, ridge: linear, hourly, boosted }
  }
}

/** What the forecast for all hours leaves over in one, learnt with half the weight from the hours beside it. */
function leftByHour(x: readonly Float64Array[], left: readonly number[], weights: readonly number[], hourOf: readonly number[], hour: number): Float64Array {
  const away = (index: number): number => { const hours = Math.abs(hourOf[index]! - hour); return Math.min(hours, HOURS - hours) }
  const near = x.map((_, index) => index).filter((index) => away(index) <= 1)
  const own = Float64Array.from(near, (index) => weights[index]! * (away(index) === 0 ? 1 : 0.5))
  return ridge(near.map((index) => x[index]!), [near.map((index) => left[index]!)], RIDGE, own)[0]!
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
