import { PURPOSE, PURPOSES, deriveKey, encodeStage, erase } from '@zhuzhan/osp1'
import type { Purpose } from '@zhuzhan/osp1'
import type { KeyProvider } from '../provider/provider.js'
import type { KeyUpdateRow } from '../store/field-store.js'
import type { DeviceRow } from '../store/store.js'

/**
 * KU of a stage: the device's keys of every purpose under the new root keys, wrapped under its active transport key. Purpose 5 goes by
 * the serial of the meter's own chip, purpose 3 of a group's member by the group's id. §7.1, §7.8
 */
export async function buildStage(provider: KeyProvider, row: DeviceRow, update: KeyUpdateRow, group: Buffer | undefined): Promise<Buffer> {
  const nameOf = (purpose: Purpose, dispersion: Buffer): Buffer => (purpose === 'pairing' ? row.chipSerial : purpose === 'group' && group ? group : dispersion)
  const { updateId, newState, newVersion, newDispersion } = update
  const keys = await Promise.all(
    PURPOSES.map(async (purpose) => ({
      purpose: PURPOSE[purpose],
      key: await provider.deviceKey({ keyState: newState, keyVersion: newVersion, purpose }, nameOf(purpose, newDispersion)),
    })),
  )
  const transport = await provider.deviceKey({ keyState: row.keyState, keyVersion: row.keyVersion, purpose: 'transport' }, row.dispersion)
  const wrapKey = deriveKey(transport, 'transport', row.dispersion)
  try {
    return encodeStage(wrapKey, { ad: row.ad, dispersion: row.dispersion }, { updateId, newState, newVersion, newDispersion }, keys)
  } finally {
    erase(transport, wrapKey, ...keys.map(({ key }) => key))
  }
}
