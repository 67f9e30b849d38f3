import type { Finding } from './day.js'
import { registerDifference } from './difference.js'
import { isUsable } from './series.js'
import { capacityDigits, finding, kwhOf } from './value-rules.js'
import type { Rule } from './value-rules.js'

/** Check 4: backwards, roll-over, step (fly-away). */
export const register: Rule = (day) => {
  const { intervals: { energy, states }, registers, thresholds, fullScale } = day
  const slots = energy.length
  const total = registers ? registerDifference(registers.begin[0] ?? NaN, registers.end[0] ?? NaN, fullScale, thresholds.nearFullScale) : { kind: 'none' as const }
  const findings: Finding[] = []
  if (total.kind === 'backwards') findings.push(finding('VEE-4-BACKWARDS', 'reject', 0, slots, total.digits, 0, 'the register went backwards'))
  if (total.kind === 'energy' && total.rolledOver) findings.push(finding('VEE-4-ROLLOVER', 'note', 0, slots, total.digits, fullScale, 'the register started again from zero'))
  const digits = total.kind === 'energy' ? total.digits : sumOfUsable(energy, states)
  if (digits === undefined) return findings
  const { capacityKw, rangeFactor, stepFactor, stepHistoryDays, stepLeastDays } = thresholds
  const byCapacity = capacityDigits(day, day.stepMs * slots)
  const known = day.history.slice(0, stepHistoryDays).filter((one) => !Number.isNaN(one))
  const largest = known.length < stepLeastDays ? Infinity : Math.max(...known)
  const byHistory = largest > 0 ? largest * stepFactor : Infinity
  if (digits > byCapacity) findings.push(finding('VEE-4-STEP', 'reject', 0, slots, digits, byCapacity, `the day is over ${rangeFactor} x 24 h x ${capacityKw} kW`))
  else if (digits > byHistory) findings.push(finding('VEE-4-STEP', 'reject', 0, slots, digits, byHistory, `the day is over ${stepFactor} times the largest of the last ${stepHistoryDays}`))
  return findings
}

/** Check 5: total against the sum of the rates, at the day's end. Rates that all stand at zero are not programmed. */
export const rates: Rule = (day) => {
  const end = day.registers?.end ?? []
  const [total = NaN, ...parts] = end
  if (parts.length < 2 || [total, ...parts].some(Number.isNaN) || parts.every((one) => one === 0)) return []
  const apart = Math.abs(total - parts.reduce((sum, one) => sum + one, 0))
  const limit = parts.length * day.thresholds.rateDigits
  return apart <= limit ? [] : [finding('VEE-5-RATES', 'flag', 0, day.intervals.energy.length, apart, limit, 'the rates do not add up to the total')]
}

/** Check 7: the day against like weekdays, for customers that use something. */
export const highLow: Rule = (day) => {
  const { intervals: { energy, states }, thresholds, likeDays } = day
  const known = likeDays.slice(0, 3).filter((one) => !Number.isNaN(one))
  const digits = sumOfUsable(energy, states)
  if (known.length < 2 || digits === undefined) return []
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length
  const is = kwhOf(day, digits)
  const usual = kwhOf(day, mean)
  if (usual <= thresholds.leastDailyKwh) return []
  const [low, high] = [usual * thresholds.lowFactor, usual * thresholds.highFactor]
  if (is > high) return [finding('VEE-7-HIGH', 'flag', 0, energy.length, is, high, 'far over the last like weekdays')]
  return is < low ? [finding('VEE-7-LOW', 'flag', 0, energy.length, is, low, 'far under the last like weekdays')] : []
}

/** Sum of a day of which every interval is usable. */
export function sumOfUsable(energy: Int32Array, states: Uint8Array): number | undefined {
  let sum = 0
  for (let slot = 0; slot < energy.length; slot++) {
    if (!isUsable(states[slot] as number)) return undefined
    sum += energy[slot] as number
  }
  return energy.length === 0 ? undefined : sum
}
