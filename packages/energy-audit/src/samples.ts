import { INTERVAL_MS } from './curve.js'
import { toNumber } from './exact.js'
import type { Exact } from './exact.js'

/** What a three-phase or single-phase meter showed at one quarter hour, before transformer ratios. Phases in order. */
export interface Sample {
  /** Epoch ms. */
  time: number
  volts?: readonly (number | undefined)[]
  amps?: readonly (number | undefined)[]
  /** Total power factor. */
  powerFactor?: Exact | undefined
}

/** A month of them in columns, NaN where nothing came. Phases in order; one without a value is left out behind the last that has one. */
export interface Samples {
  time: Float64Array
  volts: readonly Float64Array[]
  amps: readonly Float64Array[]
  /** With the meter's sign; at most twelve decimals, so that each is one exact number. */
  powerFactor: Float64Array | undefined
}

export const NO_SAMPLES: Samples = { time: new Float64Array(0), volts: [], amps: [], powerFactor: undefined }

/** @param list by time */
export function samplesInColumns(list: readonly Sample[]): Samples {
  const phases = (quantity: 'volts' | 'amps'): Float64Array[] => {
    const count = list.reduce((most, { [quantity]: values = [] }) => Math.max(most, values.findLastIndex((value) => value !== undefined) + 1), 0)
    return Array.from({ length: count }, (_, phase) => Float64Array.from(list, ({ [quantity]: values }) => values?.[phase] ?? NaN))
  }
  const hasFactor = list.some(({ powerFactor }) => powerFactor !== undefined)
  return {
    time: Float64Array.from(list, ({ time }) => time), volts: phases('volts'), amps: phases('amps'),
    powerFactor: hasFactor ? Float64Array.from(list, ({ powerFactor }) => (powerFactor === undefined ? NaN : toNumber(powerFactor))) : undefined,
  }
}

const HOURS = INTERVAL_MS / 3_600_000

/** Limits of the supply voltage (GB/T 12325), shares of the nominal one. */
export const VOLTAGE_LIMITS = { 1: { low: -0.1, high: 0.07 }, 3: { low: -0.07, high: 0.07 } } as const

export interface VoltageQuality {
  /** Phase values seen, and the share of them inside. */
  values: number
  share: number
  hoursHigh: number
  hoursLow: number
  highest: { volts: number; time: number; phase: number }
  lowest: { volts: number; time: number; phase: number }
}

/** Share of time in the limits; an hour counts when any phase is outside. @returns undefined without voltages */
export function voltageQuality({ time, volts }: Samples, nominal: number, phases: 1 | 3): VoltageQuality | undefined {
  // A hair of tolerance: 220 x 1.07 is no whole tenth in binary.
  const [low, high] = [nominal * (1 + VOLTAGE_LIMITS[phases].low) - 1e-9, nominal * (1 + VOLTAGE_LIMITS[phases].high) + 1e-9]
  const seen = volts.slice(0, phases)
  let [values, inside, highSamples, lowSamples] = [0, 0, 0, 0]
  const [highest, lowest] = [{ volts: -Infinity, time: 0, phase: 0 }, { volts: Infinity, time: 0, phase: 0 }]
  for (let n = 0; n < time.length; n += 1) {
    let [isHigh, isLow] = [false, false]
    for (let phase = 0; phase < seen.length; phase += 1) {
      const value = (seen[phase] as Float64Array)[n] as number
      if (Number.isNaN(value)) continue
      values += 1
      if (value > high) isHigh = true
      else if (value < low) isLow = true
      else inside += 1
      if (value > highest.volts) Object.assign(highest, { volts: value, time: time[n] as number, phase })
      if (value < lowest.volts) Object.assign(lowest, { volts: value, time: time[n] as number, phase })
    }
    if (isHigh) highSamples += 1
    if (isLow) lowSamples += 1
  }
  return values === 0 ? undefined : { values, share: inside / values, hoursHigh: highSamples * HOURS, hoursLow: lowSamples * HOURS, highest, lowest }
}

export interface Unbalance {
  /** Samples judged. */
  values: number
  mean: number
  worst: { share: number; time: number }
  /** Share of the samples over the limit. */
  overShare: number
}

/** (Xmax - Xmean) / Xmean of three phases. @param least samples with a mean below are left out @returns undefined when none is left */
export function unbalanceOf(samples: Samples, quantity: 'volts' | 'amps', limit: number, least = 0): Unbalance | undefined {
  let [values, added, over] = [0, 0, 0]
  let worst = { share: -1, time: 0 }
  for (let n = 0; n < samples.time.length; n += 1) {
    const three = threeAt(samples[quantity], n)
    if (!three) continue
    const mean = (three[0] + three[1] + three[2]) / 3
    if (mean <= 0 || mean < least) continue
    const share = (Math.max(...three) - mean) / mean
    values++
    added += share
    if (share > limit) over++
    if (share > worst.share) worst = { share, time: samples.time[n] as number }
  }
  return values === 0 ? undefined : { values, mean: added / values, worst, overShare: over / values }
}

/** Largest mean current of a month's samples. */
export function largestMeanCurrent({ time, amps }: Samples): number {
  let most = 0
  for (let n = 0; n < time.length; n += 1) {
    const three = threeAt(amps, n)
    if (three) most = Math.max(most, (three[0] + three[1] + three[2]) / 3)
  }
  return most
}

/**
 * Share of the line's loss that balanced phases save: 1 - 1/k, k from I_a^2 + I_b^2 + I_c^2 + I_n^2 before and after. The neutral's
 * current is that of three currents of one power factor, 120 degrees apart, and its conductor like the others.
 */
export function balancingShare({ time, amps }: Samples): number | undefined {
  let [before, after] = [0, 0]
  for (let n = 0; n < time.length; n += 1) {
    const three = threeAt(amps, n)
    if (!three) continue
    const [a, b, c] = three
    const squares = a * a + b * b + c * c
    before += squares + (squares - a * b - b * c - c * a)
    after += 3 * ((a + b + c) / 3) ** 2
  }
  return before === 0 ? undefined : 1 - after / before
}

function threeAt([a, b, c]: Samples['volts'], n: number): [number, number, number] | undefined {
  if (!a || !b || !c) return undefined
  const three: [number, number, number] = [Math.abs(a[n] as number), Math.abs(b[n] as number), Math.abs(c[n] as number)]
  return Number.isNaN(three[0] + three[1] + three[2]) ? undefined : three
}
