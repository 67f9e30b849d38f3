import { SM2_DEFAULT_ID } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { stationReleaseInput } from '@zhuzhan/osp1'
import type { Vault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'

const NAME = 'release'

/** The station's release key: signs `OSP1-FWS` and nothing else (§7.0). Made when it is first needed, kept wrapped. */
export interface ReleaseKey {
  publicKey(): Promise<Buffer>
  sign(fwm: Uint8Array, sigVendor: Uint8Array): Promise<Buffer>
}

export function createReleaseKey({ store, vault, engine }: { store: MachineStore; vault: Vault; engine: Sm2Engine }): ReleaseKey {
  let key: Promise<{ privateKey: Buffer; publicKey: Buffer }> | undefined
  const open = async (): Promise<{ privateKey: Buffer; publicKey: Buffer }> => {
    const row = (await store.ownKeys()).find(({ name }) => name === NAME)
    if (row) return { privateKey: vault.unwrap(`own-key/${NAME}`, row.wrapped), publicKey: row.publicKey }
    const pair = await engine.generateKeyPair()
    await store.addOwnKey(
      { name: NAME, wrapped: vault.wrap(`own-key/${NAME}`, pair.privateKey), publicKey: pair.publicKey, certificate: undefined },
      { kind: 'own-key-made', subject: NAME },
    )
    return pair
  }
  const get = (): Promise<{ privateKey: Buffer; publicKey: Buffer }> => {
    key ??= open().catch((error: unknown) => {
      key = undefined
      throw error
    })
    return key
  }
  return {
    publicKey: async () => (await get()).publicKey,
    sign: async (fwm, sigVendor) => engine.sign((await get()).privateKey, SM2_DEFAULT_ID, stationReleaseInput(fwm, sigVendor)),
  }
}
