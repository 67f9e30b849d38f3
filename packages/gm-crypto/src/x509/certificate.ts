import { HesError } from '@zhuzhan/core'
import { DerError, TAG, readDer } from '../der/reader.js'
import type { DerReader } from '../der/reader.js'
import { fromPem, toPem } from '../der/writer.js'
import { signatureFromDer } from '../sm2/signature-encoding.js'
import { OID, publicKeyFromSpkiDer } from '../sm2/key-formats.js'

export const EXTENSION = {
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  subjectKeyId: '2.5.29.14',
  authorityKeyId: '2.5.29.35',
} as const
export const COMMON_NAME = '2.5.4.3'

/** Bit numbers of keyUsage, RFC 5280 §4.2.1.3. */
export const KEY_USAGE = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const
export type KeyUsage = (typeof KEY_USAGE)[number]

/** An SM2 certificate (GM/T 0015 profile of X.509 v3), parsed and not yet believed. */
export interface Sm2Certificate {
  der: Buffer
  /** The signed octets. */
  tbs: Buffer
  /** r || s. */
  signature: Buffer
  serial: string
  /** Names as DER: they chain byte by byte. */
  issuer: Buffer
  subject: Buffer
  /** Every CN of the subject, in order. */
  commonNames: string[]
  notBefore: number
  notAfter: number
  publicKey: Buffer
  keyUsage?: { usages: KeyUsage[]; critical: boolean }
  basicConstraints?: { ca: boolean; pathLength?: number; critical: boolean }
  /** Critical extensions this reader does not understand: such a certificate must not be accepted. */
  unknownCritical: string[]
}

/** @throws HesError AUTH_FAILED when it is not an SM2 certificate with an SM2-with-SM3 signature in strict DER */
export function parseCertificate(input: Uint8Array | string): Sm2Certificate {
  try {
    return parse(typeof input === 'string' ? fromPem(input, 'CERTIFICATE').body : Buffer.from(input))
  } catch (error) {
    if (error instanceof DerError || error instanceof RangeError)
      throw new HesError('AUTH_FAILED', 'not an SM2 certificate', {}, { cause: error })
    throw error
  }
}

export const certificateToPem = (certificate: { der: Uint8Array }): string => toPem('CERTIFICATE', certificate.der)

function parse(der: Buffer): Sm2Certificate {
  const file = readDer(der)
  const outer = file.enter(TAG.sequence)
  file.end()
  const tbsElement = outer.take(TAG.sequence)
  sm2Signature(outer.enter(TAG.sequence))
  const bits = outer.take(TAG.bitString).value
  outer.end()
  const signature = bits[0] === 0 ? signatureFromDer(bits.subarray(1)) : undefined
  if (!signature) throw new DerError('signature value is not strict DER')

  const tbs = readDer(tbsElement.value)
  const version = tbs.enter(0xa0)
  if (version.unsigned()[0] !== 2) throw new DerError('only version 3')
  version.end()
  const serial = Buffer.from(tbs.unsigned()).toString('hex').toUpperCase()
  sm2Signature(tbs.enter(TAG.sequence))
  const issuer = Buffer.from(tbs.take(TAG.sequence).raw)
  const validity = tbs.enter(TAG.sequence)
  const notBefore = time(validity)
  const notAfter = time(validity)
  validity.end()
  const subject = tbs.take(TAG.sequence)
  const publicKey = publicKeyFromSpkiDer(tbs.take(TAG.sequence).raw)
  const extensions = readExtensions(tbs)
  tbs.end()
  return {
    der,
    tbs: Buffer.from(tbsElement.raw),
    signature,
    serial,
    issuer,
    subject: Buffer.from(subject.raw),
    commonNames: commonNames(readDer(subject.value)),
    notBefore,
    notAfter,
    publicKey,
    ...extensions,
  }
}

/** SM2-with-SM3, parameters absent (OpenSSL, GmSSL) or NULL (some issuers). */
function sm2Signature(reader: DerReader): void {
  if (reader.oid() !== OID.sm2WithSm3) throw new DerError('not signed with SM2 and SM3')
  if (!reader.done) reader.take(TAG.null)
  reader.end()
}

function time(reader: DerReader): number {
  const { tag, value } = reader.take()
  const text = Buffer.from(value).toString('latin1')
  const match =
    tag === TAG.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : tag === TAG.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null
  if (!match) throw new DerError('validity is not a UTC time')
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number)
  const full = tag === TAG.utcTime ? (year < 50 ? 2000 + year : 1900 + year) : year
  return Date.UTC(full, month - 1, day, hour, minute, second)
}

function commonNames(name: DerReader): string[] {
  const found: string[] = []
  while (!name.done) {
    const group = name.enter(TAG.set)
    while (!group.done) {
      const pair = group.enter(TAG.sequence)
      const type = pair.oid()
      const { value } = pair.take()
      pair.end()
      if (type === COMMON_NAME) found.push(Buffer.from(value).toString('utf8'))
    }
  }
  return found
}

function readExtensions(tbs: DerReader): Pick<Sm2Certificate, 'keyUsage' | 'basicConstraints' | 'unknownCritical'> {
  const out: Pick<Sm2Certificate, 'keyUsage' | 'basicConstraints' | 'unknownCritical'> = { unknownCritical: [] }
  if (tbs.done) return out
  const wrapper = tbs.enter(0xa3)
  const list = wrapper.enter(TAG.sequence)
  wrapper.end()
  const seen = new Set<string>()
  while (!list.done) {
    const extension = list.enter(TAG.sequence)
    const id = extension.oid()
    if (seen.has(id)) throw new DerError('extension repeated')
    seen.add(id)
    const critical = extension.peek() === TAG.boolean && extension.take(TAG.boolean).value[0] === 0xff
    const body = readDer(extension.take(TAG.octetString).value)
    extension.end()
    if (id === EXTENSION.keyUsage) out.keyUsage = { usages: usages(body), critical }
    else if (id === EXTENSION.basicConstraints) out.basicConstraints = { ...constraints(body), critical }
    else if (critical) out.unknownCritical.push(id)
  }
  return out
}

function usages(body: DerReader): KeyUsage[] {
  const bits = body.take(TAG.bitString).value
  body.end()
  return KEY_USAGE.filter((_, n) => ((bits[1 + (n >> 3)] ?? 0) & (0x80 >> (n & 7))) !== 0)
}

function constraints(body: DerReader): { ca: boolean; pathLength?: number } {
  const fields = body.enter(TAG.sequence)
  body.end()
  const ca = fields.peek() === TAG.boolean && fields.take(TAG.boolean).value[0] === 0xff
  const pathLength = fields.done ? undefined : Number.parseInt(Buffer.from(fields.unsigned()).toString('hex') || '0', 16)
  fields.end()
  return pathLength === undefined ? { ca } : { ca, pathLength }
}
