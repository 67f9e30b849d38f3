import { deviceRowMac } from '../keys/devices.js'
import { dayNumber } from '../groups/agseq.js'
import type { DeviceRow } from '../store/store.js'
import type { EffectOptions, EffectTable, Refuse } from './order-effects.js'
import { groupMemberMac } from './row-macs.js'

type GroupKinds = 'group' | 'ungroup'

/**
 * Orders about groups of clock broadcasts. §7.5: members hold the group's key, so who is one is for two administrators to say; the key
 * itself comes with the key file (`groupId`) and goes with every key update.
 */
export function createGroupEffects({ store, vault, places, clock }: Pick<EffectOptions, 'store' | 'vault' | 'places' | 'clock'>): EffectTable<GroupKinds> {
  const enrolled = async (addresses: readonly string[], refuse: Refuse): Promise<DeviceRow[]> => {
    const rows = (await store.devices(addresses)).filter((row) => row.status !== 'withdrawn')
    if (rows.length !== addresses.length) throw refuse('not-enrolled')
    for (const row of rows) if (!deviceRowMac(vault, row).equals(row.rowMac)) throw refuse('row-changed-outside')
    return rows
  }
  const list = (addresses: readonly string[]) => ({ devices: addresses.length, first: addresses[0] ?? '' })

  return {
    group: async ({ group, addresses }, refuse) => {
      const groupId = Buffer.from(group, 'hex')
      const rows = await enrolled(addresses, refuse)
      if (rows.some((row) => row.keyState !== 1)) throw refuse('factory-keys')
      // G of a group must be no D of a device, or that device's own key of purpose 3 would be the group's.
      if (groupId.subarray(0, 2).equals(Buffer.alloc(2)) && /^[0-9]{12}$/.test(group.slice(4))) throw refuse('group-id-of-a-device')
      for (const { address } of rows) if ((await places.get(address))?.profile !== 'sm') throw refuse('no-place')
      const members = rows.map(({ id: deviceId }) => ({ deviceId, since: clock.now(), rowMac: groupMemberMac(vault, { deviceId, groupId }) }))
      return {
        changes: { groups: { joined: { groupId, agseq: dayNumber(clock.now()), members } } },
        widens: true,
        subject: `group ${group}`,
        detail: list(addresses),
        done: () => undefined,
      }
    },
    ungroup: async ({ addresses }, refuse) => {
      const rows = await enrolled(addresses, refuse)
      if ((await store.memberships(rows.map((row) => row.id))).length !== rows.length) throw refuse('in-no-group')
      return { changes: { groups: { left: rows.map((row) => row.id) } }, widens: false, subject: 'groups', detail: list(addresses), done: () => undefined }
    },
  }
}
