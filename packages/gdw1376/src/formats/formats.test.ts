import { EncodeError, decode, encode } from '@zhuzhan/codec'
import fc from 'fast-check'
import { A1, A15, A16, A17, A18, A19, A2, A20, A21, A24, A25, A3, A4, A5, A6, A9, DATA_FORMATS, Moment } from './index.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const format = (name: string) => DATA_FORMATS.find((one) => one.name === name)!

it('there are 27, in order', () => {
  expect(DATA_FORMATS.map((one) => one.name)).toEqual(Array.from({ length: 27 }, (_, i) => `A.${i + 1}`))
})

it.each(DATA_FORMATS.map((one) => [one.name, one] as const))('%s loses nothing, whatever the bytes are', (_, { codec, size }) => {
  const byte = fc.oneof({ weight: 3, arbitrary: fc.integer({ min: 0, max: 99 }).map((n) => Number.parseInt(String(n), 16)) }, fc.nat(255))
  fc.assert(fc.property(fc.array(byte, { minLength: size, maxLength: size }), (list) => {
    const bytes = Buffer.from(list)
    expect(encode(codec, decode(codec, bytes)).equals(bytes)).toBe(true)
  }), { numRuns: 400 })
})

it.each(DATA_FORMATS.map((one) => [one.name, one] as const))('%s says when there is no value, and when the bytes are no digits', (_, { codec, size }) => {
  for (const filler of ['FF', 'EE']) {
    const bytes = hex(filler.repeat(size))
    expect(decode(codec, bytes)).toEqual({ missing: filler.repeat(size) })
    expect(encode(codec, { missing: filler.repeat(size) })).toEqual(bytes)
  }
  // The lowest byte holds digits in every format.
  const wrong = hex(`0C${'11'.repeat(size - 1)}`)
  expect(decode(codec, wrong)).toHaveProperty('notBcd')
  expect(() => encode(codec, { missing: 'FF'.repeat(size + 1) })).toThrow(EncodeError)
  expect(() => encode(codec, {})).toThrow(EncodeError)
})

it.each([
  [A1, '33 30 14 12 D2 20', { time: '2020-12-12 14:30:33', weekday: 6 }],
  [A1, '51 20 23 07 10 18', { time: '2018-10-07 23:20:51', weekday: 0 }],
  [A2, '12 05', { value: '5120000', power: 4 }],
  [A2, '23 81', { value: '123', power: 0 }],
  [A2, '23 F1', { value: '-0.123', power: -3 }],
  [A2, '12 60', { value: '120', power: 1 }],
  [A3, '67 45 23 51', { digits: '1234567', flags: 5 }],
  [A4, 'C5', '-45'],
  [A5, '34 92', '-123.4'],
  [A6, '34 12', '12.34'],
  [A9, '56 34 92', '-12.3456'],
  [A15, '05 00 22 05 22', '2022-05-22 00:05'],
  [A15, '00 00 00 00 00', '2000-00-00 00:00'],
  [A16, '28 53 13 07', '07 13:53:28'],
  [A17, '05 00 22 05', '05-22 00:05'],
  [A18, '05 00 22', '22 00:05'],
  [A19, '05 13', '13:05'],
  [A20, '21 05 22', '2022-05-21'],
  [A21, '05 22', '2022-05'],
  [A24, '21 23', '21 23'],
  [A25, '56 34 92', '-123.456'],
  [Moment, '28 53 13 07 05 22', '2022-05-07 13:53:28'],
] as const)('reads and writes %#', (codec, bytes, value) => {
  expect(decode(codec as typeof A15, hex(bytes))).toEqual(value)
  expect(encode(codec as typeof A15, value as never)).toEqual(hex(bytes))
})

it.each([
  ['A.7', '78 56', '567.8'], ['A.8', '78 56', '5678'], ['A.10', '56 34 12', '123456'], ['A.11', '78 56 34 12', '123456.78'],
  ['A.12', '12 90 78 56 34 12', '123456789012'], ['A.13', '78 56 34 12', '1234.5678'], ['A.14', '00 78 56 34 12', '123456.7800'],
  ['A.22', '12', '1.2'], ['A.23', '56 34 12', '12.3456'], ['A.26', '34 12', '1.234'], ['A.27', '78 56 34 12', '12345678'],
])('%s of %s is %s', (name, bytes, value) => {
  expect(decode(format(name).codec, hex(bytes))).toBe(value)
  expect(encode(format(name).codec, value)).toEqual(hex(bytes))
})

it.each([
  [A1, { time: '2020-32-12 14:30:33', weekday: 6 }], [A1, { time: '2020-12-12 14:30:33', weekday: 8 }], [A1, { time: '1999-12-12 14:30:33', weekday: 1 }],
  [A2, { value: '1234', power: 0 }], [A2, { value: '1.5', power: 0 }], [A2, { value: '15', power: 1 }], [A2, { value: '1', power: 5 }], [A2, { value: 'x', power: 0 }],
  [A3, { digits: '123456', flags: 0 }], [A3, { digits: '1234567', flags: 16 }],
  [A15, '2022-05-22'], [A15, '1922-05-22 00:05'], [A20, '2022-5-22'],
] as const)('refuses to write %#', (codec, value) => {
  expect(() => encode(codec as typeof A15, value as never)).toThrow(EncodeError)
})
