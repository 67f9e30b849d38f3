import { equalBytes } from '@zhuzhan/gm-crypto'
import type { Serially } from '../authority/serially.js'
import type { DeviceRow, MachineStore } from '../store/store.js'
import { keyUpdates } from '../telemetry.js'
import { deviceRowMac } from './devices.js'
import type { Device, KeySet, WorkingKeys } from './devices.js'
import type { Vault } from './vault.js'

/** With which keys a device is spoken to while a key update of it is open. §7.8 */

/** Keys and D of one set. */
export interface ChosenKeys {
  readonly set: KeySet
  readonly keys: WorkingKeys
  readonly dispersion: Buffer
}

/** Sets to try where both may be in force: the new one first. Reports and read proofs say themselves which fits. */
export function keysInForce({ keys, update }: Device): WorkingKeys[] {
  return update ? [update.keys, keys] : [keys]
}

/**
 * The set of the next CONNECT: the new one first, then in turn. Before anything was sent the old one first; the new one has its turn
 * even then, for a backup may be older than what was sent.
 */
export function chooseKeys({ row, keys, update }: Device): ChosenKeys {
  const active = { set: 'active', keys, dispersion: row.dispersion } as const
  if (!update) return active
  const { newDispersion, state } = update.row
  // In mode F no key of the set is in the CONNECT, only D.
  if (row.mode === 'F' && equalBytes(newDispersion, row.dispersion)) return active
  const chosen = update.tryNew ? ({ set: 'new', keys: update.keys, dispersion: newDispersion } as const) : active
  if (state !== 'ordered') update.tryNew = !update.tryNew
  return chosen
}

export interface KeyTrials {
  /** The device proved that it holds the set it was spoken to with. The next CONNECT begins with the new one again. */
  worked(device: Device): Promise<void>
  /** The next CONNECT goes by the same set. */
  again(device: Device, set: KeySet): void
  /** It answered with a refusal, which proves nothing; when it refused both, it is marked and alarmed about, and both are kept. */
  refused(device: Device, set: KeySet): Promise<void>
}

export function createKeyTrials({ store, vault, oneByOne }: { store: MachineStore; vault: Vault; oneByOne: Serially }): KeyTrials {
  const mark = (device: Device, from: DeviceRow['status'], status: DeviceRow['status'], kind: string): Promise<void> =>
    oneByOne(async () => {
      if (device.row.status !== from) return
      const row = { ...device.row, status }
      const next = { ...row, rowMac: deviceRowMac(vault, row) }
      await store.updateDevice(next, { kind, subject: device.row.address, detail: { keyState: row.keyState, keyVersion: row.keyVersion } })
      device.row = next
    })
  return {
    again(device, set) {
      if (device.update) device.update.tryNew = set === 'new'
    },
    async worked(device) {
      if (device.update) {
        device.update.refused.clear()
        device.update.tryNew = device.update.row.state !== 'ordered'
      }
      if (device.row.status === 'unreachable-key') await mark(device, 'unreachable-key', 'active', 'key-reachable-again')
    },
    async refused(device, set) {
      const { update } = device
      if (!update) return
      update.refused.add(set)
      if (update.row.state === 'ordered') update.tryNew = set === 'active'
      if (update.refused.size < 2 || device.row.status !== 'active') return
      await mark(device, 'active', 'unreachable-key', 'unreachable-key')
      keyUpdates.add(1, { state: 'unreachable' })
    },
  }
}
