import { quantile } from '../linear/statistics.js'
import { NOISE_KW, levels, shortSomewhere } from './levels.js'
import { ampereOf } from './meters.js'
import type { MeterReadings } from './meters.js'
import type { DropSupply } from './supply.js'

/** One phase with everything known of it; `readings` and `supply` are corrected in place. */
export interface PhaseReadings {
  phase: number
  members: readonly number[]
  slots: number
  readings: MeterReadings
  voltage: readonly Float64Array[]
  supplyVoltage: Float64Array
  /** kW, NaN where not known. */
  supply: Float64Array
  byDrops: DropSupply | undefined
}

/** What is known of the supply of a phase once its slots are judged. */
export interface JudgedSupply {
  /** By time: 1 where the supply was not known or not believed, and is estimated. */
  unknown: Uint8Array
  /** Squared error expected of it, kWh². */
  variance: Float64Array
  /** kWh of a day that slots differ by from their neighbours without a reason: readings that are wrong and do not show, by day. */
  scatter: Float64Array
}

/** Noise of the shortage of a slot, kW, and as a share of the supply. */
const NOISE = { kw: NOISE_KW, share: 0.002 } as const
/** What the level around is off by, as a part of the variance around it: the same slots tell about several. */
const LEVEL_ERROR = 0.8
/** What theft takes in single peaks lies outside of what a variance says. */
const PEAKS = 2.5
/** Share of the readings taken for wrong before anything is looked at. */
const WRONG = 0.01
/** Standard errors from which a slot is not like those around it. */
const APART = 5

/**
 * Judges and estimates by what a phase is short of, supply less meters less technical loss, in slots in which everything was measured: that level,
 * whatever it is, is taken to hold in the slots between. So power that passes no meter stays what it is measured to be.
 * Decides which of two contradicting readings is right, finds readings over what was supplied and supplies that neither drops nor meters carry, and
 * corrects estimates as far as the shortage around is steady.
 */
export function judgePhase(phase: PhaseReadings, refuse: (reason: string, count?: number) => void): JudgedSupply {
  const { members, readings, supply, slots } = phase
  const length = supply.length
  const unknown = Uint8Array.from(supply, (kw) => (Number.isFinite(kw) ? 0 : 1))
  const perHour = slots / 24
  const lossAt = (time: number): number => members.reduce((sum, meter) => sum + lossOf(phase, meter, time), 0)
  const carriedAt = (time: number): number => members.reduce((sum, meter) => sum + readings.energy[meter]![time]! * perHour, 0) + lossAt(time)
  const short = Float64Array.from(supply, (kw, time) => kw - carriedAt(time))
  const update = (time: number): void => { short[time] = (supply[time] as number) - carriedAt(time) }
  const openAt = (time: number): number[] => members.filter((meter) => readings.guessed[meter]![time] === 1)
  const trusted = (): Uint8Array => Uint8Array.from(short, (_, time) => (unknown[time] === 0 && openAt(time).length === 0 ? 1 : 0))
  const openVariance = (time: number): number => openAt(time).reduce((sum, meter) => sum + readings.variance[meter]![time]! * perHour ** 2, 0)
  const put = (meter: number, time: number, kwh: number): void => {
    readings.energy[meter]![time] = kwh
    readings.current[meter]![time] = ampereOf(kwh, phase.voltage[meter]![time]!, readings.factors[meter] as number, 1 / perHour)
  }

  // Supplies first: what neither the drops nor the meters carry.
  let around = levels(short, trusted(), true)
  if (around) {
    for (let time = 0; time < length; time++) {
      if (unknown[time] === 1) continue
      const { level, variance } = around(time)
      // Guesses are far out more often than their variance says; for that no supply is blamed.
      const all = variance + 9 * openVariance(time) + (NOISE.share * (supply[time] as number)) ** 2
      if (Math.abs((short[time] as number) - level) < 6 * Math.sqrt(all)) continue
      if (supplyIsWrong(phase.byDrops, time, supply[time] as number, carriedAt(time) + level, all)) {
        unknown[time] = 1
        supply[time] = short[time] = NaN
        refuse('supply contradicts drops and meters')
      }
    }
    around = levels(short, trusted(), true)
  }
  // Then the readings that contradict each other, the likelier of the two by shortage and by the neighbours in time.
  const doubts = readings.doubts.filter(({ meter }) => members.includes(meter)).sort((a, b) => a.time - b.time)
  for (const { meter, time, byEnergy, byCurrent } of doubts) {
    const [usual, variance] = [readings.energy[meter]![time]!, readings.variance[meter]![time]!]
    const judged = [byEnergy, byCurrent].map((kwh) => {
      const own = Math.min(8, Math.abs(Math.log(Math.max(kwh, 1e-4) / Math.max(usual, 1e-4))) * 1.5)
      if (!around || unknown[time] === 1) return own
      const { level, variance: steady } = around(time)
      const apart = (short[time] as number) - (kwh - usual) * perHour - level
      return own + Math.min(20, apart ** 2 / (2 * (steady + Math.max(0, openVariance(time) - variance * perHour ** 2))))
    }) as [number, number]
    const byE = judged[0] < judged[1]
    const sure = 1 / (1 + Math.exp(-Math.abs(judged[0] - judged[1])))
    put(meter, time, byE ? byEnergy : byCurrent)
    if (byE) readings.estimated[meter]![time] = 0
    readings.guessed[meter]![time] = 0
    readings.variance[meter]![time] = sure * (1 - sure) * (byEnergy - byCurrent) ** 2
    update(time)
  }
  // Readings over what came in: nobody steals into a feeder.
  around = levels(short, trusted(), true)
  if (around) {
    const times = Array.from(short, (_, time) => time).filter((time) => unknown[time] === 0)
    const apart = (time: number): number => { const { level, variance } = around!(time); return ((short[time] as number) - level) / Math.sqrt(variance + openVariance(time)) }
    const sum = (sign: number): number => times.reduce((total, time) => total + (sign * apart(time) > APART ? Math.abs(short[time] as number) : 0), 0)
    // Where as much is too low as too high the readings got mixed up, and taking out one half would make the loss wrong.
    const mixedUp = sum(-1) < 2 * sum(1) && !shortSomewhere(short, supply, trusted(), slots)
    for (const time of times) {
      for (let found = 0; found < 3; found++) {
        const { level, variance } = around(time)
        const left = short[time] as number
        if (left > -0.1 - NOISE.share * (supply[time] as number) || apart(time) > -APART) break
        const over = overcounted(phase, time, left - level, variance + openVariance(time), mixedUp)
        if (over === undefined) break
        refuse('energy over what was supplied')
        const { guessed, estimated, variance: errors } = readings
        guessed[over.meter]![time] = estimated[over.meter]![time] = 1
        errors[over.meter]![time] = over.variance
        put(over.meter, time, over.usual)
        update(time)
      }
    }
  }
  // What was guessed follows the balance as far as the shortage around is steadier than the guess.
  around = levels(short, trusted(), false)
  const steadyPhase = !shortSomewhere(short, supply, trusted(), slots)
  const supplyVariance = new Float64Array(length)
  for (let time = 0; time < length; time++) {
    const open = openAt(time)
    const expected = openVariance(time)
    if (unknown[time] === 1) {
      const { level, variance } = around?.(time) ?? { level: 0, variance: Infinity }
      supply[time] = carriedAt(time) + level
      supplyVariance[time] = (variance * (1 + LEVEL_ERROR)) / perHour ** 2
      continue
    }
    if (open.length === 0 || !around || expected === 0) continue
    const { level, variance } = around(time)
    const steady = variance + NOISE.kw ** 2 + (NOISE.share * (supply[time] as number)) ** 2
    // What customers switch on is far out more often than a variance says: where nothing else makes the shortage unsteady, it tells.
    const own = expected + (steadyPhase ? ((short[time] as number) - level) ** 2 / 4 : 0)
    const share = own / (own + steady)
    const shift = (((short[time] as number) - level) * share) / perHour
    const parts = shared(shift, open.map((meter) => readings.energy[meter]![time]!), open.map((meter) => readings.variance[meter]![time]!))
    open.forEach((meter, place) => {
      put(meter, time, readings.energy[meter]![time]! + parts[place]!)
      readings.variance[meter]![time] = (readings.variance[meter]![time]! / expected) * (share * steady + LEVEL_ERROR * share ** 2 * variance) * (steadyPhase ? 1 : PEAKS)
    })
    update(time)
  }
  // In a phase that is not short what is too much is as wrong as what is too little; unmetered power makes a shortage unsteady one way.
  const scatter = Float64Array.from({ length: length / slots }, (_, day) => {
    let sum = 0
    for (let time = day * slots; time < (day + 1) * slots; time++) {
      const apart = unknown[time] === 1 || !around ? 0 : (short[time] as number) - around(time).level
      if (apart < 0 || steadyPhase) sum += (steadyPhase ? 1 : 2) * apart ** 2
    }
    return Math.sqrt(sum) / perHour
  })
  return { unknown, variance: supplyVariance, scatter }
}

/** A shift of the sum by parts in the ratio of the variances, none below zero in the end. */
function shared(shift: number, energies: readonly number[], variances: readonly number[]): number[] {
  const parts = energies.map(() => 0)
  for (let open = energies.map((_, place) => place), left = shift; open.length > 0;) {
    const total = open.reduce((sum, place) => sum + variances[place]!, 0)
    const down = open.filter((place) => energies[place]! + (left * variances[place]!) / total < 0)
    if (down.length === 0) {
      for (const place of open) parts[place] = (left * variances[place]!) / total
      break
    }
    for (const place of down) {
      parts[place] = -energies[place]!
      left += energies[place]!
    }
    open = open.filter((place) => !down.includes(place))
  }
  return parts
}

/** Loss of a meter's current on its way, kW: voltage drop times current over the power factor. */
function lossOf({ voltage, supplyVoltage, readings }: PhaseReadings, meter: number, time: number): number {
  if (!(supplyVoltage[time]! > 0 && voltage[meter]![time]! > 0)) return 0
  return (((supplyVoltage[time] as number) - voltage[meter]![time]!) * readings.current[meter]![time]!) / 1_000 / readings.powerFactor
}

/** Is a supply wrong that the meters do not carry? Only if the voltage drops say rather what the meters say. */
function supplyIsWrong(byDrops: DropSupply | undefined, time: number, kw: number, carried: number, variance: number): boolean {
  const predicted = byDrops?.kw[time] ?? NaN
  if (!byDrops || !Number.isFinite(predicted)) return kw < 0 || kw > 4 * carried + 20 || kw < carried / 4
  const error = 2 * (byDrops.error + 0.05 * Math.abs(predicted)) ** 2
  return (kw - predicted) ** 2 / error - (carried - predicted) ** 2 / (error + 2 * variance) > -Math.log(WRONG)
}

/** The reading that was most likely too high, when the meters show more than was supplied. */
function overcounted({ members, readings, slots }: PhaseReadings, time: number, apart: number, variance: number, onlyNeverSeen: boolean): { meter: number; usual: number; variance: number } | undefined {
  const perHour = slots / 24
  let best: { meter: number; usual: number; variance: number } | undefined
  let most = Math.log(members.length / WRONG)
  for (const meter of members) {
    if (readings.guessed[meter]![time] === 1) continue
    const [before, after, now] = [readings.energy[meter]![time - 1], readings.energy[meter]![time + 1], readings.energy[meter]![time]!]
    const usual = before !== undefined && after !== undefined ? (before + after) / 2 : before ?? after ?? 0
    if (now <= usual || (onlyNeverSeen && !neverSeen(readings.energy[meter] as Float64Array, time))) continue
    const own = Math.max(usual * usual, (0.1 * now) ** 2, 1e-4)
    const without = variance + own * perHour ** 2
    const gain = apart ** 2 / (2 * variance) - (apart + (now - usual) * perHour) ** 2 / (2 * without) - Math.log(without / variance) / 2 + Math.min(10, (now - usual) / Math.sqrt(own))
    if (gain > most) {
      most = gain
      best = { meter, usual, variance: own }
    }
  }
  return best
}

/** Far over everything else the meter shows. */
function neverSeen(values: Float64Array, time: number): boolean {
  return (values[time] as number) > 1.5 * quantile(values.map((value, other) => (other === time ? NaN : value)), 0.999)
}
