import { decodeConnectHeader } from '@zhuzhan/dlt698'
import type { ConnectHeader } from '@zhuzhan/dlt698'

/** hdr1 and hdr2: protocol version to connect timeout, 37 octets. §7.0 */
export const HEADER_LENGTH = 37

const SIZES = ['sendSize', 'receiveSize', 'window', 'apduSize', 'timeoutSeconds'] as const

/** May the answer stand against the offer: version equal, conformance a subset, every size not larger? §7.0, §7.14 */
export function headerWithinOffer(offered: Uint8Array, answered: Uint8Array): boolean {
  if (offered.length !== HEADER_LENGTH || answered.length !== HEADER_LENGTH) return false
  const [offer, answer] = [decodeConnectHeader(offered), decodeConnectHeader(answered)]
  return (
    offer.version === answer.version &&
    subset(answer.protocolConformance, offer.protocolConformance) &&
    subset(answer.functionConformance, offer.functionConformance) &&
    SIZES.every((field) => answer[field] <= offer[field])
  )
}

/** The meter's answer to an offer: the common part of what both can do, the offer's version. */
export function commonHeader(offer: ConnectHeader, own: ConnectHeader): ConnectHeader {
  const common: ConnectHeader = {
    ...offer,
    protocolConformance: both(offer.protocolConformance, own.protocolConformance),
    functionConformance: both(offer.functionConformance, own.functionConformance),
  }
  for (const field of SIZES) common[field] = Math.min(offer[field], own[field])
  return common
}

function subset(part: string, whole: string): boolean {
  return (BigInt(`0x${part}`) & ~BigInt(`0x${whole}`)) === 0n
}

function both(a: string, b: string): string {
  return (BigInt(`0x${a}`) & BigInt(`0x${b}`)).toString(16).toUpperCase().padStart(a.length, '0')
}
