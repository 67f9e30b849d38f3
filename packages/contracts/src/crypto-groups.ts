import { z } from 'zod'
import { ApduBytes, DeviceAddress, Nothing, hexOf } from './crypto-fields.js'

/** Clock broadcasts to groups, OSP-1 §7.5. Members are entered by orders of two administrators (`group` in crypto-authority.ts). */

export const GroupId = hexOf(8)
const Milliseconds = z.number().int().min(0)
const Agseq = z.number().int().min(0).max(0xffff_ffff)
/** Seconds that clocks are to move; negative when they are fast. */
const Shift = z.number().int()

export const GroupState = z.strictObject({
  group: GroupId,
  members: z.number().int(),
  /** The last AGSEQ that may have been sent. */
  agseq: Agseq,
  /** False after a restore, until F100 attribute 7 of a member was read in a session: no broadcast before that. */
  known: z.boolean(),
  last: z.strictObject({ agseq: Agseq, /** Since 1970 UTC. */ at: Milliseconds, shiftSeconds: Shift }).nullable(),
  /** The next broadcast is possible from then on. */
  notBefore: Milliseconds,
  /** Of the 300 s that members move by broadcasts before their clocks must be set in sessions. */
  shiftedSeconds: z.number().int(),
})
export type GroupState = z.infer<typeof GroupState>

export const GROUP_OPERATIONS = {
  /**
   * One broadcast of the station's time to the members of a group. What goes out is the machine's own clock, never a time of the caller:
   * `shiftSeconds` says how far the operator found the clocks to be off, is judged by the limits that meters keep (60 s, once in 24 h,
   * 300 s in all), and counted. AGSEQ is committed before the answer exists. Members with other key versions or time zones get frames of
   * their own. GROUP_REFUSED with context.reason; NOT_FOUND
   */
  sealGroupClock: {
    request: z.strictObject({ group: GroupId, shiftSeconds: Shift.min(-86_400).max(86_400) }),
    result: z.strictObject({
      agseq: Agseq,
      at: Milliseconds,
      /** Address and CA the frames must carry: both are covered by the MAC. */
      server: z.string(),
      clientAddress: z.number().int().min(0).max(255),
      frames: z.array(z.strictObject({ /** The whole SECURITY-Request. */ apdu: ApduBytes, devices: z.array(DeviceAddress).min(1) })).min(1),
    }),
  },
  groups: { request: Nothing, result: z.strictObject({ groups: z.array(GroupState) }) },
  /** Addresses of the members. NOT_FOUND */
  groupMembers: { request: z.strictObject({ group: GroupId }), result: z.strictObject({ devices: z.array(DeviceAddress) }) },
} as const
