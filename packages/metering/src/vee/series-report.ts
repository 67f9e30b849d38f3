import type { DayInput, RuleCode } from './day.js'
import { estimateGap, gapsOf, profileOf, putEstimate } from './estimate.js'
import { sumOfUsable } from './register-rules.js'
import { MISSING, STATE, digitsText } from './series.js'
import type { Intervals } from './series.js'
import type { Thresholds } from './thresholds.js'
import { validateDay } from './validate.js'

const DAY_MS = 86_400_000
const WEEK = 7
/** Energies of a file are counted to the watt-hour. */
const DECIMALS = 3

/** Energies of intervals on a regular grid of whole days, without registers. */
export interface EnergySeries {
  name: string
  perDay: number
  /** kWh by interval, NaN where nothing came. */
  kwh: Float64Array
}

export interface SeriesReport {
  name: string
  days: number
  /** Measured and not rejected, as a share of all intervals. */
  completeness: number
  missing: number
  rejected: number
  estimated: number
  /** How often each check objected. */
  findings: Partial<Record<RuleCode, number>>
  flaggedDays: number
  /** kWh with estimates, exact for what is counted; null with the reason when an interval could not be estimated. */
  energy: string | null
  whyNot: string | null
  /** Nothing is missing, rejected or flagged. */
  mayAct: boolean
}

/** Validates and estimates a series of energies day by day. Without registers sums with estimates are estimates. */
export function seriesReport({ name, perDay, kwh }: EnergySeries, thresholds: Thresholds): SeriesReport {
  const days = kwh.length / perDay
  const findings: SeriesReport['findings'] = {}
  const energies: number[] = []
  const whole: Intervals = { energy: new Int32Array(kwh.length).fill(MISSING), states: new Uint8Array(kwh.length).fill(STATE.missing) }
  let flaggedDays = 0
  for (let day = 0; day < days; day++) {
    const verdict = validateDay(dayOfSeries(kwh, day, perDay, energies, thresholds))
    for (const { code } of verdict.findings) findings[code] = (findings[code] ?? 0) + 1
    if (verdict.flagged) flaggedDays++
    energies.push(verdict.flagged ? NaN : sumOfUsable(verdict.intervals.energy, verdict.intervals.states) ?? NaN)
    whole.energy.set(verdict.intervals.energy, day * perDay)
    whole.states.set(verdict.intervals.states, day * perDay)
  }
  const lost = whole.states.slice()
  const unfilled = fillSeries(whole, perDay)
  const count = (states: Uint8Array, state: number): number => states.reduce((sum, one) => sum + (one === state ? 1 : 0), 0)
  const [missing, rejected, estimated] = [count(lost, STATE.missing), count(lost, STATE.rejected), count(whole.states, STATE.estimated)]
  const energy = sumOfUsable(whole.energy, whole.states)
  return {
    name, days, completeness: kwh.length === 0 ? 0 : 1 - (missing + rejected) / kwh.length, missing, rejected, estimated, findings, flaggedDays,
    energy: energy === undefined ? null : digitsText(energy, DECIMALS),
    whyNot: missing === kwh.length ? 'no readings' : energy === undefined ? `${unfilled} intervals can neither be used nor estimated` : null,
    mayAct: missing + rejected + flaggedDays === 0 && energy !== undefined,
  }
}

function dayOfSeries(kwh: Float64Array, day: number, perDay: number, energies: readonly number[], thresholds: Thresholds): DayInput {
  const intervals: Intervals = { energy: new Int32Array(perDay).fill(MISSING), states: new Uint8Array(perDay).fill(STATE.missing) }
  for (let slot = 0; slot < perDay; slot++) {
    const digits = Math.round((kwh[day * perDay + slot] as number) * 10 ** DECIMALS)
    if (Number.isNaN(digits)) continue
    // What no interval can be is kept as the largest, so that the range check names it.
    intervals.energy[slot] = Math.max(-LIMIT, Math.min(LIMIT, digits))
    intervals.states[slot] = STATE.measured
  }
  return {
    stepMs: DAY_MS / perDay, intervals, decimals: DECIMALS, ratio: 1, fullScale: Infinity, clock: undefined, duplicates: [], overlaps: [], registers: undefined, electrical: undefined,
    history: energies.slice(-thresholds.stepHistoryDays).reverse(), likeDays: [1, 2, 3].map((week) => energies[day - WEEK * week] ?? NaN), thresholds,
  }
}
const LIMIT = 2 ** 31 - 1

/** @returns intervals that stayed without a value */
function fillSeries(series: Intervals, perDay: number): number {
  const like = (from: number, to: number): Intervals[] => [1, 2, 3, 4].flatMap((week) => {
    const begin = from - week * WEEK * perDay
    return begin < 0 ? [] : [{ energy: series.energy.subarray(begin, begin + to - from), states: series.states.subarray(begin, begin + to - from) }]
  })
  let unfilled = 0
  for (const gap of gapsOf(series)) {
    const result = estimateGap(series, gap, DAY_MS / perDay, undefined, profileOf(like(gap.from, gap.to), 0, gap.to - gap.from))
    if (result.kind === 'estimate') putEstimate(series, gap, result.estimate)
    else unfilled += gap.to - gap.from
  }
  return unfilled
}

export interface EstimationError {
  gap: string
  /** sum |e| / sum y over the gaps, with the register difference known and without. */
  withRegisters: number
  without: number
  /** Gaps whose estimates did not add up to the register difference exactly. Must be 0. */
  sumsNotExact: number
  gaps: number
}

/** Takes values away at random places of complete series and compares the estimates with what was there. @param random in [0, 1) */
export function estimationErrors(series: readonly EnergySeries[], random: () => number, draws = 120): EstimationError[] {
  return [1, 2, 6, 24, 72].map((hours) => {
    const sums = { registers: 0, without: 0, energy: 0, notExact: 0, gaps: 0 }
    for (const { perDay, kwh } of series) {
      const energy = Int32Array.from(kwh, (one) => Math.round(one * 10 ** DECIMALS))
      const slots = Math.max(1, Math.round((hours * perDay) / 24))
      const first = 4 * WEEK * perDay + 1
      for (let n = 0; n < Math.ceil(draws / series.length) && kwh.length - slots - 1 > first; n++) {
        const from = first + Math.floor(random() * (kwh.length - slots - 1 - first))
        if (kwh.subarray(from - first + 1, from + slots + 1).some((one) => !(one >= 0))) continue
        const states = new Uint8Array(kwh.length).fill(STATE.measured)
        states.fill(STATE.missing, from, from + slots)
        const truth = energy.subarray(from, from + slots)
        const total = truth.reduce((sum, one) => sum + one, 0)
        const like = [1, 2, 3, 4].map((week): Intervals => ({ energy: energy.subarray(from - week * WEEK * perDay, from - week * WEEK * perDay + slots), states: states.subarray(from - week * WEEK * perDay, from - week * WEEK * perDay + slots) }))
        const profile = profileOf(like, 0, slots)
        const [scaled, free] = [total, undefined].map((known) => estimateGap({ energy, states }, { from, to: from + slots }, DAY_MS / perDay, known, profile))
        if (scaled?.kind !== 'estimate' || free?.kind !== 'estimate') continue
        const error = (values: Int32Array): number => values.reduce((sum, one, slot) => sum + Math.abs(one - (truth[slot] as number)), 0)
        sums.registers += error(scaled.estimate.energy)
        sums.without += error(free.estimate.energy)
        sums.energy += total
        sums.gaps++
        if (scaled.estimate.energy.reduce((sum, one) => sum + one, 0) !== total) sums.notExact++
      }
    }
    const part = (error: number): number => Number((error / sums.energy).toFixed(3))
    return { gap: `${hours} h`, withRegisters: part(sums.registers), without: part(sums.without), sumsNotExact: sums.notExact, gaps: sums.gaps }
  })
}
