import type { DayInput, Effect, Finding, RuleCode } from './day.js'
import { MISSING, isUsable } from './series.js'

export type Rule = (day: DayInput) => Finding[]

const HOUR_MS = 3_600_000
export const kwhOf = (day: DayInput, digits: number): number => (digits * day.ratio) / 10 ** day.decimals

export function finding(code: RuleCode, effect: Effect, from: number, to: number, value: number, limit: number, text: string): Finding {
  return { code, effect, from, to, value, limit, text }
}

/** What the customer can take in a time, whole digits: K x S x dt. The last bit of a product of decimals must not decide. */
export function capacityDigits({ thresholds: { capacityKw, rangeFactor }, decimals, ratio }: Pick<DayInput, 'thresholds' | 'decimals' | 'ratio'>, ms: number): number {
  return capacityKw === null ? Infinity : Math.floor(((rangeFactor * capacityKw * ms) / HOUR_MS / ratio) * 10 ** decimals * (1 + 1e-12))
}

/** Check 1. A clock further off than an interval puts energy into the wrong one. What the reading of the clock leaves open does not count against the meter. */
export const clock: Rule = ({ clock: known, stepMs, intervals, thresholds }) => {
  if (!known) return []
  const certainly = Math.abs(known.deviationMs) - known.uncertaintyMs
  if (certainly <= thresholds.clockFlagMs) return []
  const unusable = certainly > stepMs
  return [finding('VEE-1-CLOCK', unusable ? 'reject' : 'flag', 0, intervals.energy.length, known.deviationMs, unusable ? stepMs : thresholds.clockFlagMs,
    `the meter's clock is ${Math.round(known.deviationMs / 1_000)} s off${unusable ? ', more than an interval' : ''}`)]
}

/** Check 2: the same interval with other values, overlapping ones, an energy that is a power of ten or the ratio away from the registers. */
export const structure: Rule = (day) => [
  ...day.duplicates.map((slot) => finding('VEE-2-DUPLICATE', 'reject', slot, slot + 1, 2, 1, 'came again with another value')),
  ...day.overlaps.map((slot) => finding('VEE-2-OVERLAP', 'reject', slot, slot + 1, 1, 0, 'lies partly over another interval')),
  ...unit(day),
]

/** How far a factor may be from a power of ten or the ratio and still be taken for it. */
const NEAR_FACTOR = 0.05

function unit(day: DayInput): Finding[] {
  const { intervals: { energy, states }, registers } = day
  const factors: [number, string][] = [1_000, 100, 10].flatMap((n): [number, string][] => [[n, `${n}-fold`], [1 / n, `a ${n}th`]])
  if (day.ratio !== 1) factors.push([day.ratio, 'the transformer ratio'], [1 / day.ratio, 'one over the transformer ratio'])
  const near = (is: number, should: number): [number, string] | undefined =>
    (should > 0 && is > 0 ? factors.find(([factor]) => Math.abs(is / should / factor - 1) < NEAR_FACTOR) : undefined)
  const told = (is: number, should: number, against: string): Finding[] => {
    const factor = near(is, should)
    return factor ? [finding('VEE-2-UNIT', 'reject', 0, energy.length, is, should, `the intervals are ${factor[1]} of what ${against}: wrong unit or ratio`)] : []
  }
  const [r1, r2] = [registers?.begin[0] ?? NaN, registers?.end[0] ?? NaN]
  if (states.every(isUsable) && r2 > r1) return told(energy.reduce((sum, one) => sum + one, 0), r2 - r1, 'the registers say')
  // Without registers: the middle of what voltage and current show.
  const shown = electricalKwh(day)
  if (!shown) return []
  const pairs = [...energy].flatMap((one, slot) => (one > 0 && (shown[slot] as number) > 0.01 && isUsable(states[slot] as number) ? [kwhOf(day, one) / (shown[slot] as number)] : []))
  return pairs.length < energy.length / 4 ? [] : told(pairs.sort((a, b) => a - b)[pairs.length >> 1] as number, 1, 'voltage and current show')
}

/** Check 3: 0 <= E <= K x S x dt. */
export const range: Rule = (day) => {
  const { intervals: { energy, states }, stepMs, thresholds: { rangeFactor, capacityKw } } = day
  const most = capacityDigits(day, stepMs)
  const findings: Finding[] = []
  for (let slot = 0; slot < energy.length; slot++) {
    const one = energy[slot] as number
    if (one === MISSING || !isUsable(states[slot] as number) || (one >= 0 && one <= most)) continue
    findings.push(finding('VEE-3-RANGE', 'reject', slot, slot + 1, one, one < 0 ? 0 : most, one < 0 ? 'negative energy' : `over ${rangeFactor} x ${capacityKw} kW`))
  }
  return findings
}

/** Check 6, as the Californian rule is remembered (UNSURE: its wording): (highest - third highest) / third highest. */
export const spike: Rule = (day) => {
  const { intervals: { energy, states }, thresholds } = day
  let [first, second, third, at, sum, count] = [-1, -1, -1, -1, 0, 0]
  for (let slot = 0; slot < energy.length; slot++) {
    if (!isUsable(states[slot] as number)) continue
    const one = energy[slot] as number
    sum += one
    count++
    if (one > first) [third, second, first, at] = [second, first, one, slot]
    else if (one > second) [third, second] = [second, one]
    else if (one > third) third = one
  }
  if (count < 3 || kwhOf(day, sum) < thresholds.spikeLeastKwh || first <= third) return []
  const ratio = third <= 0 ? Infinity : (first - third) / third
  return ratio <= thresholds.spikeRatio ? [] : [finding('VEE-6-SPIKE', 'flag', at, at + 1, ratio, thresholds.spikeRatio, 'the highest interval stands far over the third highest')]
}

/** Check 8: E against U x I x PF x dt, summed over the phases. */
export const consistency: Rule = (day) => {
  const shown = electricalKwh(day)
  if (!shown) return []
  const { intervals: { energy, states }, stepMs, thresholds } = day
  const digit = kwhOf(day, 1)
  let [off, from, to] = [0, -1, -1]
  for (let slot = 0; slot < energy.length; slot++) {
    const expected = shown[slot] as number
    if (Number.isNaN(expected) || !isUsable(states[slot] as number)) continue
    const apart = Math.abs(kwhOf(day, energy[slot] as number) - expected)
    if (apart <= Math.max(thresholds.consistencyShare * expected, digit)) continue
    off++
    if (from < 0) from = slot
    to = slot + 1
  }
  const hours = (off * stepMs) / HOUR_MS
  return hours <= thresholds.consistencyHours ? [] : [finding('VEE-8-CONSISTENCY', 'flag', from, to, hours, thresholds.consistencyHours,
    `energy and U x I x PF are over ${thresholds.consistencyShare * 100} % apart for ${hours} h`)]
}

/** Check 9: nothing counted all day while current flows. */
export const zeros: Rule = (day) => {
  const { intervals: { energy, states }, electrical, thresholds } = day
  if (!electrical || electrical.current.length === 0) return []
  const least = thresholds.zeroCurrentShare * thresholds.ratedCurrentA
  let compared = 0
  for (let slot = 0; slot < energy.length; slot++) {
    const currents = electrical.current.map((one) => one[slot] as number).filter((one) => !Number.isNaN(one))
    if (currents.length === 0 || !isUsable(states[slot] as number)) continue
    if (energy[slot] !== 0 || !currents.some((one) => Math.abs(one) > least)) return []
    compared++
  }
  return compared < energy.length * 0.75 ? [] : [finding('VEE-9-ZEROS', 'flag', 0, energy.length, 0, least, 'nothing was counted all day while current flows')]
}

/** Check 9, ours: the same energy to the last digit for hours. Real loads of this many digits move; a stuck register or converter does not. */
export const stuck: Rule = (day) => {
  const { intervals: { energy, states }, stepMs, thresholds: { stuckHours, stuckLeastDigits } } = day
  let [from, longest, at] = [0, 0, 0]
  for (let slot = 1; slot <= energy.length; slot++) {
    const same = slot < energy.length && energy[slot] === energy[from] && isUsable(states[slot] as number)
    if (same) continue
    if (slot - from > longest && (energy[from] as number) >= stuckLeastDigits && isUsable(states[from] as number)) [longest, at] = [slot - from, from]
    from = slot
  }
  const hours = (longest * stepMs) / HOUR_MS
  return longest < 2 || hours < stuckHours ? [] : [finding('VEE-9-STUCK', 'flag', at, at + longest, hours, stuckHours, `the same ${energy[at]} digits for ${hours} h`)]
}

/** kWh that voltage and current show, NaN where one of them is not there. */
function electricalKwh(day: DayInput): Float64Array | undefined {
  const { electrical, intervals: { states }, stepMs } = day
  if (!electrical || electrical.voltage.length === 0 || electrical.voltage.length !== electrical.current.length) return undefined
  const hours = stepMs / HOUR_MS
  const shown = new Float64Array(states.length)
  for (let slot = 0; slot < shown.length; slot++) {
    const factor = electrical.powerFactor ? Math.abs(electrical.powerFactor[slot] as number) : 1
    let watts = 0
    for (let phase = 0; phase < electrical.voltage.length; phase++) watts += (electrical.voltage[phase]?.[slot] as number) * Math.abs(electrical.current[phase]?.[slot] as number)
    shown[slot] = (watts * factor * hours * day.ratio) / 1_000
  }
  return shown
}
