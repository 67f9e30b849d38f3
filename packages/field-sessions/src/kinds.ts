import { HesError } from '@zhuzhan/core'
import { algorithmsFor, mustRun } from '@zhuzhan/policy'
import type { BoundaryName, Decision, PeerOf, PolicySettings } from '@zhuzhan/policy'

/** Kinds of peers as they stand in a message: high nibble 0 Bluetooth, 1 HPLC. §2 */
export const KINDS = {
  phone: { code: 0x01, boundary: 'bluetooth' },
  breaker: { code: 0x02, boundary: 'bluetooth' },
  sensor: { code: 0x03, boundary: 'bluetooth' },
  handheld: { code: 0x04, boundary: 'bluetooth' },
  appliance: { code: 0x11, boundary: 'hplc' },
  'charging-pile': { code: 0x12, boundary: 'hplc' },
  'modular-terminal': { code: 0x13, boundary: 'hplc' },
} as const satisfies { [P in PeerOf<BoundaryName>]: { code: number; boundary: BoundaryName } }
export type Kind = keyof typeof KINDS

const BY_CODE = new Map(Object.entries(KINDS).map(([kind, { code }]): [number, Kind] => [code, kind as Kind]))

export function kindOf(code: number): Kind | undefined {
  return BY_CODE.get(code)
}

/**
 * What a session of a kind is made of. Never negotiated: both sides compute it from the policy, and its number stands in
 * everything that is signed or MACed, so a substituted session and one with hardware never meet. §3
 */
export interface Suite {
  number: 1 | 2 | 3 | 4 | 5
  authentication: 'sm2' | 'block'
  /** `ctr-hmac`: SM4-CTR and HMAC-SM3; `ccm`: one block cipher for both. */
  protection: 'ctr-hmac' | 'ccm'
  /** First contact by QR code; the pairing leaves a link key. */
  paired: boolean
  /** A laboratory runs SM4 where the policy says SM1. */
  substituted: boolean
  decision: Decision
}

/** @throws HesError PROFILE_REFUSED without the hardware the policy asks for, CONFIG_INVALID for a substitution in production */
export function suiteOf(kind: Kind, settings: PolicySettings): Suite {
  const { boundary } = KINDS[kind]
  const decision = mustRun(algorithmsFor(boundary, kind as PeerOf<BoundaryName>, settings))
  const { authentication, encryption, integrity, pairing, substituted } = decision
  const common = { paired: pairing === 'QR', substituted, decision }
  switch ([authentication, encryption, integrity].map(({ asked }) => asked).join()) {
    case 'SM2,SM4,SM3':
      return { number: 1, authentication: 'sm2', protection: 'ctr-hmac', ...common }
    case 'SM4,SM4,SM4':
      return { number: 2, authentication: 'block', protection: 'ccm', ...common }
    case 'SM1,SM1,SM1':
      return { number: substituted ? 4 : 3, authentication: 'block', protection: 'ccm', ...common }
    case 'SM2,SM4,SM4':
      return { number: 5, authentication: 'sm2', protection: 'ccm', ...common }
    default:
      throw new HesError('PROFILE_REFUSED', 'FSP-1 has no suite for this row of the policy.', { kind })
  }
}
