import { dateTimeSToEpoch, tiToMs } from '@zhuzhan/dlt698'
import type { TimeTag } from '@zhuzhan/dlt698'

/**
 * Has a request outlived its time tag? Sent plus delay lies before the device's clock. A delay of value 0 is not
 * checked (UNSURE), nor one in months or years, whose length is not fixed. An impossible time has expired. Reference §4.
 */
export function expired(tag: TimeTag | undefined, deviceMs: number, zone: number): boolean {
  if (tag === undefined || tag.delay.value === 0) return false
  const sent = dateTimeSToEpoch(tag.sent, zone)
  if (sent === undefined) return true
  const delay = tiToMs(tag.delay)
  return delay !== undefined && deviceMs > sent + delay
}
