import { gram, moments, nonNegative } from '../linear/linear.js'
import { balanceOf } from './balance.js'
import type { PhaseBalance } from './balance.js'
import type { CleanFeeder } from './clean.js'
import { learnResistances } from './resistance.js'
import { selectMembers } from './select.js'

export interface Suspect {
  meter: string
  /** kWh over all days that did not pass its meter or register, estimated: suspects are ranked by it. */
  score: number
  /** What speaks against it; evidence, not a verdict. */
  evidence: ('register-still' | 'short-all-day' | 'short-by-hours' | 'voltage-drop')[]
}

/** A phase is looked into when this share of a day's supply is unexplained on at least one day. */
export const LEAST_SHORT = 0.015
/** Bands of a day for which each meter gets a factor of its own: 3 h. */
const BANDS = 8
/** Under this share counted a meter is taken for short all day; over it the estimate from resistances says nothing. */
const SHORT_ALL_DAY = 0.8
/** Factors explain a band when less than this of the squared shortage is left. */
const BAND_EXPLAINED = 0.05
/** Suspects below this share of all that is unexplained, or this many kWh a day, are not named. */
const LEAST_SCORE = 0.03
const LEAST_KWH_A_DAY = 0.3
const ROUNDS = 2

/**
 * Where unmetered energy goes. First registers that stand still while current flows; then, phase by phase where power is short: meters that
 * count only a share all day (the supply's shortage follows their load, and resistances are not the same both ways), meters short in some hours
 * (a factor for each meter and 3 h), and where no factors explain the hours, the meters whose voltage drops by more than the metered
 * currents make it. A day without shortage makes nobody a suspect.
 */
export function localise(feeder: CleanFeeder): Suspect[] {
  const length = feeder.days.length * feeder.slots
  const uncounted = feeder.uncounted.map((one) => one.reduce((a, b) => a + b, 0))
  const hidden = feeder.meters.map(() => new Float64Array(length))
  const evidence = feeder.meters.map(() => new Set<Suspect['evidence'][number]>())
  uncounted.forEach((kwh, meter) => { if (kwh > 0) evidence[meter]?.add('register-still') })

  const unread = unreadMeters(feeder)
  const balances = [0, 1, 2].map((phase) => balanceOf(feeder, phase)).filter((balance) => isShort(feeder, balance) && !balance.members.some((meter) => unread.includes(meter)))
  for (const balance of balances) allDay(feeder, balance, hidden, evidence)
  const base = hidden.map((one) => Float64Array.from(one))
  for (let round = 0; round < ROUNDS; round++) for (const balance of balances) byHours(feeder, balance, base, hidden, evidence)

  // Hours were looked into in measured slots only; they stand for all.
  for (const { members, measured } of balances) {
    const share = measured.reduce((a, b) => a + b, 0) / measured.length
    for (const meter of members) hidden[meter] = hidden[meter]!.map((ampere, time) => base[meter]![time]! + (ampere - base[meter]![time]!) / share)
  }
  const perAmp = (0.24 * feeder.powerFactor * 24) / feeder.slots
  const scores = feeder.meters.map((meter, index) => ({
    meter, score: (uncounted[index] as number) + perAmp * (hidden[index] as Float64Array).reduce((a, b) => a + b, 0), evidence: [...evidence[index] ?? []],
  }))
  const total = scores.reduce((sum, { score }) => sum + score, 0)
  return scores.filter(({ score }) => score > LEAST_SCORE * total && score > LEAST_KWH_A_DAY * feeder.days.length)
    .map((one) => ({ ...one, score: Math.round(one.score * 1_000) / 1_000 })).sort((a, b) => b.score - a.score)
}

/** Meters of which neither energy nor current is known half of the time: what they used cannot be told from what passed the others. */
export function unreadMeters({ meters, guessed }: CleanFeeder): number[] {
  return meters.map((_, meter) => meter).filter((meter) => guessed[meter]!.reduce((sum, mark) => sum + mark, 0) > 0.5 * guessed[meter]!.length)
}

/** Is there a day on which more is short than noise, and than what estimated readings may be off by? */
function isShort(feeder: CleanFeeder, { phase, members, short }: PhaseBalance): boolean {
  return feeder.days.some((_, day) => {
    let [missing, supply, variance] = [0, 0, 0]
    for (let time = day * feeder.slots; time < (day + 1) * feeder.slots; time++) {
      if (feeder.unknownSupply[phase]![time] === 1) continue
      missing += short[time] as number
      supply += feeder.supply[phase]![time]!
      for (const meter of members) variance += feeder.variance[meter]![time]! * (feeder.slots / 24) ** 2
    }
    return missing > LEAST_SHORT * supply + 3 * Math.sqrt(variance)
  })
}

/** Meters that count a share of everything: found by resistances that differ both ways, their factors from what is short at least. */
function allDay(feeder: CleanFeeder, balance: PhaseBalance, hidden: Float64Array[], evidence: Set<string>[]): void {
  const { counted } = learnResistances(feeder, balance, hidden)
  const low = balance.members.filter((_, position) => (counted[position] as number) < SHORT_ALL_DAY)
  if (low.length === 0) return
  const factors = envelope(powersOf(feeder, balance.phase, low), balance.short, balance.measured)
  low.forEach((meter, position) => {
    const factor = factors[position] as number
    if (factor < 0.1) return
    evidence[meter]?.add('short-all-day')
    hidden[meter] = (feeder.current[meter] as Float64Array).map((ampere) => ampere * factor)
  })
}

/** Hidden currents of a phase anew: what was found for all day, then by hours what is left. */
function byHours(feeder: CleanFeeder, balance: PhaseBalance, base: readonly Float64Array[], hidden: Float64Array[], evidence: Set<string>[]): void {
  const { members, short, phase, measured } = balance
  const { shared, unexplained: withFound } = learnResistances(feeder, balance, hidden)
  // Drops that the currents found in the last round explain count again: they are looked for anew.
  const unexplained = withFound.map((drops, j) => drops.map((volt, time) => volt + members.reduce((sum, meter, k) => sum + shared[j]![k]! * (hidden[meter]![time]! - base[meter]![time]!), 0)))
  for (const meter of members) hidden[meter] = Float64Array.from(base[meter] as Float64Array)

  const kwPerAmp = 0.24 * feeder.powerFactor
  const left = short.map((kw, time) => kw - members.reduce((sum, meter) => sum + base[meter]![time]!, 0) * kwPerAmp)
  const open: number[] = []
  for (let band = 0; band < BANDS; band++) {
    const times = Array.from(left, (_, time) => time).filter((time) => Math.floor(((time % feeder.slots) * BANDS) / feeder.slots) === band && measured[time] === 1)
    if (times.length === 0) continue
    const sum = (values: Float64Array): number => times.reduce((total, time) => total + (values[time] as number), 0)
    if (sum(left) < 0.01 * sum(feeder.supply[phase] as Float64Array)) continue
    const rows = powersOf(feeder, phase, members, times)
    const wanted = Float64Array.from(times, (time) => Math.max(0, left[time] as number))
    const factors = nonNegative(gram(rows), moments(rows, wanted), 400)
    const error = times.reduce((total, _, index) => total + (wanted[index]! - dot(rows[index]!, factors)) ** 2, 0)
    if (error > BAND_EXPLAINED * times.reduce((total, time) => total + (left[time] as number) ** 2, 0)) {
      open.push(...times)
      continue
    }
    members.forEach((meter, position) => {
      if (factors[position] as number < 0.05) return
      evidence[meter]?.add('short-by-hours')
      for (const time of times) hidden[meter]![time] = hidden[meter]![time]! + feeder.current[meter]![time]! * factors[position]!
    })
  }
  open.sort((a, b) => a - b)
  const window = unexplained.map((drops) => Float64Array.from(open, (time) => drops[time]!))
  for (const { member, hidden: currents } of selectMembers(window, shared, Float64Array.from(open, (time) => Math.max(0, left[time]!) / kwPerAmp))) {
    const meter = members[member] as number
    evidence[meter]?.add('voltage-drop')
    open.forEach((time, index) => { hidden[meter]![time] = hidden[meter]![time]! + currents[index]! })
  }
}

/** By time (or the times given) the metered powers of some meters, kW. */
function powersOf(feeder: CleanFeeder, phase: number, meters: readonly number[], times?: readonly number[]): Float64Array[] {
  const perHour = feeder.slots / 24
  const unknown = feeder.unknownSupply[phase] as Uint8Array
  return Array.from(times ?? unknown, (one, index) => Float64Array.from(meters, (meter) => (unknown[times ? one : index] === 1 ? 0 : feeder.energy[meter]![times ? one : index]! * perHour)))
}

/** Factors that explain at least what is always short: what somebody else takes in some hours must not raise them. */
function envelope(rows: readonly Float64Array[], short: Float64Array, measured: Uint8Array): Float64Array {
  const known = Float64Array.from(measured)
  let factors = nonNegative(gram(rows, known), moments(rows, short, known))
  for (let round = 0; round < 12; round++) {
    const weights = short.map((kw, time) => {
      const over = kw - dot(rows[time] as Float64Array, factors)
      return over > 0 ? known[time]! / (1 + (over / 0.04) ** 2) : known[time]!
    })
    factors = nonNegative(gram(rows, weights), moments(rows, short, weights))
  }
  return factors
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
