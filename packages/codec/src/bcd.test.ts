import fc from 'fast-check'
import { bcdNumber } from './bcd.js'
import { decode, encode } from './codec.js'
import { decimal } from './decimal.js'
import { EncodeError } from './errors.js'

const energy = bcdNumber({ size: 4, decimals: 2 })
const current = bcdNumber({ size: 3, decimals: 3, signed: true })
const hex = (text: string) => Buffer.from(text, 'hex')

it.each([
  [energy, '56341200', '1234.56'],
  [energy, '00000000', '0.00'],
  [energy, '99999999', '999999.99'],
  [current, '994900', '4.999'],
  [current, '994980', '-4.999'],
  [current, '000080', '-0.000'],
  [current, '999999', '-199.999'],
])('reads digits low byte first %#', (codec, bytes, value) => {
  expect(decode(codec, hex(bytes))).toBe(value)
  expect(encode(codec, value)).toEqual(hex(bytes))
})

it('tells no value and no digits apart, and keeps their bytes', () => {
  expect(decode(energy, hex('FFFFFFFF'))).toEqual({ missing: 'FFFFFFFF' })
  expect(decode(current, hex('EEEEEE'))).toEqual({ missing: 'EEEEEE' })
  expect(decode(energy, hex('0E000000'))).toEqual({ notBcd: '0000000E' })
  expect(decode(energy, hex('00A00000'))).toEqual({ notBcd: '0000A000' })
})

it('writes back whatever it reads', () => {
  fc.assert(fc.property(fc.uint8Array({ minLength: 3, maxLength: 3 }), (bytes) => encode(current, decode(current, bytes)).equals(bytes)))
  const digits = fc.integer({ min: 0, max: 99_999_999 }).map((n) => hex(String(n).padStart(8, '0')))
  fc.assert(fc.property(digits, (bytes) => encode(energy, decode(energy, bytes)).equals(bytes)))
})

it.each([[energy, '1000000'], [energy, '0.001'], [energy, '-1'], [energy, '1e3'], [energy, ''], [current, '800'], [energy, { missing: 'FF' }]] as const)('refuses to write %#', (codec, value) => {
  expect(() => encode(codec, value)).toThrow(EncodeError)
})

it('writes a number out like the decimal it is', () => {
  const form = fc.record({ size: fc.integer({ min: 1, max: 7 }), decimals: fc.nat(5), signed: fc.boolean() })
  fc.assert(fc.property(form.filter(({ size, decimals }) => decimals < 2 * size), fc.nat(), fc.boolean(), (given, seed, minus) => {
    const { size, decimals, signed } = given
    const most = 10n ** BigInt(2 * size) - 1n
    const raw = BigInt(seed) * 48_271n % (signed ? most * 8n / 10n : most)
    const bytes = hex(String(raw).padStart(2 * size, '0')).reverse()
    if (signed && minus) bytes[size - 1]! |= 0x80
    return decode(bcdNumber(given), bytes) === (signed && minus ? '-' : '') + decimal(raw, -decimals)
  }), { numRuns: 1000 })
})
