import { HesError } from '@zhuzhan/core'
import { LEAD_DAYS, METHODS, createCandidates } from './candidates.js'
import type { Method, Single } from './candidates.js'
import type { Load } from './load.js'

export interface Accuracy { wape: number; mape: number | null; nrmse: number }

export interface ForecastReport extends Accuracy {
  target: string
  /** The candidate that was chosen on most days. */
  method: Method
  /** Days forecast and compared, the first and the last. */
  days: number
  from: string
  to: string
  /** Every candidate on the same days. */
  candidates: Record<Method, Accuracy>
  completeness: number
  refused: Record<string, number>
  /** By time. */
  points: { time: string; forecast: number; measured: number | null; method: Method }[]
}

export interface ForecastOptions {
  /** First day, ms of the wall time; the first possible one unless said. */
  from?: number
  /** Hour of the day before at which a day is forecast. */
  issueHour?: number
}

/** Days of back-test behind a choice, newest known first. */
const CHOICE_DAYS = 28
const LEAST_CHOICE_DAYS = 3
const SINGLES = METHODS.filter((method): method is Single => method !== 'combined')
/** Against the best: who erred more has no part in what they say together. */
const WORST_COMBINED = 1.35
const CLEARLY = 0.97
const DAY_MS = 86_400_000
const LEAST_COMPLETENESS = 0.7
/** Days before which nothing was compared start with what usually does well. */
const FIRST_CHOICE: Method = 'mean-7-days'

/**
 * Walks forward: each day is forecast at 10:00 of the day before from what was known then; the candidate is the one with the least error over the
 * last 28 days already compared, or all of them together.
 * @throws HesError DATA_REFUSED when there is too little, or no load at all
 */
export function walkForward(load: Load, { from, issueHour = 10 }: ForecastOptions = {}): ForecastReport {
  if (load.completeness < LEAST_COMPLETENESS) throw new HesError('DATA_REFUSED', `Only ${Math.round(load.completeness * 100)} % of the values are there.`)
  if (!load.values.some((value) => value !== 0)) throw new HesError('DATA_REFUSED', 'The series is zero everywhere.')
  if (load.values.every((value) => value === load.values[0])) throw new HesError('DATA_REFUSED', 'The series never changes: a meter that stands still.')
  const issueSlot = Math.floor((issueHour * load.perDay) / 24)
  const first = Math.max(LEAD_DAYS + 1, from === undefined ? 0 : Math.ceil((from - load.start) / DAY_MS))
  if (first >= load.days) throw new HesError('DATA_REFUSED', `A forecast needs ${LEAD_DAYS + 1} days before it; the series has ${load.days} days${from === undefined ? '' : ' and the first asked for is too late or too early'}.`)

  const candidatesOf = createCandidates(load, issueSlot)
  const errors: Partial<Record<Method, number>>[] = []
  const tallies = Object.fromEntries([...METHODS, 'chosen'].map((method) => [method, emptyTally()])) as Record<Method | 'chosen', Tally>
  const chosenDays = new Map<Method, number>()
  const points: ForecastReport['points'] = []
  let [compared, lastDay] = [0, first]
  // Choices need a past: candidates are compared from some weeks before the first day asked for.
  for (let day = Math.max(LEAD_DAYS, first - CHOICE_DAYS - 14); day < load.days; day++) {
    const singles = candidatesOf(day)
    if (!singles) continue
    const errorOf = lately(errors, day - 2)
    const forecasts: Record<Method, Float64Array> = { ...singles, combined: combine(singles, errorOf) }
    const times = Array.from({ length: load.perDay }, (_, slot) => day * load.perDay + slot)
    const seen = times.filter((time) => load.measured[time] === 1)
    errors[day] = Object.fromEntries(METHODS.map((method) => [method, seen.reduce((sum, time) => sum + Math.abs(forecasts[method][time % load.perDay]! - load.values[time]!), 0)]))
    if (day < first) continue
    const chosen = choose(errorOf)
    chosenDays.set(chosen, (chosenDays.get(chosen) ?? 0) + 1)
    for (const time of times) points.push({ time: wallText(load.start + (time * DAY_MS) / load.perDay), forecast: forecasts[chosen][time % load.perDay]!, measured: load.measured[time] === 1 ? load.values[time]! : null, method: chosen })
    if (seen.length === 0) continue
    compared++
    lastDay = day
    for (const method of METHODS) count(tallies[method], seen, forecasts[method], load)
    count(tallies.chosen, seen, forecasts[chosen], load)
  }
  if (compared === 0) throw new HesError('DATA_REFUSED', 'None of the days asked for was measured.')
  const [method] = [...chosenDays].sort((a, b) => b[1] - a[1])[0]!
  return {
    ...accuracy(tallies.chosen), target: load.target, method, days: compared, from: wallText(load.start + first * DAY_MS).slice(0, 10), to: wallText(load.start + lastDay * DAY_MS).slice(0, 10),
    candidates: Object.fromEntries(METHODS.map((one) => [one, accuracy(tallies[one])])) as Record<Method, Accuracy>, completeness: round(load.completeness), refused: load.refused, points,
  }
}

/** Sums of a candidate's errors over the days compared lately; undefined while they are too few to judge by. */
type Lately = (method: Method) => number

function lately(errors: readonly Partial<Record<Method, number>>[], last: number): Lately | undefined {
  const known = errors.slice(Math.max(0, last - CHOICE_DAYS + 1), last + 1).filter((one) => one !== undefined)
  return known.length < LEAST_CHOICE_DAYS ? undefined : (method) => known.reduce((sum, one) => sum + (one[method] ?? 0), 0)
}

/** The candidates together, the better ones more. */
function combine(forecasts: Record<Single, Float64Array>, errorOf: Lately | undefined): Float64Array {
  if (!errorOf) return forecasts['mean-7-days']
  const totals = SINGLES.map(errorOf)
  const best = Math.min(...totals)
  const weights = totals.map((total) => (total > WORST_COMBINED * best ? 0 : total === 0 ? 1 : (best / total) ** 4))
  const sum = weights.reduce((a, b) => a + b, 0)
  return forecasts.ridge.map((_, slot) => SINGLES.reduce((value, method, index) => value + (weights[index]! / sum) * forecasts[method][slot]!, 0))
}

/** Together they err least as a rule: one alone is taken when it was clearly better. */
function choose(errorOf: Lately | undefined): Method {
  if (!errorOf) return FIRST_CHOICE
  return METHODS.reduce<Method>((best, method) => (errorOf(method) < errorOf(best) * (best === 'combined' ? CLEARLY : 1) ? method : best), 'combined')
}

interface Tally { absolute: number; squared: number; size: number; share: number; shares: number; count: number }

function emptyTally(): Tally {
  return { absolute: 0, squared: 0, size: 0, share: 0, shares: 0, count: 0 }
}

function count(tally: Tally, times: readonly number[], forecast: Float64Array, { values, perDay }: Load): void {
  for (const time of times) {
    const error = Math.abs(forecast[time % perDay]! - values[time]!)
    tally.absolute += error
    tally.squared += error ** 2
    tally.size += Math.abs(values[time]!)
    tally.count++
    if (Math.abs(values[time]!) < 1e-9) continue
    tally.share += error / Math.abs(values[time]!)
    tally.shares++
  }
}

/** As shares of 1: 0.15 is 15 %. */
function accuracy({ absolute, squared, size, share, shares, count: n }: Tally): Accuracy {
  return { wape: round(absolute / size), mape: shares === 0 ? null : round(share / shares), nrmse: round(Math.sqrt(squared / n) / (size / n)) }
}

function wallText(time: number): string {
  return new Date(time).toISOString().slice(0, 19).replace('T', ' ')
}

function round(value: number): number {
  return Math.round(value * 1e5) / 1e5
}
