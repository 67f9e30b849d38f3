import { DerError, TAG, readDer } from '../der/reader.js'
import { sequence, unsignedInteger } from '../der/writer.js'

/** Left-padded to 32 bytes; undefined when longer. */
export function padTo32(bytes: Uint8Array): Buffer | undefined {
  return bytes.length > 32 ? undefined : Buffer.concat([Buffer.alloc(32 - bytes.length), bytes])
}

/** Raw r || s to DER SEQUENCE{INTEGER r, INTEGER s} (GM/T 0009), minimal. */
export function signatureToDer(raw: Uint8Array): Buffer {
  if (raw.length !== 64) throw new RangeError('a raw SM2 signature has 64 bytes')
  return sequence(unsignedInteger(raw.subarray(0, 32)), unsignedInteger(raw.subarray(32)))
}

/**
 * Strict: no trailing byte, no superfluous leading zero, no long-form length, no negative integer.
 * @returns raw r || s, or undefined when it is not such DER
 */
export function signatureFromDer(der: Uint8Array): Buffer | undefined {
  try {
    const outer = readDer(der)
    const body = outer.enter(TAG.sequence)
    outer.end()
    const r = padTo32(body.unsigned())
    const s = padTo32(body.unsigned())
    body.end()
    return r && s ? Buffer.concat([r, s]) : undefined
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}
