import type { DeviceFirmware } from '@zhuzhan/osp1'
import type { StateStore } from '../run/state-journal.js'

/** Public keys a virtual device was made with: `zhuzhan firmware keys --json` tells them. */
export interface FirmwareKeys {
  releaseKey: Buffer
  vendors: ReadonlyMap<string, Buffer>
}

/** What laboratory key issue binds as the management module. */
const MODEL = 'ZZ-MGT-1'
const MANAGEMENT = 0
const FIRST_VERSION = 1

/** The management program of a virtual device: which version runs outlives its power. */
export function virtualFirmware({ releaseKey, vendors }: FirmwareKeys, state: StateStore, address: string): DeviceFirmware {
  const key = `firmware/${address}`
  return {
    model: MODEL,
    moduleType: MANAGEMENT,
    vendors,
    releaseKey,
    installed: () => (state.get(key) as { version: number } | undefined)?.version ?? FIRST_VERSION,
    start: async (_image, version) => {
      await state.put(key, { version })
      return true
    },
  }
}
