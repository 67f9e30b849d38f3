import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID } from '../sm2/curve.js'
import type { Sm2Engine } from '../sm2/engine.js'
import type { Sm2Certificate } from './certificate.js'
import { namesKeyOf, verifyCrl } from './crl.js'
import type { Sm2Crl } from './crl.js'
import type { KeyUsage } from './extensions.js'

type Verifier = Pick<Sm2Engine, 'verify'>

/** Is the certificate signed by this key? Signed octets are the TBS DER. Nothing else is judged. */
export function verifyCertificateSignature(
  engine: Verifier,
  certificate: Sm2Certificate,
  issuerKey: Uint8Array,
  id: Uint8Array = SM2_DEFAULT_ID,
): Promise<boolean> {
  return engine.verify(issuerKey, id, certificate.tbs, certificate.signature)
}

export interface ChainOptions {
  /** User ID of every signature of the chain; the 16-byte default when not given (GM/T 0015). */
  id?: Uint8Array
  /** What the leaf must be allowed to do. */
  usage?: KeyUsage
  /** Lists to look into. When given, there must be a good one for the leaf; those of other links are used where there are some. */
  crls?: readonly Sm2Crl[]
}

/** Longer chains are refused before any arithmetic. */
const MAX_CHAIN = 8

/**
 * Check a chain link by link: leaf first, trusted root last. Every link is checked with the issuer's own rights, since
 * the library's own chain check applies the SM2 ID to the leaf only.
 * @param at Unix time in ms at which every certificate must be valid; `undefined` judges no dates (a meter without a clock).
 * @throws HesError AUTH_FAILED with the depth of the bad link
 */
export async function verifyChain(
  engine: Verifier,
  chain: readonly Sm2Certificate[],
  at: number | undefined,
  { id = SM2_DEFAULT_ID, usage, crls }: ChainOptions = {},
): Promise<void> {
  const refuse = (depth: number, why: string): never => {
    throw new HesError('AUTH_FAILED', `certificate chain: ${why}`, { depth })
  }
  const [leaf] = chain
  if (!leaf || chain.length < 2) return refuse(0, 'no issuer')
  if (chain.length > MAX_CHAIN) refuse(MAX_CHAIN, 'too many certificates')
  if (usage && leaf.keyUsage && !leaf.keyUsage.usages.includes(usage)) refuse(0, `not allowed for ${usage}`)
  for (const [depth, certificate] of chain.entries()) {
    const issuer = chain[depth + 1] ?? certificate
    const fault = holderFault(certificate, at) ?? linkFault(certificate, issuer, intermediates(chain, depth))
    if (fault) refuse(depth, fault)
    if (!(await verifyCertificateSignature(engine, certificate, issuer.publicKey, id))) refuse(depth, 'signature wrong')
  }
  if (crls) await checkRevocation(engine, chain, at, id, crls)
}

/** What is wrong with a certificate by itself. */
function holderFault(certificate: Sm2Certificate, at: number | undefined): string | undefined {
  const { unknownCritical, notBefore, notAfter, keyUsage, basicConstraints } = certificate
  if (unknownCritical.length > 0) return 'critical extension not understood'
  if (at !== undefined && (at < notBefore || at > notAfter)) return 'outside its validity'
  if (keyUsage?.usages.includes('keyCertSign') && !basicConstraints?.ca) return 'may sign certificates, but is no CA'
  return undefined
}

/** What speaks against the issuer having issued it. A root is its own issuer. */
function linkFault(certificate: Sm2Certificate, issuer: Sm2Certificate, below: number): string | undefined {
  if (!certificate.issuer.equals(issuer.subject)) return 'issuer name differs'
  if (!namesKeyOf(certificate.authorityKeyId, issuer)) return 'issued with another key of this issuer'
  if (!issuer.basicConstraints?.ca) return 'issuer is no CA'
  if (issuer.keyUsage && !issuer.keyUsage.usages.includes('keyCertSign')) return 'issuer may not sign certificates'
  const { pathLength } = issuer.basicConstraints
  if (issuer !== certificate && pathLength !== undefined && below > pathLength) return 'path too long'
  return undefined
}

/**
 * Intermediate CAs from depth 1 to `depth`: those below the issuer of the certificate at `depth`. The leaf is none of them, and
 * a self-issued one (a CA's new key under its own name) does not count (RFC 5280 §4.2.1.9).
 */
function intermediates(chain: readonly Sm2Certificate[], depth: number): number {
  return chain.slice(1, depth + 1).filter(({ issuer, subject }) => !issuer.equals(subject)).length
}

async function checkRevocation(
  engine: Verifier,
  chain: readonly Sm2Certificate[],
  at: number | undefined,
  id: Uint8Array,
  crls: readonly Sm2Crl[],
): Promise<void> {
  for (const [depth, certificate] of chain.slice(0, -1).entries()) {
    const issuer = chain[depth + 1] as Sm2Certificate
    const lists = crls.filter((crl) => crl.issuer.equals(issuer.subject) && namesKeyOf(crl.authorityKeyId, issuer))
    if (depth === 0 && lists.length === 0) throw new HesError('AUTH_FAILED', 'certificate chain: no revocation list of its issuer', { depth })
    for (const crl of lists) {
      await verifyCrl(engine, crl, issuer, at, id)
      if (crl.revoked.has(certificate.serial)) throw new HesError('AUTH_FAILED', 'certificate chain: revoked', { depth })
    }
  }
}

/**
 * Every chain from a certificate to a trusted root, by names and key identifiers, shortest first. Nothing is verified: hand
 * each to verifyChain until one holds.
 * @param roots the only certificates a chain may end in; they must be self-issued
 */
export function findChains(leaf: Sm2Certificate, intermediate: readonly Sm2Certificate[], roots: readonly Sm2Certificate[]): Sm2Certificate[][] {
  const found: Sm2Certificate[][] = []
  let open: Sm2Certificate[][] = [[leaf]]
  for (let length = 1; length < MAX_CHAIN && open.length > 0; length++) {
    const longer: Sm2Certificate[][] = []
    for (const chain of open) {
      const last = chain.at(-1) as Sm2Certificate
      const issued = (issuer: Sm2Certificate): boolean => last.issuer.equals(issuer.subject) && namesKeyOf(last.authorityKeyId, issuer)
      for (const root of roots) if (root.issuer.equals(root.subject) && issued(root)) found.push([...chain, root])
      for (const issuer of intermediate) if (issued(issuer) && !chain.some(({ der }) => der.equals(issuer.der))) longer.push([...chain, issuer])
    }
    open = longer.slice(0, MAX_OPEN)
  }
  return found.slice(0, MAX_OPEN)
}

/** A pile of certificates of one name must not make work without end. */
const MAX_OPEN = 16
