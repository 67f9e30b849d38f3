import { HesError } from '@zhuzhan/core'
import { verifyChain } from '@zhuzhan/gm-crypto'
import type { Sm2Certificate, Sm2Engine } from '@zhuzhan/gm-crypto'
import { KINDS } from './kinds.js'
import type { Kind } from './kinds.js'

/** The one CN of a field certificate: prefix, kind and PID in upper-case hex. §6.4 */
export function fieldCertificateName(kind: Kind, pid: Uint8Array): string {
  return `FSP1-${KINDS[kind].code.toString(16).toUpperCase().padStart(2, '0')}-${Buffer.from(pid).toString('hex').toUpperCase()}`
}

/**
 * The device key of a certificate, for enrolment. The meter pins the key and judges no dates, because nothing it could
 * trust tells it the time; the station looks at dates and revocations before it orders an enrolment.
 * @throws HesError AUTH_FAILED
 */
export async function fieldCertificateKey(engine: Sm2Engine, authority: Sm2Certificate, certificate: Sm2Certificate, kind: Kind, pid: Uint8Array): Promise<Buffer> {
  const { commonNames, basicConstraints, keyUsage, publicKey } = certificate
  const right =
    commonNames.length === 1 && commonNames[0] === fieldCertificateName(kind, pid) && basicConstraints?.ca === false &&
    keyUsage?.critical === true && keyUsage.usages.includes('digitalSignature') && keyUsage.usages.includes('keyAgreement')
  if (!right) throw new HesError('AUTH_FAILED', 'field certificate: not for this device')
  await verifyChain(engine, [certificate, authority], undefined)
  return Buffer.from(publicKey)
}
