import { HesError } from './errors.js'

/**
 * A device address as printed on the nameplate: decimal digits without blanks. 12 digits are the rule
 * (6 BCD bytes); shorter numbers are filled with leading zeros, which is how meters print and send them.
 */
export type Address = string & { readonly __address: unique symbol }

const DECIMAL = /^[0-9]{1,12}$/

/** Canonical form (12 digits) of an address as people type it. @throws HesError ADDRESS_INVALID */
export function parseAddress(text: string): Address {
  const trimmed = text.trim()
  if (!DECIMAL.test(trimmed)) throw new HesError('ADDRESS_INVALID', `'${trimmed.slice(0, 40)}' is not an address: 1 to 12 decimal digits`)
  return trimmed.padStart(12, '0') as Address
}

export function isAddress(text: string): boolean {
  return DECIMAL.test(text)
}
