import type { ByteReader } from './byte-reader.js'
import type { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { decimal } from './decimal.js'
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

function readBcd(r: ByteReader, size: number, decimals: number, signed: boolean): Bcd {
  const bytes = r.bytes(size)
  let magnitude = 0
  let negative = false
  for (let i = size - 1; i >= 0; i--) {
    let byte = bytes[i]!
    if (signed && i === size - 1 && byte >= 0x80 && !isFiller(bytes)) {
      negative = true
      byte &= 0x7f
    }
    const low = byte & 0x0f
    if (byte > 0x99 || low > 9) return noNumber(bytes)
    magnitude = magnitude * 100 + (byte >> 4) * 10 + low
  }
  const text = decimal(magnitude, -decimals)
  return negative ? `-${text}` : text
}

function isFiller(bytes: Buffer): boolean {
  const first = bytes[0]
  if (first !== 0xff && first !== 0xee) return false
  for (let i = 1; i < bytes.length; i++) if (bytes[i] !== first) return false
  return true
}

function noNumber(bytes: Buffer): Bcd {
  const hex = Buffer.from(bytes).reverse().toString('hex').toUpperCase()
  return isFiller(bytes) ? { missing: hex } : { notBcd: hex }
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
