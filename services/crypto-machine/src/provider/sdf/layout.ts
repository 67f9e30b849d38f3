import { bytesToInt, isCurvePoint } from '@zhuzhan/gm-crypto'
import type { Sm2Ciphertext } from '@zhuzhan/gm-crypto'
import { SdfFailure } from './library/return-codes.js'
import type { SdfModel } from './model.js'

/**
 * The packed structures of GM/T 0018, integers in the machine's own order (little-endian wherever this runs).
 *
 *   ECCrefPublicKey { u32 bits; x[F]; y[F] }     ECCSignature { r[F]; s[F] }
 *   ECCCipher { x[F]; y[F]; M[32]; u32 L; C[] }   DEVICEINFO { issuer[40]; name[16]; serial[16]; … } (100)
 *
 * F = 32 or 64 bytes; values of 32 bytes stand at the end of their field, zeros before.
 */

const VALUE = 32
const BITS = 256
const DEVICE_INFO = 100

export const bytesOfField = (model: SdfModel): number => model.fieldBits / 8
export const publicKeySize = (model: SdfModel): number => 4 + 2 * bytesOfField(model)
export const signatureSize = (model: SdfModel): number => 2 * bytesOfField(model)
export const cipherSize = (model: SdfModel, text: number): number => 2 * bytesOfField(model) + 32 + 4 + text
export const deviceInfoSize = DEVICE_INFO

/** A point of 65 bytes as ECCrefPublicKey. */
export function encodePublicKey(model: SdfModel, point: Uint8Array): Buffer {
  const out = Buffer.alloc(publicKeySize(model))
  const field = bytesOfField(model)
  out.writeUInt32LE(BITS)
  out.set(point.subarray(1, 33), 4 + field - VALUE)
  out.set(point.subarray(33, 65), 4 + 2 * field - VALUE)
  return out
}

/** @throws SdfFailure `layout` when it is no point of the curve in this form: the model's structures are not the device's */
export function decodePublicKey(model: SdfModel, bytes: Buffer, symbol: string): Buffer {
  const field = bytesOfField(model)
  const point = Buffer.concat([Buffer.of(4), value(bytes, 4, field, symbol), value(bytes, 4 + field, field, symbol)])
  if (bytes.readUInt32LE() !== BITS || !isCurvePoint(point)) throw wrongLayout(symbol)
  return point
}

export function encodeSignature(model: SdfModel, signature: Uint8Array): Buffer {
  const out = Buffer.alloc(signatureSize(model))
  const field = bytesOfField(model)
  out.set(signature.subarray(0, 32), field - VALUE)
  out.set(signature.subarray(32), 2 * field - VALUE)
  return out
}

/** r || s, 64 bytes. @throws SdfFailure `layout` */
export function decodeSignature(model: SdfModel, bytes: Buffer, symbol: string): Buffer {
  const field = bytesOfField(model)
  const signature = Buffer.concat([value(bytes, 0, field, symbol), value(bytes, field, field, symbol)])
  if (bytesToInt(signature.subarray(0, 32)) === 0n || bytesToInt(signature.subarray(32)) === 0n) throw wrongLayout(symbol)
  return signature
}

/** @throws SdfFailure `layout` when C2 has not the length asked for */
export function decodeCipher(model: SdfModel, bytes: Buffer, text: number, symbol: string): Sm2Ciphertext {
  const field = bytesOfField(model)
  const c1 = Buffer.concat([Buffer.of(4), value(bytes, 0, field, symbol), value(bytes, field, field, symbol)])
  if (bytes.readUInt32LE(2 * field + 32) !== text) throw wrongLayout(symbol)
  return { c1, c3: bytes.subarray(2 * field, 2 * field + 32), c2: bytes.subarray(2 * field + 36, 2 * field + 36 + text) }
}

/** Maker, name and serial number, for the log and the health page. */
export function readDeviceInfo(bytes: Buffer): { issuer: string; name: string; serial: string } {
  const text = (from: number, to: number): string => bytes.toString('latin1', from, to).replace(/[^\x20-\x7e]/g, '').trim()
  return { issuer: text(0, 40), name: text(40, 56), serial: text(56, 72) }
}

/** The 32-byte value at the end of a field; zeros before it. */
function value(bytes: Buffer, at: number, field: number, symbol: string): Buffer {
  if (bytes.subarray(at, at + field - VALUE).some((byte) => byte !== 0)) throw wrongLayout(symbol)
  return bytes.subarray(at + field - VALUE, at + field)
}

function wrongLayout(symbol: string): SdfFailure {
  return new SdfFailure('device', symbol, 'layout')
}
