import type { Clock } from '@zhuzhan/core'
import type { CertificateOrder, Random } from '@zhuzhan/gm-crypto'
import { certificateName } from '@zhuzhan/osp1'
import type { Authority } from './provider.js'

/** Certificates a laboratory station makes for itself, whatever holds the keys. */

const YEAR_MS = 365.25 * 24 * 3_600_000
const VALIDITY_YEARS = { authority: 30, station: 20 } as const
export const AUTHORITY_NAME: Record<Authority, string> = {
  'station-ca': 'Zhuzhan laboratory station CA',
  'device-ca': 'Zhuzhan laboratory device CA',
}

export interface CertificateMaker {
  random: Random
  clock: Clock
}

/** An authority's certificate over its own key. */
export function authorityOrder(maker: CertificateMaker, authority: Authority, publicKey: Uint8Array): CertificateOrder {
  return {
    commonName: AUTHORITY_NAME[authority],
    publicKey,
    serial: serial(maker.random),
    ...validity(maker.clock, VALIDITY_YEARS.authority),
    ca: true,
    usages: ['keyCertSign', 'cRLSign'],
  }
}

/** The station's own, for signing and for key agreement (§7.3). */
export function stationOrder(maker: CertificateMaker, stationId: Uint8Array, publicKey: Uint8Array): CertificateOrder {
  return {
    commonName: certificateName('station', stationId),
    publicKey,
    serial: serial(maker.random),
    ...validity(maker.clock, VALIDITY_YEARS.station),
    ca: false,
    usages: ['digitalSignature', 'keyAgreement'],
  }
}

function validity(clock: Clock, years: number): { notBefore: number; notAfter: number } {
  return { notBefore: clock.now() - 24 * 3_600_000, notAfter: clock.now() + years * YEAR_MS }
}

/** 16 random bytes with the top bit clear: positive, and unique for all practice. */
export function serial(random: Random): Buffer {
  const bytes = random(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes
}
