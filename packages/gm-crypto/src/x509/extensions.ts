import { DerError, TAG, readDer, unsignedValue } from '../der/reader.js'
import type { DerReader } from '../der/reader.js'
import { boolean, der, octetString, oid, sequence, unsignedInteger } from '../der/writer.js'
import { sm3 } from '../sm3.js'

export const EXTENSION = {
  subjectKeyId: '2.5.29.14',
  keyUsage: '2.5.29.15',
  basicConstraints: '2.5.29.19',
  crlNumber: '2.5.29.20',
  reasonCode: '2.5.29.21',
  authorityKeyId: '2.5.29.35',
} as const

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

/** Which key signed: by its identifier, or by name and serial of the certificate, or both. */
export interface AuthorityKeyId {
  keyId?: Buffer
  /** Issuer name of the issuer's certificate, as DER. */
  issuer?: Buffer
  serial?: string
}

/** What this code understands of a list of extensions. */
export interface Extensions {
  keyUsage?: { usages: KeyUsage[]; critical: boolean }
  basicConstraints?: { ca: boolean; pathLength?: number; critical: boolean }
  subjectKeyId?: Buffer
  authorityKeyId?: AuthorityKeyId
  crlNumber?: string
  /** RFC 5280 §5.3.1, of an entry of a CRL. */
  reasonCode?: number
  /** Critical extensions that are not understood: what carries one must not be accepted. */
  unknownCritical: string[]
}

/** Serial numbers as upper-case hex without leading zeros. */
export const serialText = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase()

/** @param list reader over the contents of SEQUENCE OF Extension */
export function readExtensions(list: DerReader): Extensions {
  const out: Extensions = { unknownCritical: [] }
  if (list.done) throw new DerError('empty list of extensions')
  const seen = new Set<string>()
  while (!list.done) {
    const extension = list.enter(TAG.sequence)
    const id = extension.oid()
    if (seen.has(id)) throw new DerError('extension repeated')
    seen.add(id)
    const critical = trueOrAbsent(extension)
    const body = readDer(extension.take(TAG.octetString).value)
    extension.end()
    if (!readKnown(out, id, critical, body)) {
      if (critical) out.unknownCritical.push(id)
    } else body.end()
  }
  return out
}

/** BOOLEAN DEFAULT FALSE: in DER the default is never written. */
function trueOrAbsent(reader: DerReader): boolean {
  if (reader.peek() !== TAG.boolean) return false
  if (!reader.boolean()) throw new DerError('a default value written out')
  return true
}

/** @returns whether the extension is one of ours; then its body has been read */
function readKnown(out: Extensions, id: string, critical: boolean, body: DerReader): boolean {
  switch (id) {
    case EXTENSION.keyUsage:
      out.keyUsage = { usages: readUsages(body), critical }
      return true
    case EXTENSION.basicConstraints:
      out.basicConstraints = { ...readConstraints(body), critical }
      return true
    case EXTENSION.subjectKeyId:
      out.subjectKeyId = Buffer.from(body.take(TAG.octetString).value)
      return true
    case EXTENSION.authorityKeyId:
      out.authorityKeyId = readAuthorityKeyId(body)
      return true
    case EXTENSION.crlNumber:
      out.crlNumber = serialText(body.unsigned())
      return true
    case EXTENSION.reasonCode:
      out.reasonCode = body.number(TAG.enumerated)
      return true
    default:
      return false
  }
}

/** Named bits in DER: at least one is set, and the last bit written is a set one. */
function readUsages(body: DerReader): KeyUsage[] {
  const [unused, ...bits] = body.take(TAG.bitString).value
  const last = bits.at(-1)
  if (unused === undefined || last === undefined || bits.length > 2 || last % 2 ** (unused + 1) !== 2 ** unused)
    throw new DerError('key usage bits')
  return KEY_USAGE.filter((_, n) => ((bits[n >> 3] ?? 0) & (0x80 >> (n & 7))) !== 0)
}

function readConstraints(body: DerReader): { ca: boolean; pathLength?: number } {
  const fields = body.enter(TAG.sequence)
  const ca = trueOrAbsent(fields)
  const pathLength = fields.done ? undefined : fields.number()
  fields.end()
  if (pathLength === undefined) return { ca }
  if (!ca) throw new DerError('a path length without CA')
  return { ca, pathLength }
}

const AKI = { keyId: 0x80, issuer: 0xa1, serial: 0x82 } as const
const DIRECTORY_NAME = 0xa4

function readAuthorityKeyId(body: DerReader): AuthorityKeyId {
  const fields = body.enter(TAG.sequence)
  const out: AuthorityKeyId = {}
  if (fields.peek() === AKI.keyId) out.keyId = Buffer.from(fields.take().value)
  if (fields.peek() === AKI.issuer) {
    const names = fields.enter(AKI.issuer)
    while (!names.done) {
      const name = names.take()
      // Other forms of a name have no counterpart in a certificate's issuer field.
      if (name.tag === DIRECTORY_NAME) out.issuer = Buffer.from(readDer(name.value).take(TAG.sequence).raw)
    }
  }
  if (fields.peek() === AKI.serial) out.serial = serialText(unsignedValue(fields.take().value))
  fields.end()
  return out
}

/** Key identifier: the first 20 bytes of SM3 over the point. Any unique value will do (RFC 5280 §4.2.1.2). */
export const keyIdOf = (publicKey: Uint8Array): Buffer => sm3(publicKey).subarray(0, 20)

function extension(id: string, critical: boolean, body: Buffer): Buffer {
  return sequence(oid(id), ...(critical ? [boolean(true)] : []), octetString(body))
}

export const writeExtension = {
  basicConstraints: (ca: boolean, pathLength?: number): Buffer =>
    extension(
      EXTENSION.basicConstraints,
      true,
      sequence(...(ca ? [boolean(true)] : []), ...(ca && pathLength !== undefined ? [unsignedInteger(Buffer.of(pathLength))] : [])),
    ),
  keyUsage: (usages: readonly KeyUsage[]): Buffer => extension(EXTENSION.keyUsage, true, usageBits(usages)),
  subjectKeyId: (keyId: Uint8Array): Buffer => extension(EXTENSION.subjectKeyId, false, octetString(keyId)),
  authorityKeyId: (keyId: Uint8Array): Buffer => extension(EXTENSION.authorityKeyId, false, sequence(der(AKI.keyId, keyId))),
  crlNumber: (number: Uint8Array): Buffer => extension(EXTENSION.crlNumber, false, unsignedInteger(number)),
  reasonCode: (reason: number): Buffer => extension(EXTENSION.reasonCode, false, der(TAG.enumerated, Buffer.of(reason))),
}

/** BIT STRING with the unused low bits counted, as DER wants for named bits. */
function usageBits(usages: readonly KeyUsage[]): Buffer {
  if (usages.length === 0) throw new RangeError('a key usage names at least one use')
  const numbers = usages.map((usage) => KEY_USAGE.indexOf(usage))
  const last = Math.max(...numbers)
  const bits = Buffer.alloc((last >> 3) + 1)
  for (const n of numbers) bits[n >> 3] = (bits[n >> 3] ?? 0) | (0x80 >> (n & 7))
  return der(TAG.bitString, Buffer.of(7 - (last & 7)), bits)
}
