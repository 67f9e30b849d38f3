import { reversedHex } from '@zhuzhan/codec'

/** Twelve digits in reading order, as printed on the meter; low byte first on the wire. Reference §1. */
export const Address = reversedHex(6)

/** Any meter; only point to point. Reference §1, address rules. */
export const ANY_METER = 'AAAAAAAAAAAA'
/** Every meter; none answers. */
export const BROADCAST = '999999999999'

/** `wildcard`: high bytes AA. `other`: digits that are no address of a meter, kept as they are. */
export type AddressKind = 'meter' | 'wildcard' | 'broadcast' | 'other'

export function addressKind(address: string): AddressKind {
  if (address === BROADCAST) return 'broadcast'
  if (/^[0-9]{12}$/.test(address)) return 'meter'
  return /^(?=.{12}$)(AA)+([0-9]{2})*$/.test(address) ? 'wildcard' : 'other'
}

/** Is the meter with this address meant? High bytes AA of `pattern` stand for any digits; a broadcast means every meter. */
export function addressMatches(pattern: string, address: string): boolean {
  if (pattern === address || pattern === BROADCAST) return true
  return addressKind(pattern) === 'wildcard' && address.endsWith(pattern.replace(/^(AA)+/, ''))
}
