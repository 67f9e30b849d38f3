import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import type { CryptoRequest, CryptoResult, FIRMWARE_OPERATIONS } from '@zhuzhan/contracts'
import { equalBytes } from '@zhuzhan/gm-crypto'
import type { Random } from '@zhuzhan/gm-crypto'
import { decodeFirmwareManifest, prepareFirmware } from '@zhuzhan/osp1'
import { firmwareReleaseMac, firmwareVendorMac } from '../authority/row-macs.js'
import { each } from '../batch.js'
import type { HandlersOf } from '../batch.js'
import type { Vault } from '../keys/vault.js'
import type { FirmwareReleaseRow, FirmwareVendorRow } from '../store/firmware-store.js'
import type { MachineStore } from '../store/store.js'
import type { ReleaseKey } from './release-key.js'

export interface RegisterOptions {
  store: MachineStore
  vault: Vault
  releaseKey: ReleaseKey
  clock: Clock
  random: Random
}

/** Prepared releases that wait for their vendor's signature. */
const PREPARED_KEPT = 32
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

export const imageKeyName = (relId: Uint8Array): string => `firmware/${hex(relId)}`
export const genuineRelease = (vault: Vault, row: FirmwareReleaseRow): boolean => equalBytes(row.rowMac, firmwareReleaseMac(vault, row))
export const genuineVendor = (vault: Vault, row: FirmwareVendorRow): boolean => equalBytes(row.rowMac, firmwareVendorMac(vault, row))

/** Releases at the machine: IK is drawn here and leaves only inside W of one device. §7.9 */
export function createFirmwareRegister({ store, vault, releaseKey, clock, random }: RegisterOptions): HandlersOf<keyof typeof FIRMWARE_OPERATIONS> {
  const prepare = async ({ image, ...terms }: CryptoRequest<'prepareFirmware'>): Promise<CryptoResult<'prepareFirmware'>> => {
    if (terms.minVersion >= terms.version) throw new HesError('BODY_INVALID', 'minVersion is below version')
    const [relId, imageKey] = [random(8), random(16)]
    const { fwm, sent } = prepareFirmware(image, imageKey, { ...terms, relId })
    const bare = { relId, fwm, wrapped: vault.wrap(imageKeyName(relId), imageKey), state: 'prepared' as const, sigVendor: undefined, sigStation: undefined, changedAt: clock.now() }
    imageKey.fill(0)
    await store.prepareFirmware({ ...bare, rowMac: firmwareReleaseMac(vault, bare) }, PREPARED_KEPT, {
      kind: 'firmware-prepared',
      subject: `release ${hex(relId)}`,
      detail: { vendor: terms.vendor, model: terms.model, version: terms.version, size: image.length },
    })
    return { release: hex(relId), fwm, sent }
  }

  const list = async (): Promise<CryptoResult<'firmwareReleases'>> => ({
    releases: (await store.firmwareReleases())
      .filter((row) => genuineRelease(vault, row))
      .map(({ relId, fwm, state, changedAt }) => {
        const { vendor, model, moduleType, version, minVersion, size, imageHash } = decodeFirmwareManifest(fwm)
        return { release: hex(relId), state, vendor: vendor.toString('utf8'), model: model.toString('utf8'), moduleType, version, minVersion, size, imageHash: hex(imageHash), changedAt }
      }),
  })

  const signatures = async ({ release }: CryptoRequest<'firmwareSignatures'>): Promise<CryptoResult<'firmwareSignatures'>> => {
    const row = await store.firmwareRelease(Buffer.from(release, 'hex'))
    if (!row || !genuineRelease(vault, row) || row.state !== 'offered' || !row.sigVendor || !row.sigStation)
      throw new HesError('NOT_FOUND', 'no such release is offered', { release })
    return { fwm: row.fwm, sigVendor: row.sigVendor, sigStation: row.sigStation }
  }

  const keys = async (): Promise<CryptoResult<'firmwareKeys'>> => ({
    releaseKey: hex(await releaseKey.publicKey()),
    vendors: (await store.firmwareVendors()).filter((row) => genuineVendor(vault, row)).map(({ vendor, publicKey, state }) => ({ vendor, publicKey: hex(publicKey), state })),
  })

  return {
    prepareFirmware: (_owner, batch) => each(batch, prepare),
    firmwareReleases: (_owner, batch) => each(batch, list),
    firmwareSignatures: (_owner, batch) => each(batch, signatures),
    firmwareKeys: (_owner, batch) => each(batch, keys),
  }
}
