/**
 * An object attribute descriptor as 8 upper-case hex digits: OI (4), attribute with feature bits (2), element
 * index (2). DL/T 698.45 reference §3.1.
 */
export type OadText = string

const OAD = /^[0-9A-Fa-f]{8}$/

export function isOad(text: string): boolean {
  return OAD.test(text)
}

/** Canonical upper-case form. */
export function oadText(value: number): OadText {
  return (value >>> 0).toString(16).toUpperCase().padStart(8, '0')
}

/** The same as an unsigned 32-bit number, which sorts and indexes faster than text. */
export function oadNumber(text: OadText): number {
  return Number.parseInt(text, 16) >>> 0
}
