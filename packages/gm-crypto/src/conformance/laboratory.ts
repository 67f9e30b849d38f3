import { boolean, explicit, octetString, oid, sequence, unsignedInteger } from '../der/writer.js'
import { SM2_DEFAULT_ID } from '../sm2/curve.js'
import type { Sm2Engine, Sm2KeyPair } from '../sm2/engine.js'
import { publicKeyToSpkiDer } from '../sm2/key-formats.js'
import { parseCertificate } from '../x509/certificate.js'
import type { Sm2Certificate } from '../x509/certificate.js'
import { holderName, issueCertificate } from '../x509/issue.js'
import type { CertificateIssuer, CertificateOrder } from '../x509/issue.js'
import { SM2_WITH_SM3, sealSigned } from '../x509/signed.js'
import { encodeTime } from '../x509/time.js'

/** Validity of every laboratory certificate. */
export const FROM = Date.UTC(2026, 0, 1)
export const TO = Date.UTC(2056, 0, 1)
export const NOW = Date.UTC(2030, 5, 1)
export const REFUSED = { code: 'AUTH_FAILED' }

export interface Authority {
  issuer: CertificateIssuer
  certificate: Sm2Certificate
}

type Changes = Partial<Pick<CertificateOrder, 'serial' | 'notBefore' | 'notAfter' | 'usages' | 'ca' | 'pathLength'>>
let serials = 1

const named = (commonName: string, publicKey: Uint8Array, changes: Changes): CertificateOrder => ({
  commonName,
  publicKey,
  serial: Buffer.of(1, serials >> 8, serials++ & 0xff),
  notBefore: FROM,
  notAfter: TO,
  ca: false,
  usages: ['digitalSignature', 'keyAgreement'],
  ...changes,
})

/** A CA: self-signed, or under another one. */
export async function authority(engine: Sm2Engine, commonName: string, changes: Changes = {}, above?: Authority, pair?: Sm2KeyPair): Promise<Authority> {
  const { privateKey, publicKey } = pair ?? (await engine.generateKeyPair())
  const issuer: CertificateIssuer = { commonName, privateKey, publicKey }
  const order = named(commonName, publicKey, { ca: true, pathLength: 5, usages: ['keyCertSign', 'cRLSign'], ...changes })
  return { issuer, certificate: parseCertificate(await issueCertificate(engine, above?.issuer ?? issuer, order)) }
}

export async function leafOf(engine: Sm2Engine, above: Authority, changes: Changes = {}, commonName = 'OSP1-D-0000259689583757'): Promise<Sm2Certificate> {
  const { publicKey } = await engine.generateKeyPair()
  return parseCertificate(await issueCertificate(engine, above.issuer, named(commonName, publicKey, changes)))
}

/** A certificate whose parts a well-behaved maker would not write. */
export interface OddParts {
  version?: Buffer
  serial?: Buffer
  inside?: Buffer
  outside?: Buffer
  validity?: Buffer
  subject?: Buffer
  extensions?: readonly Buffer[]
  more?: readonly Buffer[]
}

export async function oddCertificate(engine: Sm2Engine, { issuer }: Authority, parts: OddParts): Promise<Buffer> {
  const { publicKey } = await engine.generateKeyPair()
  const tbs = sequence(
    parts.version ?? explicit(0, unsignedInteger(Buffer.of(2))),
    parts.serial ?? unsignedInteger(Buffer.of(9)),
    parts.inside ?? SM2_WITH_SM3,
    holderName(issuer),
    parts.validity ?? sequence(encodeTime(FROM), encodeTime(TO)),
    parts.subject ?? holderName({ commonName: 'odd' }),
    publicKeyToSpkiDer(publicKey),
    ...(parts.extensions ? [explicit(3, sequence(...parts.extensions))] : []),
    ...(parts.more ?? []),
  )
  const der = await sealSigned(engine, tbs, issuer.privateKey, SM2_DEFAULT_ID)
  if (!parts.outside) return der
  const at = der.indexOf(SM2_WITH_SM3, der.length - 100)
  return sequence(tbs, parts.outside, der.subarray(at + SM2_WITH_SM3.length))
}

export function rawExtension(id: string, body: Buffer, critical?: Buffer | boolean): Buffer {
  return sequence(oid(id), ...(critical === undefined ? [] : [typeof critical === 'boolean' ? boolean(critical) : critical]), octetString(body))
}
