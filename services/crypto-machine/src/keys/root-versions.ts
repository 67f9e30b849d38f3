import type { MachineStore, RootKeyName, RootKeyRow } from '../store/store.js'
import type { Vault } from './vault.js'

/** The name a wrapped root key is bound to. */
export const rootName = ({ keyState, keyVersion, purpose }: RootKeyName): string => `root-key/${keyState}/${keyVersion}/${purpose}`

/**
 * Tells two root keys apart. A MAC under the vault's own key: without the master key it is noise, and the root key itself encrypts
 * nothing for it (§7.1: no check value E(0)).
 */
export function rootFingerprint(vault: Vault, row: RootKeyRow): string {
  const key = vault.unwrap(rootName(row), row.wrapped)
  const print = vault.rowMac(`fingerprint/${rootName(row)}`, [key]).subarray(0, 8).toString('hex').toUpperCase()
  key.fill(0)
  return print
}

/**
 * Versions of root keys: `pending` from the order that made them, `active` from the first order that brings devices to them, `withdrawn`
 * once a later version is active and no device holds keys of this one. A withdrawn version brings no device back to it.
 */
export async function withdrawUnusedRoots(store: MachineStore): Promise<void> {
  const versions = await store.rootKeyUse()
  for (const { keyState, keyVersion, status, devices } of versions) {
    const later = versions.some((one) => one.keyState === keyState && one.keyVersion > keyVersion && one.status === 'active' && one.devices > 0)
    if (status !== 'active' || devices > 0 || !later) continue
    await store.setRootKeyStatus(keyState, keyVersion, 'withdrawn', { kind: 'root-keys-withdrawn', subject: `root keys ${keyState}/${keyVersion}` })
  }
}

/** The version new devices of a laboratory get. */
export async function newestActiveVersion(store: Pick<MachineStore, 'rootKeyUse'>, keyState: number, first: number): Promise<number> {
  const active = (await store.rootKeyUse()).filter((one) => one.keyState === keyState && one.status === 'active')
  return active.reduce((highest, one) => Math.max(highest, one.keyVersion), first)
}
