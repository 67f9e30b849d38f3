import { mean, median } from '../linear/statistics.js'
import { fillGaps } from './gaps.js'
import type { Feeder } from './readings.js'

/** Voltages outside of this around the meter's median are none; loss of a phase ends the slot as well. */
const VOLTAGE_BAND = 0.15
/** A voltage further from those of all others than it usually is, in V and in spreads, is a wrong reading: at a meter, and at the transformer. */
const METER_APART = { volts: 10, spreads: 10 } as const
const SUPPLY_APART = { volts: 5, spreads: 8 } as const
const PHASES_APART = { volts: 1, spreads: 8 } as const

export interface Voltages {
  /** As in Feeder; NaN where nothing that can be was read. */
  voltage: Float64Array[]
  supplyVoltage: Float64Array[]
  /** By time: what all meters have in common, less the usual level of each. */
  common: Float64Array
}

/** Takes out voltages that cannot be: far off their own level, or off what all others show at that time. */
export function cleanVoltages(raw: Pick<Feeder, 'voltage' | 'supplyVoltage'>, refuse: (reason: string, count: number) => void): Voltages {
  const voltage = raw.voltage.map((one) => Float64Array.from(one))
  const supplyVoltage = raw.supplyVoltage.map((one) => Float64Array.from(one))
  for (const one of [...voltage, ...supplyVoltage]) refuse('voltage far off', outside(one))
  const levels = voltage.map((one) => median(one))
  const common = Float64Array.from({ length: voltage[0]?.length ?? 0 }, (_, time) => median(voltage.map((one, meter) => (one[time] as number) - (levels[meter] as number))))
  for (const one of voltage) refuse('voltage far off', apartFrom(common, one, METER_APART))
  // At the transformer the three phases are close together: the middle one tells which is wrong.
  const middle = Float64Array.from({ length: common.length }, (_, time) => (supplyVoltage.every((one) => Number.isFinite(one[time] as number)) ? median(supplyVoltage.map((one) => one[time] as number)) : NaN))
  for (const one of supplyVoltage) refuse('voltage far off', apartFrom(common, one, SUPPLY_APART) + apartFrom(middle, one, PHASES_APART))
  return { voltage, supplyVoltage, common }
}

/** Estimates what is missing from what all meters show at that time. A meter without any voltage gets the mean of `others`. */
export function fillVoltages(series: readonly Float64Array[], common: Float64Array, slots: number, othersOf: (index: number) => readonly Float64Array[]): Float64Array[] {
  const filled = series.map((one) => {
    const apart = one.map((value, time) => value - ((common[time] as number) || 0))
    fillGaps(apart, slots)
    return one.map((value, time) => (Number.isFinite(value) ? value : (apart[time] as number) + ((common[time] as number) || 0)))
  })
  return filled.map((one, index) => {
    if (series[index]?.some(Number.isFinite)) return one
    const others = othersOf(index).filter((other) => other.some(Number.isFinite))
    return one.map((_, time) => mean(others.map((other) => other[time] as number)) || 0)
  })
}

function outside(values: Float64Array): number {
  const middle = median(values)
  return takeOut(values, (value) => Math.abs(value - middle) > VOLTAGE_BAND * middle)
}

function apartFrom(common: Float64Array, values: Float64Array, { volts, spreads }: { volts: number; spreads: number }): number {
  const apart = values.map((value, time) => value - (common[time] as number))
  const middle = median(apart)
  const most = Math.max(volts, spreads * 1.48 * median(apart.map((value) => Math.abs(value - middle))))
  return takeOut(values, (_, time) => Math.abs((apart[time] as number) - middle) > most)
}

/** @returns how many */
export function takeOut(values: Float64Array, wrong: (value: number, time: number) => boolean): number {
  let count = 0
  values.forEach((value, time) => {
    if (!Number.isFinite(value) || !wrong(value, time)) return
    values[time] = NaN
    count++
  })
  return count
}
