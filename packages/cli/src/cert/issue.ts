import { randomBytes } from 'node:crypto'
import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID, encodeName, issueCertificate, issueCrl, parseNameText, verifyRequest } from '@zhuzhan/gm-crypto'
import type { CertificateIssuer, CertificateRequest, KeyUsage, RevokedEntry, Sm2Certificate, Sm2Crl, Sm2Engine } from '@zhuzhan/gm-crypto'

/** A small certification authority for laboratories. Everything here signs with the 16-byte default ID. */

const DAY = 86_400_000
const AUTHORITY_USES: readonly KeyUsage[] = ['keyCertSign', 'cRLSign']

const refuse = (why: string): never => {
  throw new HesError('STATE_CONFLICT', why)
}

export interface Term {
  /** Unix time in ms. */
  now: number
  days: number
}
const validity = ({ now, days }: Term): { notBefore: number; notAfter: number } => ({ notBefore: now - (now % 1000), notAfter: now - (now % 1000) + days * DAY })
/** Positive, and more bits of chance than anybody can guess. */
const newSerial = (): Buffer => {
  const serial = randomBytes(16)
  serial[0] = (serial[0] as number & 0x7f) | 0x40
  return serial
}

/** Name in DER of `C=CN,CN=x`. @throws HesError BODY_INVALID */
export function subjectOf(text: string): Buffer {
  try {
    return encodeName(parseNameText(text))
  } catch (error) {
    if (error instanceof RangeError) throw new HesError('BODY_INVALID', `--subject: ${error.message}`)
    throw error
  }
}

/** Self-signed certificate of a new laboratory CA. */
export async function issueRoot(engine: Sm2Engine, name: Buffer, privateKey: Buffer, term: Term, pathLength: number): Promise<Buffer> {
  const publicKey = await engine.publicKeyOf(privateKey)
  const self = { name, publicKey, privateKey }
  return issueCertificate(engine, self, { name, publicKey, serial: newSerial(), ...validity(term), ca: true, pathLength, usages: AUTHORITY_USES }, SM2_DEFAULT_ID)
}

/** The CA as issuer. @throws HesError STATE_CONFLICT when the key is not the certificate's, or it is no CA for this use */
export async function issuerOf(engine: Sm2Engine, ca: Sm2Certificate, privateKey: Buffer, use: KeyUsage): Promise<CertificateIssuer> {
  if (!(await engine.publicKeyOf(privateKey)).equals(ca.publicKey)) refuse('The CA key does not belong to the CA certificate.')
  if (!ca.basicConstraints?.ca || (ca.keyUsage && !ca.keyUsage.usages.includes(use))) refuse(`The CA certificate is not for this (${use}).`)
  return { name: ca.subject, publicKey: ca.publicKey, privateKey, keyId: ca.subjectKeyId }
}

export interface IssueOrder extends Term {
  request: CertificateRequest
  /** Of an end certificate; without them those of the request, without those digitalSignature. */
  usages: readonly KeyUsage[] | undefined
  /** A CA below this one, with so many more allowed below it. */
  authority: { pathLength: number } | undefined
}

/**
 * A certificate for a request that proves its key. Name and key are the request's; rights are what the order says, never more.
 * @throws HesError AUTH_FAILED without proof of possession, STATE_CONFLICT for what the CA may not give
 */
export async function issueFor(engine: Sm2Engine, ca: Sm2Certificate, caKey: Buffer, order: IssueOrder): Promise<Buffer> {
  const { request, authority } = order
  const issuer = await issuerOf(engine, ca, caKey, 'keyCertSign')
  if (!(await verifyRequest(engine, request, SM2_DEFAULT_ID))) throw new HesError('AUTH_FAILED', 'The request does not prove that its maker has the private key.')
  if (request.unknownCritical.length > 0) refuse(`The request asks for critical extensions that are not made here: ${request.unknownCritical.join(', ')}.`)
  const usages = order.usages ?? request.keyUsage?.usages ?? ['digitalSignature']
  if (!authority && usages.some((usage) => AUTHORITY_USES.includes(usage))) refuse('keyCertSign and cRLSign are for CAs: ask for one with --authority.')
  const { pathLength = Infinity } = ca.basicConstraints ?? {}
  if (authority && authority.pathLength >= pathLength) refuse(`This CA allows ${pathLength} CAs below it: a path length below that is wanted.`)
  const dates = validity(order)
  if (dates.notAfter > ca.notAfter || dates.notBefore < ca.notBefore) refuse('The certificate would be valid when its CA is not.')
  const rights = authority ? { ca: true, pathLength: authority.pathLength, usages: AUTHORITY_USES } : { ca: false, usages }
  return issueCertificate(engine, issuer, { name: request.subject, publicKey: request.publicKey, serial: newSerial(), ...dates, ...rights }, SM2_DEFAULT_ID)
}

export interface ListOrder extends Term {
  /** The list before this one, whose entries stay. */
  before: Sm2Crl | undefined
  serials: readonly string[]
}

/** The next revocation list. @throws HesError STATE_CONFLICT when the list before it is of another issuer */
export async function issueList(engine: Sm2Engine, ca: Sm2Certificate, caKey: Buffer, { before, serials, ...term }: ListOrder): Promise<Buffer> {
  const issuer = await issuerOf(engine, ca, caKey, 'cRLSign')
  if (before && !before.issuer.equals(ca.subject)) refuse('The list to go on from is of another issuer.')
  const { notBefore: thisUpdate, notAfter: nextUpdate } = validity(term)
  const entries = new Map<string, RevokedEntry>(before?.revoked)
  for (const serial of serials) if (!entries.has(serial)) entries.set(serial, { serial, revokedAt: thisUpdate })
  const revoked = [...entries.values()].map(({ serial, ...entry }) => ({ ...entry, serial: Buffer.from(serial, 'hex') }))
  const number = BigInt(`0x${before?.number ?? '0'}`) + 1n
  const numberHex = number.toString(16)
  return issueCrl(engine, issuer, { number: Buffer.from(numberHex.padStart(numberHex.length + (numberHex.length % 2), '0'), 'hex'), thisUpdate, nextUpdate, revoked }, SM2_DEFAULT_ID)
}
