import { dateTimeSToEpoch } from '@zhuzhan/dlt698'
import type { Apdu, TimeTag } from '@zhuzhan/dlt698'

const UNIT_MS = [1_000, 60_000, 3_600_000, 86_400_000] as const

/** The TimeTag of a client APDU, if it has one. */
export function timeTagOf(apdu: Apdu): TimeTag | undefined {
  return 'timeTag' in apdu ? apdu.timeTag : undefined
}

/**
 * Does a command with this tag still count? Sent + delay must not lie in the past; a tag that is no time, or counts
 * in months or years, does not. §7.6
 *
 * @param offsetMinutes the device's local time
 */
export function timeTagValid(tag: TimeTag, nowMs: number, offsetMinutes: number): boolean {
  const sent = dateTimeSToEpoch(tag.sent, offsetMinutes)
  const unit = UNIT_MS[tag.delay.unit]
  return sent !== undefined && unit !== undefined && nowMs <= sent + tag.delay.value * unit
}
