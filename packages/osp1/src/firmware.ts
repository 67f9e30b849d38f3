import { authFailed, sm3, sm4CcmOpen, sm4CcmSeal } from '@zhuzhan/gm-crypto'
import { label, lp, u32, zeros } from './bytes.js'

/** Firmware manifest and the image key of one device (purpose 6). §7.9 */

export interface FirmwareManifest {
  vendor: Buffer
  model: Buffer
  moduleType: number
  relId: Buffer
  version: number
  minVersion: number
  size: number
  /** SM3 of the image and of the encrypted image. */
  imageHash: Buffer
  sentHash: Buffer
}

const LABEL = label('OSP1-FWM')
const WRAP_LABEL = label('OSP1-FWI')
const TAG = 16

export function encodeFirmwareManifest(m: FirmwareManifest): Buffer {
  return Buffer.concat([
    LABEL,
    Buffer.of(1),
    lp(m.vendor),
    lp(m.model),
    Buffer.of(m.moduleType),
    m.relId,
    u32(m.version),
    u32(m.minVersion),
    u32(m.size),
    m.imageHash,
    m.sentHash,
  ])
}

/** @throws HesError AUTH_FAILED */
export function decodeFirmwareManifest(bytes: Uint8Array): FirmwareManifest {
  const b = Buffer.from(bytes)
  let at = 0
  const take = (count: number): Buffer => {
    if (at + count > b.length) throw authFailed()
    at += count
    return b.subarray(at - count, at)
  }
  if (!take(8).equals(LABEL) || take(1)[0] !== 1) throw authFailed()
  const manifest: FirmwareManifest = {
    vendor: take(take(2).readUInt16BE(0)),
    model: take(take(2).readUInt16BE(0)),
    moduleType: take(1)[0] ?? 0,
    relId: take(8),
    version: take(4).readUInt32BE(0),
    minVersion: take(4).readUInt32BE(0),
    size: take(4).readUInt32BE(0),
    imageHash: take(32),
    sentHash: take(32),
  }
  if (at !== b.length) throw authFailed()
  return manifest
}

export const stationReleaseInput = (fwm: Uint8Array, sigV: Uint8Array): Buffer => Buffer.concat([label('OSP1-FWS'), fwm, sigV])

interface ImageKeyContext {
  ad: Uint8Array
  dispersion: Uint8Array
  fwm: Uint8Array
  relId: Uint8Array
}

const nonce = (relId: Uint8Array): Buffer => Buffer.concat([Buffer.of(6), zeros(3), relId])
const aad = (c: ImageKeyContext): Buffer => Buffer.concat([WRAP_LABEL, c.ad, c.dispersion, sm3(c.fwm)])

/** W = CCM(KF, 06 || 000000 || relId, label || AD || D || SM3(FWM), IK): 32 bytes for one device. */
export function wrapImageKey(firmwareKey: Uint8Array, context: ImageKeyContext, imageKey: Uint8Array): Buffer {
  const { ciphertext, tag } = sm4CcmSeal(firmwareKey, nonce(context.relId), aad(context), imageKey, TAG)
  return Buffer.concat([ciphertext, tag])
}

/** @throws HesError AUTH_FAILED */
export function unwrapImageKey(firmwareKey: Uint8Array, context: ImageKeyContext, wrapped: Uint8Array): Buffer {
  if (wrapped.length !== 32) throw authFailed()
  return sm4CcmOpen(firmwareKey, nonce(context.relId), aad(context), wrapped.subarray(0, 16), wrapped.subarray(16), TAG)
}
