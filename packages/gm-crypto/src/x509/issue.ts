import { bitString, boolean, der, explicit, octetString, oid, sequence, set, unsignedInteger } from '../der/writer.js'
import { TAG } from '../der/reader.js'
import { sm3 } from '../sm3.js'
import { SM2_DEFAULT_ID } from '../sm2/curve.js'
import type { Sm2Engine } from '../sm2/engine.js'
import { OID, publicKeyToSpkiDer } from '../sm2/key-formats.js'
import { signatureToDer } from '../sm2/signature-encoding.js'
import { COMMON_NAME, EXTENSION, KEY_USAGE } from './certificate.js'
import type { KeyUsage } from './certificate.js'

export interface CertificateOrder {
  /** One CN, exact ASCII (OSP-1 §7.3). */
  commonName: string
  publicKey: Uint8Array
  /** Positive, at most 20 bytes, unique per issuer. */
  serial: Uint8Array
  notBefore: number
  notAfter: number
  usages: readonly KeyUsage[]
  /** A CA certificate may sign end certificates (pathLength 0); others say CA false. */
  ca: boolean
}

export interface CertificateIssuer {
  commonName: string
  publicKey: Uint8Array
  privateKey: Uint8Array
}

/** Minimal SM2 certificate after GM/T 0015: v3, SM2-with-SM3 without parameters, basicConstraints and keyUsage critical, key ids. */
export async function issueCertificate(engine: Pick<Sm2Engine, 'sign'>, issuer: CertificateIssuer, order: CertificateOrder): Promise<Buffer> {
  if (order.serial.length === 0 || order.serial.length > 20) throw new RangeError('a serial number has 1 to 20 bytes')
  const algorithm = sequence(oid(OID.sm2WithSm3))
  const tbs = sequence(
    explicit(0, unsignedInteger(Buffer.of(2))),
    unsignedInteger(order.serial),
    algorithm,
    name(issuer.commonName),
    sequence(time(order.notBefore), time(order.notAfter)),
    name(order.commonName),
    publicKeyToSpkiDer(order.publicKey),
    explicit(
      3,
      sequence(
        extension(EXTENSION.basicConstraints, true, order.ca ? sequence(boolean(true), unsignedInteger(Buffer.of(0))) : sequence()),
        extension(EXTENSION.keyUsage, true, usageBits(order.usages)),
        extension(EXTENSION.subjectKeyId, false, octetString(keyId(order.publicKey))),
        extension(EXTENSION.authorityKeyId, false, sequence(der(0x80, keyId(issuer.publicKey)))),
      ),
    ),
  )
  const signature = await engine.sign(issuer.privateKey, SM2_DEFAULT_ID, tbs)
  return sequence(tbs, algorithm, bitString(signatureToDer(signature)))
}

const keyId = (publicKey: Uint8Array): Buffer => sm3(publicKey).subarray(0, 20)

function name(commonName: string): Buffer {
  if (!/^[\x20-\x7e]{1,64}$/.test(commonName)) throw new RangeError('a CN has 1 to 64 printable ASCII characters')
  return sequence(set(sequence(oid(COMMON_NAME), der(TAG.utf8String, Buffer.from(commonName)))))
}

/** UTCTime up to 2049, GeneralizedTime from 2050 on (RFC 5280 §4.1.2.5). */
function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`
  return Number(text.slice(0, 4)) < 2050 ? der(TAG.utcTime, Buffer.from(text.slice(2))) : der(TAG.generalizedTime, Buffer.from(text))
}

function extension(id: string, critical: boolean, body: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(body))
}

/** BIT STRING with the unused low bits counted, as DER wants for named bits. */
function usageBits(usages: readonly KeyUsage[]): Buffer {
  const numbers = usages.map((usage) => KEY_USAGE.indexOf(usage))
  const last = Math.max(...numbers)
  const bits = Buffer.alloc((last >> 3) + 1)
  for (const n of numbers) bits[n >> 3] = (bits[n >> 3] ?? 0) | (0x80 >> (n & 7))
  return der(TAG.bitString, Buffer.of(7 - (last & 7)), bits)
}
