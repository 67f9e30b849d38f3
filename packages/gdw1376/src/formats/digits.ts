import { EncodeError } from '@zhuzhan/codec'
import type { Bcd, Codec } from '@zhuzhan/codec'

/** Bytes that are no digits: `missing` when all are FF or all EE, otherwise `notBcd`. Both keep their hex. */
export function noDigits(hex: string): { missing: string } | { notBcd: string } {
  return /^(?:(?:FF)+|(?:EE)+)$/.test(hex) ? { missing: hex } : { notBcd: hex }
}

/** The hex of a value that noDigits gave. @throws EncodeError when it is not of so many bytes */
export function hexOfNoDigits(value: unknown, size: number): string {
  const { missing, notBcd } = (value ?? {}) as { missing?: unknown; notBcd?: unknown }
  const hex = missing ?? notBcd
  if (typeof hex !== 'string' || hex.length !== size * 2) throw new EncodeError('', `a value of ${size} bytes`)
  return hex
}

/**
 * BCD digits with text between, like a date: each `##` of the pattern is a byte, highest byte first. Digits are not
 * checked against the calendar: a moment that never was (all 0) must come back as it is.
 *
 * @param order in which the bytes are sent
 */
export function digitText(pattern: string, order: 'low-first' | 'as-written' = 'low-first'): Codec<Bcd> {
  const size = pattern.split('##').length - 1
  const accepted = new RegExp(`^${pattern.replaceAll('##', '(\\d\\d)')}$`)
  return {
    read: (r) => {
      const hex = order === 'low-first' ? r.hexReversed(size) : r.hex(size)
      if (!/^\d+$/.test(hex)) return noDigits(hex)
      let at = 0
      return pattern.replaceAll('##', () => hex.slice(at, at += 2))
    },
    write: (w, value) => {
      const hex = typeof value === 'string' ? accepted.exec(value)?.slice(1).join('') : hexOfNoDigits(value, size)
      if (hex === undefined) throw new EncodeError('', `digits like ${pattern}`)
      if (order === 'low-first') w.hexReversed(hex)
      else w.hex(hex)
    },
  }
}
