import { DerError, TAG, checkSetOrder, readDer } from '../der/reader.js'
import type { DerReader } from '../der/reader.js'
import { der, oid, sequence, set, toPem, unsignedInteger } from '../der/writer.js'
import type { Sm2Engine } from '../sm2/engine.js'
import { publicKeyFromSpkiDer, publicKeyToSpkiDer } from '../sm2/key-formats.js'
import { readExtensions, writeExtension } from './extensions.js'
import type { Extensions, KeyUsage } from './extensions.js'
import { holderName } from './issue.js'
import type { Holder } from './issue.js'
import { decodeName } from './name.js'
import { readSigned, sealSigned, strictly } from './signed.js'
import type { Signed } from './signed.js'

/** A request for a certificate (PKCS#10), parsed; whether its maker has the key is verifyRequest's answer. */
export interface CertificateRequest extends Signed, Pick<Extensions, 'keyUsage' | 'basicConstraints' | 'unknownCritical'> {
  /** As DER, for the certificate to take over. */
  subject: Buffer
  commonNames: string[]
  publicKey: Buffer
}

export type RequestOrder = Holder & {
  publicKey: Uint8Array
  privateKey: Uint8Array
  /** What the certificate is wanted for; the CA decides. */
  usages?: readonly KeyUsage[]
}

/** PKCS#9 attribute that carries the wanted extensions. */
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14'
const ATTRIBUTES = 0xa0
const LABELS = ['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']

/** PKCS#10 in DER. @param id user ID of the signature; CAs expect the 16-byte default */
export async function createRequest(engine: Pick<Sm2Engine, 'sign'>, order: RequestOrder, id: Uint8Array): Promise<Buffer> {
  const wanted = order.usages ? [sequence(oid(EXTENSION_REQUEST), set(sequence(writeExtension.keyUsage(order.usages))))] : []
  const info = sequence(unsignedInteger(Buffer.of(0)), holderName(order), publicKeyToSpkiDer(order.publicKey), der(ATTRIBUTES, ...wanted))
  return sealSigned(engine, info, order.privateKey, id)
}

export const requestToPem = (request: { der: Uint8Array }): string => toPem('CERTIFICATE REQUEST', request.der)

/** @throws HesError AUTH_FAILED when it is not a PKCS#10 request of an SM2 key in strict DER */
export function parseRequest(input: Uint8Array | string): CertificateRequest {
  return strictly(input, LABELS, 'an SM2 certificate request', parse)
}

/** Proof of possession: is the request signed with the key it names? Nothing else is judged. */
export function verifyRequest(engine: Pick<Sm2Engine, 'verify'>, request: CertificateRequest, id: Uint8Array): Promise<boolean> {
  return engine.verify(request.publicKey, id, request.tbs, request.signature)
}

function parse(input: Buffer): CertificateRequest {
  const { algorithm: _onlyOutside, ...signed } = readSigned(input)
  const info = readDer(signed.tbs).enter(TAG.sequence)
  if (info.number() !== 0) throw new DerError('only version 1')
  const subject = Buffer.from(info.take(TAG.sequence).raw)
  const publicKey = publicKeyFromSpkiDer(info.take(TAG.sequence).raw)
  const { keyUsage, basicConstraints, unknownCritical } = readAttributes(info.enter(ATTRIBUTES))
  info.end()
  return {
    ...signed,
    subject,
    publicKey,
    commonNames: decodeName(subject).flatMap(({ type, value }) => (type === 'CN' ? [value] : [])),
    unknownCritical,
    ...(keyUsage && { keyUsage }),
    ...(basicConstraints && { basicConstraints }),
  }
}

/** Attributes that are not ours (a challenge password) are passed over. */
function readAttributes(list: DerReader): Extensions {
  let wanted: Extensions = { unknownCritical: [] }
  const members: Uint8Array[] = []
  const seen = new Set<string>()
  while (!list.done) {
    const { raw, value } = list.take(TAG.sequence)
    members.push(raw)
    const attribute = readDer(value)
    const id = attribute.oid()
    if (seen.has(id)) throw new DerError('attribute repeated')
    seen.add(id)
    const values = attribute.enter(TAG.set)
    attribute.end()
    if (id !== EXTENSION_REQUEST) continue
    wanted = readExtensions(values.enter(TAG.sequence))
    values.end()
  }
  checkSetOrder(members)
  return wanted
}
