import type { MachineStore } from '../store/store.js'
import type { EffectOptions, EffectTable, Refuse } from './order-effects.js'

type RootKinds = 'root-keys' | 'root-keys-withdraw' | 'root-keys-destroy'
type Version = Awaited<ReturnType<MachineStore['rootKeyUse']>>[number]

/** Orders about versions of root keys: pending when made, active with their first device, withdrawn, destroyed. */
export function createRootEffects({ store, provider }: Pick<EffectOptions, 'store' | 'provider'>): EffectTable<RootKinds> {
  const find = async (keyState: number, keyVersion: number, refuse: Refuse): Promise<{ version: Version; others: Version[] }> => {
    const versions = (await store.rootKeyUse()).filter((one) => one.keyState === keyState)
    const version = versions.find((one) => one.keyVersion === keyVersion)
    if (!version) throw refuse('no-such-root-keys')
    if (version.status === 'destroyed') throw refuse('destroyed')
    return { version, others: versions.filter((one) => one !== version) }
  }
  const subject = (keyState: number, keyVersion: number): string => `root keys ${keyState}/${keyVersion}`

  return {
    'root-keys': async ({ keyState, keyVersion }, refuse) => {
      if (!provider.newRootKeys) throw refuse('provider')
      // A number is used once, also that of a destroyed version.
      if ((await store.rootKeyUse()).some((one) => one.keyState === keyState && one.keyVersion === keyVersion)) throw refuse('exists')
      const { rows, use } = provider.newRootKeys(keyState, keyVersion)
      return { changes: { rootKeys: rows }, widens: true, subject: subject(keyState, keyVersion), done: use }
    },
    'root-keys-withdraw': async ({ keyState, keyVersion }, refuse) => {
      const { version, others } = await find(keyState, keyVersion, refuse)
      if (version.status === 'withdrawn') throw refuse('withdrawn-before')
      if (!others.some((one) => one.status === 'active')) throw refuse('last-active-version')
      return {
        changes: { withdrawnRoots: [{ keyState, keyVersion }] },
        widens: false,
        subject: subject(keyState, keyVersion),
        detail: { devices: version.devices },
        done: () => undefined,
      }
    },
    'root-keys-destroy': async ({ keyState, keyVersion }, refuse) => {
      const { version } = await find(keyState, keyVersion, refuse)
      if (version.status === 'active') throw refuse('active')
      if (version.devices > 0) throw refuse('in-use')
      // Also by what a device is on its way to, and by the pairing keys of modules.
      if ((await store.openKeyUpdates()).some((row) => row.newState === keyState && row.newVersion === keyVersion)) throw refuse('update-open')
      if (await store.modulesUse(keyState, keyVersion)) throw refuse('in-use-by-modules')
      return {
        changes: { destroyedRoots: [{ keyState, keyVersion }] },
        // Nothing brings it back: two people.
        widens: true,
        subject: subject(keyState, keyVersion),
        done: () => provider.forgetRootKeys?.(keyState, keyVersion),
      }
    },
  }
}
