import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { codes, text } from './characters.js'
import { EncodeError } from './errors.js'

/**
 * What stands where BCD digits should. A decimal as text, e.g. `-12.34`, `0.00`; `missing` when every byte is FF or EE,
 * the field's way to say "no value"; `notBcd` for other bytes that are no digits: a device fault to report, never a zero.
 * Both keep their bytes in reading order.
 */
export type Bcd = string | { missing: string } | { notBcd: string }

export interface BcdForm {
  /** Bytes. */
  size: number
  /** Digits behind the point. */
  decimals: number
  /** The top bit of the highest byte is the sign; apparent magnitude in the rest. */
  signed?: boolean
}

/** A BCD number, low byte first. */
export function bcdNumber({ size, decimals, signed = false }: BcdForm): Codec<Bcd> {
  if (size < 1 || size > 7) throw new RangeError('BCD numbers of 1 to 7 bytes: more digits than a double holds exactly')
  return {
    read: (r) => readBcd(r, size, decimals, signed),
    write: (w, value) => writeBcd(w, value, { size, decimals, signed }),
  }
}

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30

function readBcd(r: ByteReader, size: number, decimals: number, signed: boolean): Bcd {
  const { source } = r
  const from = r.skip(size)
  const highest = from + size - 1
  let length = 0
  /** Leading zeros are passed over, up to the digit before the point. */
  let significant = false
  const negative = signed && source[highest]! >= 0x80 && !isFiller(source, from, size)
  if (negative) codes[length++] = MINUS
  for (let i = highest, place = 2 * size - 1; i >= from; i--, place -= 2) {
    const byte = negative && i === highest ? source[i]! & 0x7f : source[i]!
    const high = byte >> 4
    const low = byte & 0x0f
    if (high > 9 || low > 9) return noNumber(source, from, size)
    significant ||= high > 0 || place <= decimals
    if (significant) {
      if (place === decimals - 1) codes[length++] = POINT
      codes[length++] = ZERO + high
    }
    significant ||= low > 0 || place - 1 <= decimals
    if (significant) {
      if (place === decimals) codes[length++] = POINT
      codes[length++] = ZERO + low
    }
  }
  return text(length)
}

function isFiller(source: Buffer, from: number, size: number): boolean {
  const first = source[from]
  if (first !== 0xff && first !== 0xee) return false
  for (let i = 1; i < size; i++) if (source[from + i] !== first) return false
  return true
}

function noNumber(source: Buffer, from: number, size: number): Bcd {
  const hex = Buffer.from(source.subarray(from, from + size)).reverse().toString('hex').toUpperCase()
  return isFiller(source, from, size) ? { missing: hex } : { notBcd: hex }
}

function writeBcd(w: ByteWriter, value: Bcd, form: Required<BcdForm>): void {
  if (typeof value === 'string') return w.hexReversed(bcdDigits(value, form))
  const hex = 'missing' in value ? value.missing : value.notBcd
  if (hex.length !== form.size * 2) throw new EncodeError('', `${form.size * 2} hex digits`)
  w.hexReversed(hex)
}

/** The digits of a decimal as they stand in its bytes, highest first, sign included. */
function bcdDigits(value: string, { size, decimals, signed }: Required<BcdForm>): string {
  const [, sign, whole, fraction = ''] = /^(-?)([0-9]+)(?:\.([0-9]*))?$/.exec(value) ?? []
  if (whole === undefined || (sign === '-' && !signed)) throw new EncodeError('', signed ? 'a decimal' : 'a decimal without sign')
  const digits = (whole + fraction.padEnd(decimals, '0')).replace(/^0+/, '').padStart(size * 2, '0')
  const fits = fraction.length <= decimals && digits.length === size * 2 && (!signed || digits[0]! < '8')
  if (!fits) throw new EncodeError('', `a decimal of ${size * 2 - decimals} digits and ${decimals} behind the point`)
  return sign === '-' ? (Number.parseInt(digits[0]!, 16) | 8).toString(16) + digits.slice(1) : digits
}
