import { HesError } from '@zhuzhan/core'
import { SM2_DEFAULT_ID } from '../sm2/curve.js'
import type { Sm2Engine } from '../sm2/engine.js'
import type { Sm2Certificate } from './certificate.js'

/** Is the certificate signed by this key? Signed octets are the TBS DER, the ID the 16-byte default. Nothing else is judged. */
export function verifyCertificateSignature(engine: Sm2Engine, certificate: Sm2Certificate, issuerKey: Uint8Array): Promise<boolean> {
  return engine.verify(issuerKey, SM2_DEFAULT_ID, certificate.tbs, certificate.signature)
}

/**
 * Check a chain link by link: leaf first, trusted root last. Every link is checked with the issuer's own rights, since
 * the library's own chain check applies the SM2 ID to the leaf only.
 * @param at Time in ms at which every certificate must be valid; `undefined` judges no dates (a meter without a clock).
 * @throws HesError AUTH_FAILED with the depth of the bad link
 */
export async function verifyChain(engine: Sm2Engine, chain: readonly Sm2Certificate[], at: number | undefined): Promise<void> {
  const refuse = (depth: number, why: string): never => {
    throw new HesError('AUTH_FAILED', `certificate chain: ${why}`, { depth })
  }
  if (chain.length < 2) refuse(0, 'no issuer')
  for (const [depth, certificate] of chain.entries()) {
    const issuer = chain[depth + 1] ?? certificate
    if (certificate.unknownCritical.length > 0) refuse(depth, 'critical extension not understood')
    if (at !== undefined && (at < certificate.notBefore || at > certificate.notAfter)) refuse(depth, 'outside its validity')
    if (!certificate.issuer.equals(issuer.subject)) refuse(depth, 'issuer name differs')
    if (!issuer.basicConstraints?.ca) refuse(depth, 'issuer is no CA')
    if (issuer.keyUsage && !issuer.keyUsage.usages.includes('keyCertSign')) refuse(depth, 'issuer may not sign certificates')
    // pathLength counts the intermediate certificates below that CA; the leaf (depth 0) is none of them.
    const { pathLength } = issuer.basicConstraints ?? {}
    if (issuer !== certificate && pathLength !== undefined && depth > pathLength) refuse(depth, 'path too long')
    if (!(await verifyCertificateSignature(engine, certificate, issuer.publicKey))) refuse(depth, 'signature wrong')
  }
}
