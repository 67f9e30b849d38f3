import { equalBytes } from '@zhuzhan/gm-crypto'
import { groupMemberMac } from '../authority/row-macs.js'
import type { Vault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'

/** G of the group this device is in; its key of purpose 3 is made from it. §7.1 */
export async function groupIdOf(store: Pick<MachineStore, 'memberships'>, vault: Vault, deviceId: number): Promise<Buffer | undefined> {
  const [row] = await store.memberships([deviceId])
  return row && equalBytes(row.rowMac, groupMemberMac(vault, row)) ? row.groupId : undefined
}
