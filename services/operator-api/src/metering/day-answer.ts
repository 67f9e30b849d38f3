import { isoWithOffset, oadText } from '@zhuzhan/core'
import type { ValidatedDayAnswer } from '@zhuzhan/contracts'
import { STATES, digitsText } from '@zhuzhan/metering'
import type { JointView, MeterView, ValidatedDayView } from '@zhuzhan/persistence'
import type { z } from 'zod'

const DAY_MS = 86_400_000

/** A stored day as people see it. */
export function validatedDayAnswer(row: ValidatedDayView, meter: Pick<MeterView, 'address' | 'utcOffsetMinutes'>, now: number): z.infer<typeof ValidatedDayAnswer> {
  const { item, best, states, decimals, computedAt, memoryHours, periods: _, clock, joints, ...day } = row
  const end = Date.parse(`${day.day}T00:00:00Z`) - meter.utcOffsetMinutes * 60_000 + DAY_MS
  return {
    ...day, meter: meter.address, item: oadText(item),
    estimatesFinal: now > end + memoryHours * 3_600_000,
    intervals: best.map((digits, slot) => ({ energy: digits === null ? null : digitsText(digits, decimals), state: STATES[states[slot] as number] ?? 'missing' })),
    joints: jointsAnswer(joints, meter.utcOffsetMinutes),
    clock: clock && { at: isoWithOffset(Date.parse(clock.at), meter.utcOffsetMinutes), deviationSeconds: clock.deviation, uncertaintySeconds: clock.uncertainty },
    computedAt: isoWithOffset(computedAt.getTime(), meter.utcOffsetMinutes),
  }
}

/** Joints with the instants of the meter's calendar. */
export function jointsAnswer(joints: readonly JointView[], utcOffsetMinutes: number): JointView[] {
  return joints.map((joint) => ({ ...joint, at: isoWithOffset(Date.parse(joint.at), utcOffsetMinutes) }))
}
