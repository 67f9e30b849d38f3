import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID, sm3, sm4Ctr } from '@zhuzhan/gm-crypto'
import { lp } from './bytes.js'
import { decodeFirmwareManifest, encodeFirmwareManifest, stationReleaseInput } from './firmware.js'
import type { FirmwareManifest } from './firmware.js'
import type { Sm2Verifier } from './mode-f.js'

/** A release as one file: LP(FWM) || sigV || sigS || sent image. §7.9 */
export interface FirmwareFile {
  fwm: Buffer
  manifest: FirmwareManifest
  sigVendor: Buffer
  sigStation: Buffer
  sent: Buffer
}

/** Larger images are not carried: block numbers are 16 bits, and one message of the crypto machine holds 8 MB. */
export const MAX_IMAGE_BYTES = 4 * 1024 * 1024
const SIGNATURE = 64

/** What a vendor says of an image; text is UTF-8. */
export interface FirmwareTerms {
  vendor: string
  model: string
  moduleType: number
  relId: Uint8Array
  version: number
  minVersion: number
}

/** FWM and the sent image = SM4-CTR(IK, counter block 0^16, image). IK is for this release alone. */
export function prepareFirmware(image: Uint8Array, imageKey: Uint8Array, { vendor, model, relId, ...rest }: FirmwareTerms): { fwm: Buffer; sent: Buffer } {
  const sent = sm4Ctr(imageKey, Buffer.alloc(16), image)
  const fwm = encodeFirmwareManifest({
    ...rest,
    vendor: Buffer.from(vendor, 'utf8'),
    model: Buffer.from(model, 'utf8'),
    relId: Buffer.from(relId),
    size: image.length,
    imageHash: sm3(image),
    sentHash: sm3(sent),
  })
  return { fwm, sent }
}

export function encodeFirmwareFile({ fwm, sigVendor, sigStation, sent }: Omit<FirmwareFile, 'manifest'>): Buffer {
  return Buffer.concat([lp(fwm), sigVendor, sigStation, sent])
}

/** @throws HesError AUTH_FAILED for what has another form */
export function decodeFirmwareFile(bytes: Uint8Array): FirmwareFile {
  const b = Buffer.from(bytes)
  const length = b.length >= 2 ? b.readUInt16BE(0) : 0
  const body = 2 + length + 2 * SIGNATURE
  if (length === 0 || b.length <= body) throw new HesError('AUTH_FAILED', 'this is no firmware file')
  const fwm = b.subarray(2, 2 + length)
  return {
    fwm,
    manifest: decodeFirmwareManifest(fwm),
    sigVendor: b.subarray(2 + length, 2 + length + SIGNATURE),
    sigStation: b.subarray(2 + length + SIGNATURE, body),
    sent: b.subarray(body),
  }
}

export type FirmwareFault = 'vendor' | 'vendor-signature' | 'station-signature' | 'size' | 'sent-hash' | 'model' | 'module-type' | 'version' | 'min-version' | 'image-key' | 'image-hash' | 'form'

/** Both signatures, the size, and the hash of what was sent. The hash of the image itself is for who has its key. */
export async function firmwareFileFault({ fwm, manifest, sigVendor, sigStation, sent }: FirmwareFile, keys: { verifier: Sm2Verifier; vendorKey: Uint8Array | undefined; releaseKey: Uint8Array }): Promise<FirmwareFault | undefined> {
  const { verifier, vendorKey, releaseKey } = keys
  if (!vendorKey) return 'vendor'
  if (!(await verifier.verify(vendorKey, SM2_DEFAULT_ID, fwm, sigVendor))) return 'vendor-signature'
  if (!(await verifier.verify(releaseKey, SM2_DEFAULT_ID, stationReleaseInput(fwm, sigVendor), sigStation))) return 'station-signature'
  if (manifest.size !== sent.length) return 'size'
  if (!sm3(sent).equals(manifest.sentHash)) return 'sent-hash'
  return undefined
}
