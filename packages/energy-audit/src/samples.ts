import { INTERVAL_MS } from './curve.js'
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
export function voltageQuality(samples: readonly Sample[], nominal: number, phases: 1 | 3): VoltageQuality | undefined {
  const [low, high] = [nominal * (1 + VOLTAGE_LIMITS[phases].low), nominal * (1 + VOLTAGE_LIMITS[phases].high)]
  let [values, inside, highSamples, lowSamples] = [0, 0, 0, 0]
  let highest = { volts: -Infinity, time: 0, phase: 0 }
  let lowest = { volts: Infinity, time: 0, phase: 0 }
  for (const { time, volts } of samples) {
    let [isHigh, isLow] = [false, false]
    volts?.slice(0, phases).forEach((value, phase) => {
      if (value === undefined) return
      values++
      // A hair of tolerance: 220 x 1.07 is no whole tenth in binary.
      const [over, under] = [value > high + 1e-9, value < low - 1e-9]
      if (!over && !under) inside++
      isHigh ||= over
      isLow ||= under
      if (value > highest.volts) highest = { volts: value, time, phase }
      if (value < lowest.volts) lowest = { volts: value, time, phase }
    })
    if (isHigh) highSamples++
    if (isLow) lowSamples++
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
export function unbalanceOf(samples: readonly Sample[], quantity: 'volts' | 'amps', limit: number, least = 0): Unbalance | undefined {
  let [values, added, over] = [0, 0, 0]
  let worst = { share: -1, time: 0 }
  for (const sample of samples) {
    const three = threeOf(sample[quantity])
    if (!three) continue
    const mean = (three[0] + three[1] + three[2]) / 3
    if (mean <= 0 || mean < least) continue
    const share = (Math.max(...three) - mean) / mean
    values++
    added += share
    if (share > limit) over++
    if (share > worst.share) worst = { share, time: sample.time }
  }
  return values === 0 ? undefined : { values, mean: added / values, worst, overShare: over / values }
}

/** Largest mean current of a month's samples. */
export function largestMeanCurrent(samples: readonly Sample[]): number {
  return samples.reduce((most, { amps }) => {
    const three = threeOf(amps)
    return three ? Math.max(most, (three[0] + three[1] + three[2]) / 3) : most
  }, 0)
}

/**
 * Share of the line's loss that balanced phases save: 1 - 1/k, k from I_a^2 + I_b^2 + I_c^2 + I_n^2 before and after. The neutral's
 * current is that of three currents of one power factor, 120 degrees apart, and its conductor like the others.
 */
export function balancingShare(samples: readonly Sample[]): number | undefined {
  let [before, after] = [0, 0]
  for (const { amps } of samples) {
    const three = threeOf(amps)
    if (!three) continue
    const [a, b, c] = three
    const squares = a * a + b * b + c * c
    before += squares + (squares - a * b - b * c - c * a)
    after += 3 * ((a + b + c) / 3) ** 2
  }
  return before === 0 ? undefined : 1 - after / before
}

function threeOf(values: Sample['volts']): [number, number, number] | undefined {
  const [a, b, c] = values ?? []
  return a === undefined || b === undefined || c === undefined ? undefined : [Math.abs(a), Math.abs(b), Math.abs(c)]
}
