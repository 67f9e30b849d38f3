import { EncodeError, bcdNumber, decimal } from '@zhuzhan/codec'
import type { Bcd, Codec } from '@zhuzhan/codec'
import { hexOfNoDigits, noDigits } from './digits.js'

const unsigned = (size: number, decimals: number): Codec<Bcd> => bcdNumber({ size, decimals })
const signed = (size: number, decimals: number): Codec<Bcd> => bcdNumber({ size, decimals, signed: true })

/** Format A.4: two digits with sign. Reference §A14. */
export const A4 = signed(1, 0)
/** Format A.5: signed XXX.X */
export const A5 = signed(2, 1)
/** Format A.6: signed XX.XX */
export const A6 = signed(2, 2)
/** Format A.7: XXX.X */
export const A7 = unsigned(2, 1)
/** Format A.8: XXXX */
export const A8 = unsigned(2, 0)
/** Format A.9: signed XX.XXXX */
export const A9 = signed(3, 4)
/** Format A.10: 6 digits */
export const A10 = unsigned(3, 0)
/** Format A.11: XXXXXX.XX */
export const A11 = unsigned(4, 2)
/** Format A.12: 12 digits */
export const A12 = unsigned(6, 0)
/** Format A.13: XXXX.XXXX */
export const A13 = unsigned(4, 4)
/** Format A.14: XXXXXX.XXXX */
export const A14 = unsigned(5, 4)
/** Format A.22: X.X */
export const A22 = unsigned(1, 1)
/** Format A.23: XX.XXXX */
export const A23 = unsigned(3, 4)
/** Format A.25: signed XXX.XXX */
export const A25 = signed(3, 3)
/** Format A.26: X.XXX */
export const A26 = unsigned(2, 3)
/** Format A.27: 8 digits */
export const A27 = unsigned(4, 0)

/** Powers of ten that D15-D13 of format A.2 stand for. */
const POWERS = [4, 3, 2, 1, 0, -1, -2, -3]

/** `value` is scaled; `power` is the one it was sent with, since 12 × 10^1 and 120 × 10^0 are the same number. */
export type Scaled = { value: string; power: number } | { missing: string } | { notBcd: string }

/** Format A.2: three digits times a power of ten, with sign. Reference §A14. */
export const A2: Codec<Scaled> = {
  read: (r) => {
    const raw = r.u16le()
    const digits = (raw & 0xfff).toString(16)
    if (!/^\d+$/.test(digits)) return noDigits(raw.toString(16).toUpperCase().padStart(4, '0'))
    const power = POWERS[raw >> 13]!
    return { value: ((raw & 0x1000) === 0 ? '' : '-') + decimal(Number(digits), power), power }
  },
  write: (w, value) => {
    if (!('value' in value)) return w.hexReversed(hexOfNoDigits(value, 2))
    const code = POWERS.indexOf(value.power)
    const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(value.value) ?? []
    if (code < 0 || whole === undefined) throw new EncodeError('', 'a decimal and a power of ten from -3 to 4')
    const places = Math.max(0, -value.power)
    const digits = Number(whole + fraction.padEnd(places, '0')) / 10 ** Math.max(0, value.power)
    if (fraction.length > places || !Number.isInteger(digits) || digits > 999) throw new EncodeError('value', `three digits times 10^${value.power}`)
    w.u16le((code << 13) | (sign === '-' ? 0x1000 : 0) | Number.parseInt(String(digits), 16))
  },
}

/** `flags` are D31-D28: sign and unit (kWh or MWh; for money 0.001 or 1). The reference does not say which bit is which. */
export type Amount = { digits: string; flags: number } | { missing: string } | { notBcd: string }

/** Format A.3: seven digits with sign and unit. Reference §A14. */
export const A3: Codec<Amount> = {
  read: (r) => {
    const hex = r.hexReversed(4)
    const digits = hex.slice(1)
    return /^\d+$/.test(digits) ? { digits, flags: Number.parseInt(hex[0]!, 16) } : noDigits(hex)
  },
  write: (w, value) => {
    if (!('digits' in value)) return w.hexReversed(hexOfNoDigits(value, 4))
    if (!/^\d{7}$/.test(value.digits)) throw new EncodeError('digits', 'seven digits')
    if (!Number.isInteger(value.flags) || value.flags < 0 || value.flags > 15) throw new EncodeError('flags', '0 to 15')
    w.hexReversed(value.flags.toString(16) + value.digits)
  },
}
