import type { MachineStore } from '../store/store.js'

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
