import type { DeviceRow, KeyEvent } from './store.js'

/** Groups of clock broadcasts. §7.5, §7.10 */

export interface GroupRow {
  groupId: Buffer
  /** The last AGSEQ that may have been sent. */
  agseq: number
  /** False after a restore until F100 attribute 7 of a member was read in a session. */
  known: boolean
  /** No broadcast before this, ms since 1970. */
  notBefore: number
}

export interface GroupMemberRow {
  groupId: Buffer
  deviceId: number
  /** When it joined, or when its clock was last set in a session; ms since 1970. */
  since: number
  rowMac: Buffer
}

export interface BroadcastRow {
  agseq: number
  /** Ms since 1970. */
  at: number
  /** Seconds. */
  shift: number
}

export interface GroupView extends GroupRow {
  members: number
  last: BroadcastRow | undefined
}

/** Devices that join a group, which is made if there is none of this id, and devices that leave theirs. */
export interface GroupChanges {
  joined?: { groupId: Buffer; /** Of a new group. */ agseq: number; members: readonly Omit<GroupMemberRow, 'groupId'>[] }
  left?: readonly number[]
}

export interface GroupStore {
  /** By id. */
  groups(): Promise<GroupView[]>
  group(groupId: Uint8Array): Promise<GroupRow | undefined>
  /** By address. */
  groupMembers(groupId: Uint8Array): Promise<{ member: GroupMemberRow; device: DeviceRow }[]>
  memberships(deviceIds: readonly number[]): Promise<GroupMemberRow[]>
  broadcastsSince(groupId: Uint8Array, since: number): Promise<BroadcastRow[]>
  /** Raise AGSEQ and note the broadcast. @returns false, and nothing changed, unless the group is known and AGSEQ still `before` */
  commitBroadcast(groupId: Uint8Array, before: number, row: BroadcastRow, notBefore: number, event: KeyEvent): Promise<boolean>
  /** An unknown AGSEQ is known from now on; it is never lowered. */
  healGroup(groupId: Uint8Array, agseq: number, notBefore: number, event: KeyEvent): Promise<void>
  /** The clock of this device was set in a session. Nothing for a device in no group. */
  clockWasSet(deviceId: number, at: number): Promise<void>
}
