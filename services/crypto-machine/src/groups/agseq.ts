import { HesError } from '@zhuzhan/core'
import { BROADCAST_LIMITS } from '@zhuzhan/osp1'
import type { BroadcastRow, GroupRow } from '../store/group-store.js'

/** When and with which counter a group may be told the time: what its meters would refuse is never sent. §7.5, §7.10 */

const DAY_MS = 24 * 3_600_000
/** A meter measures its 24 hours with its own oscillator, from when the frame arrived. */
export const BROADCAST_EVERY_MS = BROADCAST_LIMITS.everyMs + 60_000
/** After a restore a member's AGSEQ is believed so far above ours and no further: one false answer must not use the counter up. */
export const HEAL_REACH = 1_024

/**
 * AGSEQ never falls behind the days since 1970. A group gets one broadcast in 24 hours at most, so what the last days took is below
 * this number even where our table forgot them. Far inside the window of 2^16, from zero, until the year 2149.
 */
export function dayNumber(now: number): number {
  return Math.floor(now / DAY_MS)
}

export function nextAgseq(group: Pick<GroupRow, 'agseq'>, now: number): number {
  return Math.max(group.agseq + 1, dayNumber(now))
}

/** The AGSEQ to go on from after a member's was read; undefined when it is too far ahead to be believed. */
export function healedAgseq(group: Pick<GroupRow, 'agseq'>, read: number, now: number): number | undefined {
  const lowest = Math.max(group.agseq, dayNumber(now))
  return read > lowest + HEAL_REACH ? undefined : Math.max(lowest, read)
}

/** Seconds that the member which was longest without a setting of its clock in a session has been moved. */
export function shiftedSeconds(broadcasts: readonly BroadcastRow[], oldestSince: number): number {
  return broadcasts.filter(({ at }) => at >= oldestSince).reduce((sum, { shift }) => sum + Math.abs(shift), 0)
}

/** @throws HesError GROUP_REFUSED with the reason */
export function judgeShift(group: GroupRow, shiftSeconds: number, shifted: number, now: number): void {
  if (!group.known) throw groupRefused('agseq-unknown')
  if (Math.abs(shiftSeconds) > BROADCAST_LIMITS.shiftSeconds) throw groupRefused('shift')
  if (now < group.notBefore) throw groupRefused('once-in-24-hours', { notBefore: group.notBefore })
  if (shifted + Math.abs(shiftSeconds) > BROADCAST_LIMITS.totalShiftSeconds) throw groupRefused('total-shift', { shiftedSeconds: shifted })
  if (nextAgseq(group, now) > 0xffff_ffff) throw groupRefused('agseq-used-up')
}

export function groupRefused(reason: string, more: Record<string, number> = {}): HesError {
  return new HesError('GROUP_REFUSED', undefined, { reason, ...more })
}
