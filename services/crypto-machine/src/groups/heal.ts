import { equalBytes } from '@zhuzhan/gm-crypto'
import type { Clock } from '@zhuzhan/core'
import type { Refusals } from '../authority/refusals.js'
import { groupMemberMac } from '../authority/row-macs.js'
import type { Vault } from '../keys/vault.js'
import { groupCounterOf } from '../reports/report-counter.js'
import type { Session } from '../sessions/session-table.js'
import type { MachineStore } from '../store/store.js'
import { BROADCAST_EVERY_MS, healedAgseq } from './agseq.js'

export interface HealOptions {
  store: MachineStore
  vault: Vault
  refusals: Refusals
  clock: Clock
}

/**
 * What an authentic answer to GET F1000700 in a session says of a group's AGSEQ. After a restore it makes the counter known again
 * (§7.10), and then 24 hours pass before a broadcast, because the last one may be among what was lost. At any other time it raises
 * nothing: a member that was opened could drive the counter to its end. One ahead of ours is a sign that somebody has the group's key.
 */
export async function healGroup({ store, vault, refusals, clock }: HealOptions, session: Session, apdu: Uint8Array): Promise<void> {
  const read = groupCounterOf(apdu)
  if (read === undefined) return
  const { id, address } = session.device.row
  const [member] = await store.memberships([id])
  if (!member || !equalBytes(member.rowMac, groupMemberMac(vault, member))) return
  const group = await store.group(member.groupId)
  if (!group) return
  const subject = `group ${member.groupId.toString('hex').toUpperCase()}`
  const detail = { device: address, read, ours: group.agseq }
  const now = clock.now()
  if (group.known) {
    if (read > group.agseq) await refusals.note({ kind: 'group-counter-ahead', subject, detail })
    return
  }
  const healed = healedAgseq(group, read, now)
  if (healed === undefined) await refusals.note({ kind: 'group-counter-far', subject, detail })
  else await store.healGroup(member.groupId, healed, now + BROADCAST_EVERY_MS, { kind: 'group-counter-set', subject, detail: { ...detail, after: healed } })
}
