import { HesError } from '@zhuzhan/core'
import { parseCertificate, privateKeyFromPem } from '@zhuzhan/gm-crypto'
import type { Sm2Certificate } from '@zhuzhan/gm-crypto'
import type { ModuleEntry } from './manifest.js'
import { PURPOSES } from './keys.js'
import type { Purpose } from './keys.js'

/** The JSON of `zhuzhan keys issue`, design.md §3. */
export interface KeyFile {
  address: string
  mode: 'S' | 'F'
  chipSerial: string
  keyVersion: number
  keyState: number
  D: string
  clientAddress: string
  masterId: string
  deviceKeys: Record<Purpose, string>
  groupId?: string | undefined
  masterCertificate?: string | undefined
  deviceCertificate?: string | undefined
  devicePrivateKey?: string | undefined
  /** The modules of a laboratory meter, slots ascending. */
  modules?: readonly KeyFileModule[] | undefined
}

export interface KeyFileModule {
  slot: number
  serial: string
  model: string
  version: number
  firmware: string
  /** Key of its chip (purpose 5), `own` for the meter's own chip, null without a chip. */
  key: string | null
}

/** A module as the meter shows it: its chip's key, `own` for the meter's own chip, or none. §7.7 */
export interface DeviceModule extends Omit<ModuleEntry, 'mac'> {
  key: Buffer | 'own' | undefined
}

/** The same as bytes, as a device holds it. */
export interface DeviceKeys {
  address: string
  mode: 'S' | 'F'
  keyVersion: number
  keyState: number
  dispersion: Buffer
  clientAddress: number
  stationId: Buffer
  keys: Record<Purpose, Buffer>
  groupId?: Buffer
  modules?: readonly DeviceModule[]
  /** Mode F only. */
  sm2?: { stationCertificate: Sm2Certificate; privateKey: Buffer; certificate: Sm2Certificate }
}

/** @throws HesError BODY_INVALID naming the field */
export function readKeyFile(file: KeyFile): DeviceKeys {
  const wrong = (field: string): never => {
    throw new HesError('BODY_INVALID', `key file: field '${field}'`, { field })
  }
  const bytes = (value: unknown, count: number, field: string): Buffer =>
    typeof value === 'string' && new RegExp(`^[0-9A-Fa-f]{${count * 2}}$`).test(value) ? Buffer.from(value, 'hex') : wrong(field)
  if (!/^[0-9]{12}$/.test(file.address)) wrong('address')
  if (file.mode !== 'S' && file.mode !== 'F') wrong('mode')
  const out: DeviceKeys = {
    address: file.address,
    mode: file.mode,
    keyVersion: Number.isInteger(file.keyVersion) ? file.keyVersion : wrong('keyVersion'),
    keyState: file.keyState === 0 || file.keyState === 1 ? file.keyState : wrong('keyState'),
    dispersion: bytes(file.D, 8, 'D'),
    clientAddress: bytes(file.clientAddress, 1, 'clientAddress')[0] ?? 0,
    stationId: bytes(file.masterId, 8, 'masterId'),
    keys: Object.fromEntries(PURPOSES.map((purpose) => [purpose, bytes(file.deviceKeys[purpose], 16, `deviceKeys.${purpose}`)])) as Record<
      Purpose,
      Buffer
    >,
  }
  if (file.groupId !== undefined) out.groupId = bytes(file.groupId, 8, 'groupId')
  if (file.modules !== undefined)
    out.modules = file.modules.map(({ slot, serial, model, version, firmware, key }) => ({
      slot: Number.isInteger(slot) && slot >= 0 && slot <= 255 ? slot : wrong('modules.slot'),
      serial: bytes(serial, 8, 'modules.serial'),
      model: bytes(model, 8, 'modules.model'),
      version: Number.isInteger(version) ? version : wrong('modules.version'),
      firmware: bytes(firmware, 32, 'modules.firmware'),
      key: key === null ? undefined : key === 'own' ? key : bytes(key, 16, 'modules.key'),
    }))
  if (file.mode === 'F') {
    const { masterCertificate, deviceCertificate, devicePrivateKey } = file
    if (!masterCertificate || !deviceCertificate || !devicePrivateKey)
      return wrong('masterCertificate, deviceCertificate, devicePrivateKey')
    out.sm2 = {
      stationCertificate: parseCertificate(masterCertificate),
      certificate: parseCertificate(deviceCertificate),
      privateKey: privateKeyFromPem(devicePrivateKey),
    }
  }
  return out
}
