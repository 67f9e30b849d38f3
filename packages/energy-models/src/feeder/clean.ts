import { mean, median, quantile } from '../linear/statistics.js'
import type { Feeder } from './readings.js'

/** A feeder whose every value is there: what was missing or refused is estimated and marked. */
export interface CleanFeeder extends Feeder {
  /** By meter and time: 1 where the energy is estimated. */
  estimated: Uint8Array[]
  /** Of these the ones nothing measured stands behind: neither energy nor current. */
  guessed: Uint8Array[]
  /** By time: 1 where the supply of some phase is not known; such slots decide nothing. */
  unknownSupply: Uint8Array
  /** By meter: kWh over all days that current and voltage show and the register did not count (register still or slow). */
  uncounted: Float64Array
  /** Power factor of the meters, E / (U I t); the middle one. */
  powerFactor: number
}

/** Energy against U x I: further apart than this, one of the two is wrong. */
const CONSISTENT = 0.2
/** What U x I must show at least, kWh of a slot, before a register is compared with it. */
const LEAST_KWH = 0.004
/** From this share of its readings on a contradiction is the meter's state and not single wrong readings. */
const STATE_SHARE = 0.2
/** Under this share of what current and voltage show, a register counts too little. */
const SLOW_REGISTER = 0.6
/** Times the 95th percentile: nothing a customer switches on. What lies below is judged by comparing energy with voltage and current. */
const IMPLAUSIBLE = 40
/** Voltages outside of this around the meter's median are none; loss of a phase ends the slot as well. */
const VOLTAGE_BAND = 0.15

/**
 * Takes out what cannot be (negative, thousand-fold, voltage far off, supply far from what the meters saw) and estimates what is missing:
 * energy from voltage and current where those are there, else on the line between neighbours up to 2 h, else from the same slot of other days.
 * A register that stands still or counts too little for long, while current flows, is kept apart in `uncounted`; its energy is the one shown by
 * voltage and current.
 */
export function cleanFeeder(raw: Feeder): CleanFeeder {
  const hours = 24 / raw.slots
  const length = raw.days.length * raw.slots
  const refused = { ...raw.refused }
  const refuse = (reason: string, count = 1): void => { if (count > 0) refused[reason] = (refused[reason] ?? 0) + count }
  const energy = raw.energy.map((one) => Float64Array.from(one))
  const voltage = raw.voltage.map((one) => Float64Array.from(one))
  const current = raw.current.map((one) => Float64Array.from(one))
  const estimated = raw.meters.map(() => new Uint8Array(length))
  const guessed = raw.meters.map(() => new Uint8Array(length))
  const uncounted = new Float64Array(raw.meters.length)

  const common = Float64Array.from({ length }, (_, time) => median(voltage.map((one) => one[time] as number)))
  voltage.forEach((one) => refuse('voltage far off', outside(one, VOLTAGE_BAND) + apartFrom(common, one)))
  const shown = (meter: number, time: number): number => ((voltage[meter] as Float64Array)[time] as number) * ((current[meter] as Float64Array)[time] as number) * hours / 1_000
  raw.meters.forEach((_, meter) => {
    refuse('current implausible', implausible(current[meter] as Float64Array))
    refuse('energy implausible', implausible(energy[meter] as Float64Array))
  })
  const ratios = raw.meters.map((_, meter) => median((energy[meter] as Float64Array).map((kwh, time) => (shown(meter, time) > LEAST_KWH ? kwh / shown(meter, time) : NaN))))
  const powerFactor = Math.min(1, median(ratios)) || 0.95

  raw.meters.forEach((_, meter) => {
    const [e, i, u, marks] = [energy[meter] as Float64Array, current[meter] as Float64Array, voltage[meter] as Float64Array, estimated[meter] as Uint8Array]
    const ratio = ratios[meter] as number
    const factor = ratio > SLOW_REGISTER * powerFactor && ratio <= 1.05 ? ratio : powerFactor
    const usual = median(e)
    fill(u, raw.slots)
    // A register against current and voltage: as a state of the meter, or as single wrong readings.
    let [compared, low] = [0, 0]
    for (let time = 0; time < length; time++) {
      const byCurrent = shown(meter, time) * factor
      if (!(byCurrent > LEAST_KWH) || !Number.isFinite(e[time] as number)) continue
      compared++
      if ((e[time] as number) < SLOW_REGISTER * byCurrent) low++
    }
    const state = compared > 0 && low / compared >= STATE_SHARE
    for (let time = 0; time < length; time++) {
      const byCurrent = shown(meter, time) * factor
      const kwh = e[time] as number
      if (Number.isFinite(kwh) && Number.isFinite(byCurrent)) {
        const apart = Math.abs(kwh - byCurrent) > Math.max(CONSISTENT * byCurrent, LEAST_KWH)
        if (!apart) continue
        if (state && kwh < SLOW_REGISTER * byCurrent) {
          uncounted[meter] = (uncounted[meter] as number) + byCurrent - kwh
          e[time] = byCurrent
          continue
        }
        refuse('energy contradicts voltage and current')
        // The one nearer to what the meter usually shows is believed.
        const far = (value: number): number => Math.abs(Math.log(Math.max(value, 1e-6) / Math.max(usual, 1e-6)))
        if (far(kwh) < far(byCurrent)) i[time] = (kwh * 1_000) / (u[time] as number) / hours / factor
        else {
          marks[time] = 1
          e[time] = byCurrent
        }
      } else if (Number.isFinite(byCurrent)) {
        e[time] = byCurrent
        marks[time] = 1
      } else if (Number.isFinite(kwh)) i[time] = (kwh * 1_000) / (u[time] as number) / hours / factor
      else {
        marks[time] = 1
        guessed[meter]![time] = 1
      }
    }
    fill(e, raw.slots)
    fill(i, raw.slots)
  })

  const { supply, supplyVoltage, unknownSupply } = cleanSupply(raw, energy, refuse)
  return { ...raw, refused, energy, voltage, current, supply, supplyVoltage, estimated, guessed, uncounted, powerFactor, unknownSupply }
}

function cleanSupply(raw: Feeder, energy: readonly Float64Array[], refuse: (reason: string, count?: number) => void): Pick<CleanFeeder, 'supply' | 'supplyVoltage' | 'unknownSupply'> {
  const length = raw.days.length * raw.slots
  const supply = raw.supply.map((one) => Float64Array.from(one))
  const supplyVoltage = raw.supplyVoltage.map((one) => Float64Array.from(one))
  const unknownSupply = new Uint8Array(length)
  supplyVoltage.forEach((one) => refuse('voltage far off', outside(one, VOLTAGE_BAND)))
  const metered = Float64Array.from({ length }, (_, time) => energy.reduce((sum, one) => sum + (one[time] as number || 0), 0) * raw.slots / 24)
  for (const one of supply) {
    const usual = median(one)
    for (let time = 0; time < length; time++) {
      const kw = one[time] as number
      const around = median(one.subarray(Math.max(0, time - 4), time + 5))
      // A jump that no meter saw; a negative supply while the meters count is feed-in of nobody.
      const jump = kw > 4 * Math.max(around, usual) && kw > 2 * (metered[time] as number)
      if (Number.isFinite(kw) && (jump || (kw < 0 && (metered[time] as number) > 0.5))) {
        one[time] = NaN
        refuse('supply implausible')
      }
    }
  }
  for (let time = 0; time < length; time++) unknownSupply[time] = [...supply, ...supplyVoltage].some((one) => !Number.isFinite(one[time] as number)) ? 1 : 0
  for (const one of [...supply, ...supplyVoltage]) fill(one, raw.slots)
  return { supply, supplyVoltage, unknownSupply }
}

/** Takes out values further from the median than a share of it. @returns how many */
function outside(values: Float64Array, share: number): number {
  const middle = median(values)
  return takeOut(values, (value) => Math.abs(value - middle) > share * middle)
}

/** Takes out voltages that leave those of all other meters by far more than they usually do. */
function apartFrom(common: Float64Array, values: Float64Array): number {
  const apart = values.map((value, time) => value - (common[time] as number))
  const middle = median(apart)
  const spread = 1.48 * median(apart.map((value) => Math.abs(value - middle)))
  const most = Math.max(10, 10 * spread)
  let count = 0
  apart.forEach((value, time) => {
    if (Math.abs(value - middle) <= most || !Number.isFinite(value)) return
    values[time] = NaN
    count++
  })
  return count
}

/** Takes out negative values and those far over anything the series usually shows (thousand-fold units, flown-away registers). */
function implausible(values: Float64Array): number {
  const most = IMPLAUSIBLE * Math.max(quantile(values, 0.95), 1e-3)
  return takeOut(values, (value) => value < 0 || value > most)
}

function takeOut(values: Float64Array, wrong: (value: number) => boolean): number {
  let count = 0
  values.forEach((value, time) => {
    if (!Number.isFinite(value) || !wrong(value)) return
    values[time] = NaN
    count++
  })
  return count
}

/** Gaps: up to 2 h on the line between neighbours, longer ones from the same slot of other days; what nothing tells is 0. */
function fill(values: Float64Array, slots: number): void {
  const length = values.length
  const longest = Math.ceil(slots / 12)
  const bySlot = (slot: number): number => mean(Array.from({ length: length / slots }, (_, day) => values[day * slots + slot] as number))
  for (let from = 0; from < length; from++) {
    if (Number.isFinite(values[from] as number)) continue
    let to = from
    while (to < length && !Number.isFinite(values[to] as number)) to++
    const [left, right] = [values[from - 1], values[to]]
    for (let time = from; time < to; time++) {
      const line = left !== undefined && right !== undefined && to - from <= longest ? left + ((right - left) * (time - from + 1)) / (to - from + 1) : bySlot(time % slots)
      values[time] = Number.isFinite(line) ? line : left ?? right ?? 0
    }
    from = to
  }
}
