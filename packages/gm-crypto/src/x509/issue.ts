import { explicit, sequence, unsignedInteger } from '../der/writer.js'
import { SM2_DEFAULT_ID } from '../sm2/curve.js'
import type { Sm2Engine } from '../sm2/engine.js'
import { publicKeyToSpkiDer } from '../sm2/key-formats.js'
import { keyIdOf, writeExtension } from './extensions.js'
import type { KeyUsage } from './extensions.js'
import { encodeName } from './name.js'
import { SM2_WITH_SM3, sealSigned } from './signed.js'
import { encodeTime } from './time.js'

/** A holder: by one CN of exact ASCII (OSP-1 §7.3), or by a whole name in DER, as a CSR or a CA certificate has it. */
export type Holder = { commonName: string; name?: undefined } | { name: Uint8Array; commonName?: undefined }

export type CertificateOrder = Holder & {
  publicKey: Uint8Array
  /** Positive, at most 20 bytes, unique per issuer. */
  serial: Uint8Array
  /** Unix time in ms. */
  notBefore: number
  notAfter: number
  usages: readonly KeyUsage[]
  ca: boolean
  /** Intermediate CAs allowed below a CA: 0 when not given. Others say CA false. */
  pathLength?: number
}

export type CertificateIssuer = Holder & {
  publicKey: Uint8Array
  privateKey: Uint8Array
  /** subjectKeyIdentifier of the issuer's certificate, where another CA chose it. */
  keyId?: Uint8Array | undefined
}

export function holderName({ commonName, name }: Holder): Buffer {
  if (name !== undefined) return Buffer.from(name)
  if (!/^[\x20-\x7e]{1,64}$/.test(commonName)) throw new RangeError('a CN has 1 to 64 printable ASCII characters')
  return encodeName([{ type: 'CN', value: commonName }])
}

/**
 * Minimal SM2 certificate after GM/T 0015: v3, SM2-with-SM3 without parameters, basicConstraints and keyUsage critical, key ids.
 * @param id user ID of the issuer's signature
 */
export async function issueCertificate(
  engine: Pick<Sm2Engine, 'sign'>,
  issuer: CertificateIssuer,
  order: CertificateOrder,
  id: Uint8Array = SM2_DEFAULT_ID,
): Promise<Buffer> {
  if (order.serial.length === 0 || order.serial.length > 20) throw new RangeError('a serial number has 1 to 20 bytes')
  if (order.serial.every((byte) => byte === 0)) throw new RangeError('a serial number is positive')
  const tbs = sequence(
    explicit(0, unsignedInteger(Buffer.of(2))),
    unsignedInteger(order.serial),
    SM2_WITH_SM3,
    holderName(issuer),
    sequence(encodeTime(order.notBefore), encodeTime(order.notAfter)),
    holderName(order),
    publicKeyToSpkiDer(order.publicKey),
    explicit(
      3,
      sequence(
        writeExtension.basicConstraints(order.ca, order.pathLength ?? 0),
        writeExtension.keyUsage(order.usages),
        writeExtension.subjectKeyId(keyIdOf(order.publicKey)),
        writeExtension.authorityKeyId(issuer.keyId ?? keyIdOf(issuer.publicKey)),
      ),
    ),
  )
  return sealSigned(engine, tbs, issuer.privateKey, id)
}
