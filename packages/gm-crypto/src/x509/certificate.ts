import { DerError, TAG, readDer } from '../der/reader.js'
import { toPem } from '../der/writer.js'
import { publicKeyFromSpkiDer } from '../sm2/key-formats.js'
import { readExtensions, serialText } from './extensions.js'
import type { Extensions } from './extensions.js'
import { decodeName } from './name.js'
import { readAlgorithm, readSigned, strictly } from './signed.js'
import type { Signed } from './signed.js'
import { readTime } from './time.js'

/** An SM2 certificate (GM/T 0015 profile of X.509 v3), parsed and not yet believed. */
export interface Sm2Certificate extends Signed, Omit<Extensions, 'crlNumber' | 'reasonCode'> {
  /** Upper-case hex without leading zeros. */
  serial: string
  /** Names as DER: they chain byte by byte. */
  issuer: Buffer
  subject: Buffer
  /** Every CN of the subject, in order. */
  commonNames: string[]
  /** Unix time in ms. */
  notBefore: number
  notAfter: number
  publicKey: Buffer
}

const LABELS = ['CERTIFICATE']

/** @throws HesError AUTH_FAILED when it is not an SM2 certificate with an SM2-with-SM3 signature in strict DER */
export function parseCertificate(input: Uint8Array | string): Sm2Certificate {
  return strictly(input, LABELS, 'an SM2 certificate', parse)
}

export const certificateToPem = (certificate: { der: Uint8Array }): string => toPem('CERTIFICATE', certificate.der)

const EXPLICIT = { version: 0xa0, extensions: 0xa3 } as const
const MAX_SERIAL = 20

function parse(der: Buffer): Sm2Certificate {
  const { algorithm, ...signed } = readSigned(der)
  const file = readDer(signed.tbs)
  const tbs = file.enter(TAG.sequence)
  const version = tbs.enter(EXPLICIT.version)
  if (version.number() !== 2) throw new DerError('only version 3')
  version.end()
  const serial = tbs.unsigned()
  if (serial.length > MAX_SERIAL || serial.every((byte) => byte === 0)) throw new DerError('serial number')
  if (Buffer.compare(readAlgorithm(tbs), algorithm) !== 0) throw new DerError('two algorithms')
  const issuer = Buffer.from(tbs.take(TAG.sequence).raw)
  decodeName(issuer)
  const validity = tbs.enter(TAG.sequence)
  const notBefore = readTime(validity)
  const notAfter = readTime(validity)
  validity.end()
  const subject = Buffer.from(tbs.take(TAG.sequence).raw)
  const publicKey = publicKeyFromSpkiDer(tbs.take(TAG.sequence).raw)
  const extensions = optionalExtensions(tbs)
  tbs.end()
  return {
    ...signed,
    serial: serialText(serial),
    issuer,
    subject,
    commonNames: decodeName(subject).flatMap(({ type, value }) => (type === 'CN' ? [value] : [])),
    notBefore,
    notAfter,
    publicKey,
    ...extensions,
  }
}

function optionalExtensions(tbs: ReturnType<typeof readDer>): Extensions {
  if (tbs.done) return { unknownCritical: [] }
  const wrapper = tbs.enter(EXPLICIT.extensions)
  const extensions = readExtensions(wrapper.enter(TAG.sequence))
  wrapper.end()
  return extensions
}
