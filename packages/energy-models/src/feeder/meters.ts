import { median, quantile } from '../linear/statistics.js'
import { fillGaps, gapVariance } from './gaps.js'
import type { Feeder } from './readings.js'
import { takeOut } from './voltages.js'

/** Energy and current of one slot that contradict each other: one of the two is wrong. kWh. */
export interface Doubt { meter: number; time: number; byEnergy: number; byCurrent: number }

/** What each meter says by itself; every value is there, what was missing or refused is estimated and marked. */
export interface MeterReadings {
  /** By meter and time: kWh, A. */
  energy: Float64Array[]
  current: Float64Array[]
  /** 1 where the energy is estimated, and of these where neither energy nor current stands behind it. */
  estimated: Uint8Array[]
  guessed: Uint8Array[]
  /** Squared error expected of the energy, kWh²; 0 where it was measured. */
  variance: Float64Array[]
  /** By meter and time, kWh: what current and voltage show and the register did not count (register still or slow). */
  uncounted: Float64Array[]
  /** Power factor of each meter, E / (U I t), and the middle one. */
  factors: Float64Array
  powerFactor: number
  /** Readings not decided yet: they stand as guessed. */
  doubts: Doubt[]
}

/** Energy against U x I: apart by this share at most, less where the meter usually agrees better. */
const CONSISTENT = { most: 0.2, least: 0.03, spreads: 8 } as const
/** What U x I must show at least, kWh of a slot, before a register is compared with it. */
const LEAST_KWH = 0.004
/** From this share of its readings on, or an hour in a row, a contradiction is the meter's state and not single wrong readings. */
const STATE_SHARE = 0.2
/** Under this share of what current and voltage show, a register counts too little. */
const SLOW_REGISTER = 0.6
/** Over this no power factor can be: the current is another scale's, and only the energy is believed. */
const MOST_FACTOR = 1.05
/** Times the 95th percentile: nothing a customer switches on. What lies below is judged by comparing. */
const IMPLAUSIBLE = 40
/** A meter that shows nothing at all in up to this share of its slots, never three times in a row, was read wrongly then. */
const RARE_ZEROS = 0.03
/** A gap of over 2 h is off as a whole by about this share. */
const LONG_GAP = 0.4

/** @param voltage every value there */
export function judgeMeters(raw: Feeder, voltage: readonly Float64Array[], refuse: (reason: string, count?: number) => void): MeterReadings {
  const { slots } = raw
  const hours = 24 / slots
  const length = raw.days.length * slots
  const energy = raw.energy.map((one) => Float64Array.from(one))
  const current = raw.current.map((one) => Float64Array.from(one))
  // Without any voltage in the feeder a current says nothing about energy.
  const shown = (meter: number, time: number): number => (((voltage[meter] as Float64Array)[time] || NaN) * ((current[meter] as Float64Array)[time] as number) * hours) / 1_000
  raw.meters.forEach((_, meter) => {
    const [e, i] = [energy[meter] as Float64Array, current[meter] as Float64Array]
    refuse('current implausible', takeOut(i, implausible(i)))
    refuse('energy implausible', takeOut(e, implausible(e)))
    refuse('nothing shown for a slot or two', singleZeros(e, i))
    refuse('row repeated', repeatedRows(e, i, raw.voltage[meter] as Float64Array))
  })
  const logRatios = raw.meters.map((_, meter) => (energy[meter] as Float64Array).map((kwh, time) => (shown(meter, time) > LEAST_KWH ? Math.log(kwh / shown(meter, time)) : NaN)))
  const ratios = logRatios.map((one) => Math.exp(median(one)))
  const powerFactor = Math.min(1, median(ratios.map((ratio) => (ratio <= MOST_FACTOR ? ratio : NaN)))) || 0.95
  const out: MeterReadings = {
    energy, current, powerFactor, factors: new Float64Array(raw.meters.length), doubts: [],
    estimated: raw.meters.map(() => new Uint8Array(length)), guessed: raw.meters.map(() => new Uint8Array(length)),
    variance: raw.meters.map(() => new Float64Array(length)), uncounted: raw.meters.map(() => new Float64Array(length)),
  }
  raw.meters.forEach((_, meter) => {
    const ratio = ratios[meter] as number
    if (ratio > MOST_FACTOR) refuse('current of another scale', takeOut(current[meter] as Float64Array, () => true))
    const spread = 1.48 * median((logRatios[meter] as Float64Array).map((value) => Math.abs(value - Math.log(ratio))))
    const factor = ratio > SLOW_REGISTER * powerFactor && ratio <= MOST_FACTOR ? ratio : powerFactor
    out.factors[meter] = factor
    const apart = Math.min(CONSISTENT.most, Math.max(CONSISTENT.least, CONSISTENT.spreads * spread || CONSISTENT.most))
    oneMeter(out, meter, (time) => shown(meter, time) * factor, apart, Math.max(spread || 0.05, 0.01), hours, voltage[meter] as Float64Array)
    const gapOf = gapLengths(energy[meter] as Float64Array)
    const gaps = gapVariance(energy[meter] as Float64Array, slots)
    fillGaps(energy[meter] as Float64Array, slots)
    for (let time = 0; time < length; time++) {
      if (out.guessed[meter]![time] !== 1) continue
      out.variance[meter]![time] = (gaps[time % slots] as number) + (gapOf[time]! > slots / 12 ? gapOf[time]! * (LONG_GAP * energy[meter]![time]!) ** 2 : 0)
      current[meter]![time] = ampereOf(energy[meter]![time]!, voltage[meter]![time]!, factor, hours)
    }
  })
  refuse('energy contradicts voltage and current', out.doubts.length)
  return out
}

/** By time the slots of the gap it lies in; 0 outside of gaps. */
function gapLengths(values: Float64Array): Uint32Array {
  const lengths = new Uint32Array(values.length)
  for (let from = 0; from < values.length; from++) {
    let to = from
    while (to < values.length && !Number.isFinite(values[to] as number)) to++
    lengths.fill(to - from, from, to)
    from = to
  }
  return lengths
}

/** Current that goes with an energy. */
export function ampereOf(kwh: number, volts: number, factor: number, hours: number): number {
  return volts > 0 ? (kwh * 1_000) / volts / hours / factor : 0
}

function oneMeter({ energy, current, estimated, guessed, variance, uncounted, doubts, factors }: MeterReadings, meter: number, byCurrentAt: (time: number) => number, apart: number, spread: number, hours: number, u: Float64Array): void {
  const [e, i] = [energy[meter] as Float64Array, current[meter] as Float64Array]
  const byCurrents = e.map((_, time) => byCurrentAt(time))
  const slow = slowSlots(e, byCurrents, Math.round(1 / hours))
  for (let time = 0; time < e.length; time++) {
    const [kwh, byCurrent] = [e[time] as number, byCurrents[time] as number]
    if (Number.isFinite(kwh) && Number.isFinite(byCurrent)) {
      if (Math.abs(kwh - byCurrent) <= Math.max(apart * byCurrent, LEAST_KWH)) continue
      if (slow[time] === 1) {
        uncounted[meter]![time] = byCurrent - kwh
        e[time] = byCurrent
        continue
      }
      doubts.push({ meter, time, byEnergy: kwh, byCurrent })
      e[time] = NaN
    } else if (Number.isFinite(byCurrent)) {
      e[time] = byCurrent
      estimated[meter]![time] = 1
      variance[meter]![time] = (spread * byCurrent) ** 2
      continue
    } else if (Number.isFinite(kwh)) {
      i[time] = ampereOf(kwh, u[time] as number, factors[meter] as number, hours)
      continue
    }
    estimated[meter]![time] = 1
    guessed[meter]![time] = 1
  }
}

/** Where the register counts too little as a state: often, or all through an hour. */
function slowSlots(energy: Float64Array, byCurrent: Float64Array, anHour: number): Uint8Array {
  const low = new Uint8Array(energy.length)
  let [compared, count] = [0, 0]
  energy.forEach((kwh, time) => {
    if (!((byCurrent[time] as number) > LEAST_KWH) || !Number.isFinite(kwh)) return
    compared++
    if (kwh >= SLOW_REGISTER * (byCurrent[time] as number)) return
    low[time] = 1
    count++
  })
  if (compared > 0 && count / compared >= STATE_SHARE) return low
  const least = Math.max(4, anHour)
  for (let from = 0; from < low.length; from++) {
    let to = from
    while (low[to] === 1) to++
    if (to - from < least) low.fill(0, from, to)
    from = to
  }
  return low
}

function implausible(values: Float64Array): (value: number) => boolean {
  const most = IMPLAUSIBLE * Math.max(quantile(values, 0.95), 1e-3)
  return (value) => value < 0 || value > most
}

/** Takes out slots in which neither energy nor current shows anything, between slots that show something, of a meter that hardly ever does so. */
function singleZeros(energy: Float64Array, current: Float64Array): number {
  const nothing = (time: number): boolean => energy[time] === 0 && !((current[time] as number) > 0)
  const times = Array.from(energy, (_, time) => time).filter(nothing)
  if (times.length > RARE_ZEROS * energy.length) return 0
  const alone = times.filter((time) => !(nothing(time - 1) && nothing(time - 2)) && !(nothing(time + 1) && nothing(time + 2)) && !(nothing(time - 1) && nothing(time + 1)))
  for (const time of alone) energy[time] = current[time] = NaN
  return alone.length
}

/** Takes out rows that repeat the one before in everything, well over what the meter usually shows: at base load that is nothing. */
function repeatedRows(energy: Float64Array, current: Float64Array, voltage: Float64Array): number {
  const high = 2 * median(energy)
  const same = (one: Float64Array, time: number): boolean => one[time] === one[time - 1]
  const times = Array.from(energy, (_, time) => time).filter((time) => (energy[time] as number) > high && same(energy, time) && same(current, time) && same(voltage, time))
  for (const time of times) energy[time] = current[time] = NaN
  return times.length
}
