import { HesError } from '@zhuzhan/core'
import type { Sm2Certificate } from '@zhuzhan/gm-crypto'

export type CertificateRole = 'station' | 'device'
const PREFIX = { station: 'OSP1-M-', device: 'OSP1-D-' } as const

/** The one CN of a certificate: prefix of its role and 16 upper-case hex digits of IDA or D. §7.3 */
export function certificateName(role: CertificateRole, id: Uint8Array): string {
  return PREFIX[role] + Buffer.from(id).toString('hex').toUpperCase()
}

/**
 * Does the certificate name this holder in this role, may it sign, and is it no CA? Roles never mix: a device
 * certificate can never act as the station. Signature and dates are checked elsewhere.
 * @throws HesError AUTH_FAILED
 */
export function checkCertificateRole(certificate: Sm2Certificate, role: CertificateRole, id: Uint8Array): void {
  const { commonNames, basicConstraints, keyUsage } = certificate
  const refuse = (why: string): never => {
    throw new HesError('AUTH_FAILED', `certificate: ${why}`)
  }
  if (commonNames.length !== 1 || commonNames[0] !== certificateName(role, id)) refuse('names another holder or role')
  if (basicConstraints?.ca !== false) refuse('is not marked as an end certificate')
  if (!keyUsage?.critical || !keyUsage.usages.includes('digitalSignature') || !keyUsage.usages.includes('keyAgreement')) refuse('key usage')
}
