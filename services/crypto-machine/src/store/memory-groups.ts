import type { BroadcastRow, GroupChanges, GroupMemberRow, GroupRow, GroupStore } from './group-store.js'
import type { MemoryDisk } from './memory-store.js'

export interface MemoryGroups {
  groups: Map<string, GroupRow>
  /** By device id. */
  members: Map<number, GroupMemberRow>
  broadcasts: Map<string, BroadcastRow[]>
}

export function memoryGroupParts(): MemoryGroups {
  return { groups: new Map(), members: new Map(), broadcasts: new Map() }
}

const key = (groupId: Uint8Array): string => Buffer.from(groupId).toString('hex')

export function memoryGroups(disk: MemoryDisk, commit: (write: () => void) => Promise<void>): GroupStore {
  const { groups } = disk
  const of = (groupId: Uint8Array): GroupMemberRow[] => [...groups.members.values()].filter((row) => row.groupId.equals(groupId))
  const history = (groupId: Uint8Array): BroadcastRow[] => groups.broadcasts.get(key(groupId)) ?? []
  return {
    groups: async () =>
      [...groups.groups.values()]
        .sort((a, b) => Buffer.compare(a.groupId, b.groupId))
        .map((row) => ({ ...row, members: of(row.groupId).length, last: history(row.groupId).at(-1) })),
    group: async (groupId) => groups.groups.get(key(groupId)),
    groupMembers: async (groupId) =>
      of(groupId)
        .flatMap((member) => {
          const device = disk.devices.find((row) => row.id === member.deviceId)
          return device ? [{ member, device }] : []
        })
        .sort((a, b) => (a.device.address < b.device.address ? -1 : 1)),
    memberships: async (deviceIds) => deviceIds.flatMap((id) => groups.members.get(id) ?? []).sort((a, b) => a.deviceId - b.deviceId),
    broadcastsSince: async (groupId, since) => history(groupId).filter((row) => row.at >= since),
    async commitBroadcast(groupId, before, row, notBefore, event) {
      let raised = false
      await commit(() => {
        const group = groups.groups.get(key(groupId))
        raised = group !== undefined && group.known && group.agseq === before
        if (!raised || !group) return
        groups.groups.set(key(groupId), { ...group, agseq: row.agseq, notBefore })
        groups.broadcasts.set(key(groupId), [...history(groupId), row])
        disk.events.push(event)
      })
      return raised
    },
    healGroup: (groupId, agseq, notBefore, event) =>
      commit(() => {
        const group = groups.groups.get(key(groupId))
        if (group)
          groups.groups.set(key(groupId), { ...group, known: true, agseq: Math.max(agseq, group.agseq), notBefore: Math.max(notBefore, group.notBefore) })
        disk.events.push(event)
      }),
    clockWasSet: (deviceId, at) =>
      commit(() => {
        const row = groups.members.get(deviceId)
        if (row) groups.members.set(deviceId, { ...row, since: Math.max(at, row.since) })
      }),
  }
}

/** Part of an order's commit. */
export function applyGroups({ groups }: MemoryDisk, { joined, left }: GroupChanges): void {
  if (joined) {
    const { groupId, agseq } = joined
    if (!groups.groups.has(key(groupId))) groups.groups.set(key(groupId), { groupId, agseq, known: true, notBefore: 0 })
    for (const row of joined.members) {
      const before = groups.members.get(row.deviceId)
      groups.members.set(row.deviceId, { ...row, groupId, since: before?.groupId.equals(groupId) ? before.since : row.since })
    }
  }
  for (const deviceId of left ?? []) groups.members.delete(deviceId)
}

/** After a restore. §7.10 */
export function forgetCounters({ groups }: MemoryDisk): void {
  for (const [id, row] of groups.groups) groups.groups.set(id, { ...row, known: false })
}
