import { HesError } from '@zhuzhan/core'
import { DerError, TAG, readDer } from '../der/reader.js'
import type { DerReader } from '../der/reader.js'
import { explicit, sequence, toPem, unsignedInteger } from '../der/writer.js'
import type { Sm2Engine } from '../sm2/engine.js'
import type { Sm2Certificate } from './certificate.js'
import { keyIdOf, readExtensions, serialText, writeExtension } from './extensions.js'
import type { AuthorityKeyId } from './extensions.js'
import { holderName } from './issue.js'
import type { CertificateIssuer } from './issue.js'
import { decodeName } from './name.js'
import { SM2_WITH_SM3, readAlgorithm, readSigned, sealSigned, strictly } from './signed.js'
import type { Signed } from './signed.js'
import { encodeTime, isTime, readTime } from './time.js'

export interface RevokedEntry {
  /** Upper-case hex without leading zeros. */
  serial: string
  /** Unix time in ms. */
  revokedAt: number
  /** RFC 5280 §5.3.1. */
  reason?: number
}

/** A full CRL (version 2), parsed and not yet believed. */
export interface Sm2Crl extends Signed {
  issuer: Buffer
  /** Unix time in ms. */
  thisUpdate: number
  nextUpdate?: number
  number?: string
  authorityKeyId?: AuthorityKeyId
  revoked: ReadonlyMap<string, RevokedEntry>
  /** Critical extensions of the list or of an entry that are not understood (a delta or partial list among them). */
  unknownCritical: string[]
}

export interface CrlOrder {
  /** Grows with every list of the issuer. */
  number: Uint8Array
  thisUpdate: number
  nextUpdate: number
  revoked: readonly { serial: Uint8Array; revokedAt: number; reason?: number }[]
}

/** Full CRL in DER, version 2, with authority key identifier and number. */
export async function issueCrl(engine: Pick<Sm2Engine, 'sign'>, issuer: CertificateIssuer, order: CrlOrder, id: Uint8Array): Promise<Buffer> {
  const entries = order.revoked.map(({ serial, revokedAt, reason }) =>
    sequence(
      unsignedInteger(serial),
      encodeTime(revokedAt),
      ...(reason === undefined ? [] : [sequence(writeExtension.reasonCode(reason))]),
    ),
  )
  const tbs = sequence(
    unsignedInteger(Buffer.of(1)),
    SM2_WITH_SM3,
    holderName(issuer),
    encodeTime(order.thisUpdate),
    encodeTime(order.nextUpdate),
    // RFC 5280 §5.1.2.6: an empty list is left out.
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    explicit(
      0,
      sequence(writeExtension.authorityKeyId(issuer.keyId ?? keyIdOf(issuer.publicKey)), writeExtension.crlNumber(order.number)),
    ),
  )
  return sealSigned(engine, tbs, issuer.privateKey, id)
}

export const crlToPem = (crl: { der: Uint8Array }): string => toPem('X509 CRL', crl.der)

/** @throws HesError AUTH_FAILED when it is not a CRL signed with SM2 and SM3 in strict DER */
export function parseCrl(input: Uint8Array | string): Sm2Crl {
  return strictly(input, ['X509 CRL'], 'an SM2 certificate revocation list', parse)
}

function parse(input: Buffer): Sm2Crl {
  const { algorithm, ...signed } = readSigned(input)
  const tbs = readDer(signed.tbs).enter(TAG.sequence)
  if (tbs.number() !== 1) throw new DerError('only version 2')
  if (Buffer.compare(readAlgorithm(tbs), algorithm) !== 0) throw new DerError('two algorithms')
  const issuer = Buffer.from(tbs.take(TAG.sequence).raw)
  decodeName(issuer)
  const thisUpdate = readTime(tbs)
  const nextUpdate = isTime(tbs.peek()) ? readTime(tbs) : undefined
  const unknownCritical: string[] = []
  const revoked = tbs.peek() === TAG.sequence ? readEntries(tbs.enter(TAG.sequence), unknownCritical) : new Map<string, RevokedEntry>()
  const { crlNumber, authorityKeyId, ...rest } = readListExtensions(tbs)
  tbs.end()
  return {
    ...signed,
    issuer,
    thisUpdate,
    revoked,
    unknownCritical: [...rest.unknownCritical, ...unknownCritical],
    ...(nextUpdate !== undefined && { nextUpdate }),
    ...(crlNumber !== undefined && { number: crlNumber }),
    ...(authorityKeyId && { authorityKeyId }),
  }
}

function readListExtensions(tbs: DerReader): ReturnType<typeof readExtensions> {
  if (tbs.done) return { unknownCritical: [] }
  const wrapper = tbs.enter(0xa0)
  const extensions = readExtensions(wrapper.enter(TAG.sequence))
  wrapper.end()
  return extensions
}

function readEntries(list: DerReader, unknownCritical: string[]): Map<string, RevokedEntry> {
  const revoked = new Map<string, RevokedEntry>()
  while (!list.done) {
    const entry = list.enter(TAG.sequence)
    const serial = serialText(entry.unsigned())
    const revokedAt = readTime(entry)
    const extensions = entry.done ? undefined : readExtensions(entry.enter(TAG.sequence))
    entry.end()
    if (revoked.has(serial)) throw new DerError('serial number repeated')
    // A certificate issuer (indirect list) is critical and so lands among the unknown ones.
    unknownCritical.push(...(extensions?.unknownCritical ?? []))
    revoked.set(serial, { serial, revokedAt, ...(extensions?.reasonCode !== undefined && { reason: extensions.reasonCode }) })
  }
  return revoked
}

/**
 * Believe a CRL: issued by the holder of this certificate, which may sign lists, and current.
 * @param issuer a certificate that was itself verified
 * @param at Unix time in ms; `undefined` judges no dates
 * @throws HesError AUTH_FAILED
 */
export async function verifyCrl(
  engine: Pick<Sm2Engine, 'verify'>,
  crl: Sm2Crl,
  issuer: Sm2Certificate,
  at: number | undefined,
  id: Uint8Array,
): Promise<void> {
  const refuse = (why: string): never => {
    throw new HesError('AUTH_FAILED', `revocation list: ${why}`)
  }
  if (crl.unknownCritical.length > 0) refuse('critical extension not understood')
  if (!crl.issuer.equals(issuer.subject)) refuse('issuer name differs')
  if (!namesKeyOf(crl.authorityKeyId, issuer)) refuse('made with another key of this issuer')
  if (issuer.keyUsage && !issuer.keyUsage.usages.includes('cRLSign')) refuse('issuer may not sign lists')
  if (at !== undefined) {
    if (at < crl.thisUpdate) refuse('from the future')
    // A list without an end could be kept for ever by whoever wants a revocation forgotten.
    if (crl.nextUpdate === undefined || at > crl.nextUpdate) refuse('out of date')
  }
  if (!(await engine.verify(issuer.publicKey, id, crl.tbs, crl.signature))) refuse('signature wrong')
}

/** Does an authority key identifier fit this issuer's certificate? What it does not say, fits. */
export function namesKeyOf(authority: AuthorityKeyId | undefined, issuer: Sm2Certificate): boolean {
  const { keyId, issuer: issuersIssuer, serial } = authority ?? {}
  if (keyId && issuer.subjectKeyId && !keyId.equals(issuer.subjectKeyId)) return false
  if (issuersIssuer && !issuersIssuer.equals(issuer.issuer)) return false
  return serial === undefined || serial === issuer.serial
}
