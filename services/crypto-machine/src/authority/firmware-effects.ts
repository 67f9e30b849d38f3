import { HesError } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { SM2_DEFAULT_ID, isCurvePoint } from '@zhuzhan/gm-crypto'
import type { Sm2Engine } from '@zhuzhan/gm-crypto'
import { decodeFirmwareManifest } from '@zhuzhan/osp1'
import type { FirmwareManifest } from '@zhuzhan/osp1'
import { genuineRelease, genuineVendor } from '../firmware/register.js'
import type { ReleaseKey } from '../firmware/release-key.js'
import type { Vault } from '../keys/vault.js'
import type { MachineStore } from '../store/store.js'
import type { FirmwareReleaseRow, FirmwareVendorRow } from '../store/firmware-store.js'
import type { EffectTable, Refuse } from './order-effects.js'
import { firmwareReleaseMac, firmwareVendorMac } from './row-macs.js'

type FirmwareKinds = 'firmware-vendor' | 'firmware-vendor-withdraw' | 'firmware-release' | 'firmware-withdraw'

export interface FirmwareEffectOptions {
  store: MachineStore
  vault: Vault
  clock: Clock
  engine: Sm2Engine
  releaseKey: ReleaseKey
}

/** Orders about firmware: whose images are taken, which are offered, and which no more. §7.9 */
export function createFirmwareEffects({ store, vault, clock, engine, releaseKey }: FirmwareEffectOptions): EffectTable<FirmwareKinds> {
  const vendorRow = async (vendor: string): Promise<FirmwareVendorRow | undefined> => (await store.firmwareVendors()).find((one) => one.vendor === vendor && genuineVendor(vault, one))
  const withMac = (row: Omit<FirmwareVendorRow, 'rowMac'>): FirmwareVendorRow => ({ ...row, rowMac: firmwareVendorMac(vault, row) })
  const changed = (row: FirmwareReleaseRow, more: Partial<FirmwareReleaseRow>): FirmwareReleaseRow => {
    const next = { ...row, ...more, changedAt: clock.now() }
    return { ...next, rowMac: firmwareReleaseMac(vault, next) }
  }
  const manifestOf = (fwm: Buffer, refuse: Refuse): FirmwareManifest => {
    try {
      return decodeFirmwareManifest(fwm)
    } catch (error) {
      throw error instanceof HesError ? refuse('no-manifest') : error
    }
  }
  const done = (): void => undefined

  return {
    'firmware-vendor': async ({ vendor, publicKey }, refuse) => {
      const key = Buffer.from(publicKey, 'hex')
      if (!isCurvePoint(key)) throw refuse('key-not-on-the-curve')
      if ((await vendorRow(vendor))?.state === 'withdrawn') throw refuse('withdrawn-for-good')
      return { changes: { firmware: { vendors: [withMac({ vendor, publicKey: key, state: 'active' })] } }, widens: true, subject: `vendor ${vendor}`, done }
    },
    'firmware-vendor-withdraw': async ({ vendor }, refuse) => {
      const row = await vendorRow(vendor)
      if (!row) throw refuse('unknown-vendor')
      return { changes: { firmware: { vendors: [withMac({ ...row, state: 'withdrawn' })] } }, widens: false, subject: `vendor ${vendor}`, done }
    },
    'firmware-release': async ({ fwm: text, sigVendor: signature }, refuse) => {
      const [fwm, sigVendor] = [Buffer.from(text, 'hex'), Buffer.from(signature, 'hex')]
      const manifest = manifestOf(fwm, refuse)
      const name = manifest.vendor.toString('utf8')
      const row = await store.firmwareRelease(manifest.relId)
      // Only what was encrypted here: anything else has an IK the machine does not hold.
      if (!row || !genuineRelease(vault, row) || !row.fwm.equals(fwm)) throw refuse('not-prepared-here')
      if (row.state !== 'prepared') throw refuse(row.state)
      const vendor = await vendorRow(name)
      if (vendor?.state !== 'active') throw refuse('unknown-vendor')
      if (!(await engine.verify(vendor.publicKey, SM2_DEFAULT_ID, fwm, sigVendor))) throw refuse('vendor-signature')
      const sigStation = await releaseKey.sign(fwm, sigVendor)
      return {
        changes: { firmware: { releases: [changed(row, { state: 'offered', sigVendor, sigStation })] } },
        widens: true,
        subject: `release ${manifest.relId.toString('hex').toUpperCase()}`,
        detail: { vendor: name, model: manifest.model.toString('utf8'), version: manifest.version },
        done,
      }
    },
    'firmware-withdraw': async ({ release }, refuse) => {
      const row = await store.firmwareRelease(Buffer.from(release, 'hex'))
      if (!row || !genuineRelease(vault, row)) throw refuse('no-such-release')
      if (row.state === 'withdrawn') throw refuse('withdrawn')
      return { changes: { firmware: { releases: [changed(row, { state: 'withdrawn' })] } }, widens: false, subject: `release ${release}`, done }
    },
  }
}
