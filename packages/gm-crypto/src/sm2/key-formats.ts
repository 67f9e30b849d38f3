import { DerError, TAG, readDer } from '../der/reader.js'
import { bitString, explicit, fromPem, octetString, oid, sequence, toPem, unsignedInteger } from '../der/writer.js'
import { isCurvePoint, isPrivateScalar } from './curve.js'

export const OID = {
  ecPublicKey: '1.2.840.10045.2.1',
  sm2Curve: '1.2.156.10197.1.301',
  sm2WithSm3: '1.2.156.10197.1.501',
} as const

const ALGORITHM = sequence(oid(OID.ecPublicKey), oid(OID.sm2Curve))
const KEY_REFUSED = 'not an SM2 key of the expected form'

/** SubjectPublicKeyInfo of a point. */
export function publicKeyToSpkiDer(publicKey: Uint8Array): Buffer {
  if (!isCurvePoint(publicKey)) throw new RangeError(KEY_REFUSED)
  return sequence(ALGORITHM, bitString(publicKey))
}

/** PKCS#8 with the SEC1 key inside, public point included: OpenSSL then need not compute it. */
export function privateKeyToPkcs8Der(privateKey: Uint8Array, publicKey: Uint8Array): Buffer {
  if (!isPrivateScalar(privateKey)) throw new RangeError(KEY_REFUSED)
  const sec1 = sequence(unsignedInteger(Buffer.of(1)), octetString(privateKey), explicit(1, bitString(publicKey)))
  return sequence(unsignedInteger(Buffer.of(0)), ALGORITHM, octetString(sec1))
}

export const publicKeyToPem = (publicKey: Uint8Array): string => toPem('PUBLIC KEY', publicKeyToSpkiDer(publicKey))
export const privateKeyToPem = (privateKey: Uint8Array, publicKey: Uint8Array): string =>
  toPem('PRIVATE KEY', privateKeyToPkcs8Der(privateKey, publicKey))

/** @throws RangeError when it is not a SubjectPublicKeyInfo with a point on the SM2 curve */
export function publicKeyFromSpkiDer(der: Uint8Array): Buffer {
  return strictly(() => {
    const outer = readDer(der)
    const spki = outer.enter(TAG.sequence)
    outer.end()
    sm2Algorithm(spki.enter(TAG.sequence))
    const bits = spki.take(TAG.bitString).value
    spki.end()
    const point = Buffer.from(bits.subarray(1))
    if (bits[0] !== 0 || !isCurvePoint(point)) throw new DerError(KEY_REFUSED)
    return point
  })
}

/** Private scalar of a PKCS#8 or SEC1 PEM. The public point is recomputed by the caller, never believed. */
export function privateKeyFromPem(pem: string): Buffer {
  const { label, body } = fromPem(pem, 'PRIVATE KEY', 'EC PRIVATE KEY')
  return strictly(() => {
    let sec1: Uint8Array = body
    if (label === 'PRIVATE KEY') {
      const pkcs8 = readDer(body).enter(TAG.sequence)
      pkcs8.unsigned()
      sm2Algorithm(pkcs8.enter(TAG.sequence))
      sec1 = pkcs8.take(TAG.octetString).value
    }
    const fields = readDer(sec1).enter(TAG.sequence)
    if (fields.unsigned()[0] !== 1) throw new DerError(KEY_REFUSED)
    const d = Buffer.from(fields.take(TAG.octetString).value)
    if (!isPrivateScalar(d)) throw new DerError(KEY_REFUSED)
    return d
  })
}

export function publicKeyFromPem(pem: string): Buffer {
  return publicKeyFromSpkiDer(fromPem(pem, 'PUBLIC KEY').body)
}

function sm2Algorithm(reader: ReturnType<typeof readDer>): void {
  // Some makers name the SM2 curve as the algorithm itself; the profile here is id-ecPublicKey + curve (GM/T 0015).
  if (reader.oid() !== OID.ecPublicKey || reader.oid() !== OID.sm2Curve) throw new DerError(KEY_REFUSED)
  reader.end()
}

function strictly<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof DerError) throw new RangeError(KEY_REFUSED, { cause: error })
    throw error
  }
}
