import { ByteReader, DecodeError, EncodeError, decode, encode } from '@zhuzhan/codec'
import type { Quirk } from '@zhuzhan/codec'
import { Data } from './data.js'
import { Length } from './length.js'
import { tsaOf } from './tsa.js'
import type { Data as DataValue } from './types.js'

const bytes = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const hexOf = (value: DataValue, quirks?: Quirk[]) => encode(Data, value, quirks && { quirks }).toString('hex').toUpperCase()

describe('length', () => {
  it.each([
    [0, '00'], [127, '7F'], [128, '8180'], [200, '81C8'], [255, '81FF'], [256, '820100'], [500, '8201F4'], [65536, '83010000'], [16777216, '8401000000'],
  ])('%i is %s', (value, hex) => {
    expect(encode(Length, value).toString('hex').toUpperCase()).toBe(hex)
    expect(decode(Length, bytes(hex))).toBe(value)
  })

  it.each(['8107', '820007', '83000007', '8200C8'])('%s is accepted and written again as it was', (hex) => {
    const quirks: Quirk[] = []
    const value = decode(Length, bytes(hex), { quirks })
    expect(quirks).toHaveLength(1)
    expect(encode(Length, value, { quirks }).toString('hex').toUpperCase()).toBe(hex)
    expect(encode(Length, value)).toHaveLength(value < 0x80 ? 1 : 2)
    expect(encode(Length, value + 1, { quirks })).toEqual(encode(Length, value + 1))
  })

  it.each(['80', '850000000001', 'FF', '81', '8201'])('%s is refused', (hex) => {
    expect(() => decode(Length, bytes(hex))).toThrow(DecodeError)
  })
})

describe('data', () => {
  it.each<[string, DataValue]>([
    ['00', { type: 'null' }],
    ['03 01', { type: 'bool', value: true }],
    ['04 11 FFFF80', { type: 'bit-string', bits: 17, hex: 'FFFF80' }],
    ['05 FFFFFFFF', { type: 'double-long', value: -1 }],
    ['06 FFFFFFFF', { type: 'double-long-unsigned', value: 4294967295 }],
    ['0A 03 E4BDA0', { type: 'visible-string', text: 'ä½\u00A0' }],
    ['0C 03 E4BDA0', { type: 'utf8-string', text: '你' }],
    ['0C 02 C4E3', { type: 'utf8-string', text: 'Äã', latin1: true }],
    ['0F 80', { type: 'integer', value: -128 }],
    ['10 8000', { type: 'long', value: -32768 }],
    ['14 FFFFFFFFFFFFFFFF', { type: 'long64', value: -1n }],
    ['15 FFFFFFFFFFFFFFFF', { type: 'long64-unsigned', value: 18446744073709551615n }],
    ['17 3FC00000', { type: 'float32', value: 1.5 }],
    ['19 07E6 02 17 03 08 06 38 0322', { type: 'date-time', value: { year: 2022, month: 2, day: 23, weekday: 3, hour: 8, minute: 6, second: 56, millisecond: 802 } }],
    ['1A FFFF FF FF FF', { type: 'date', value: { year: 0xffff, month: 255, day: 255, weekday: 255 } }],
    ['54 01 000F', { type: 'ti', value: { unit: 1, value: 15 } }],
    ['55 07 05 222222222222', { type: 'tsa', tsa: tsaOf('222222222222') }],
    ['58 02 11 00 11 01', { type: 'region', kind: 2, from: { type: 'unsigned', value: 0 }, to: { type: 'unsigned', value: 1 } }],
    ['59 FE 21', { type: 'scaler-unit', scaler: -2, unit: 33 }],
    ['5B 01 50040200 01 00100200', { type: 'csd', csd: { oad: '50040200', related: ['00100200'] } }],
    ['5F 06 02 08 01 00', { type: 'comdcb', comdcb: { baud: 6, parity: 2, dataBits: 8, stopBits: 1, flow: 0 } }],
  ])('%s', (hex, value) => {
    expect(decode(Data, bytes(hex))).toEqual(value)
    expect(hexOf(value)).toBe(hex.replaceAll(' ', ''))
  })

  it.each(['03 02', '17 7FC00001', '18 FFF8000000000001', '0A 82 0003 414243'])('%s is unusual and written again as it was', (hex) => {
    const quirks: Quirk[] = []
    const value = decode(Data, bytes(hex), { quirks })
    expect(hexOf(value, quirks)).toBe(hex.replaceAll(' ', ''))
    expect(hexOf(value)).not.toBe(hex.replaceAll(' ', ''))
  })

  it('refuses every reserved tag', () => {
    const known = new Set([0, 1, 2, 3, 4, 5, 6, 9, 10, 12, 15, 16, 17, 18, 20, 21, 22, 23, 24, 25, 26, 27, 28, ...Array.from({ length: 17 }, (_, i) => 80 + i)])
    const zeros = Buffer.alloc(64)
    for (let tag = 0; tag < 256; tag++) {
      const reader = new ByteReader(Buffer.concat([Buffer.from([tag]), Buffer.from([1]), zeros]))
      if (known.has(tag)) expect(Data.read(reader).type).toBeDefined()
      else expect(() => Data.read(reader)).toThrow(DecodeError)
    }
  })

  it('refuses hostile nesting and counts before it builds anything', () => {
    const deep = (levels: number) => bytes('0101'.repeat(levels) + '00')
    expect(decode(Data, deep(15))).toBeDefined()
    expect(() => decode(Data, deep(16))).toThrow('levels')
    expect(() => decode(Data, deep(100_000))).toThrow(DecodeError)
    expect(() => decode(Data, bytes('01 84 FFFFFFFF'))).toThrow(DecodeError)
    expect(() => decode(Data, bytes('09 84 7FFFFFFF 00'))).toThrow(DecodeError)
    expect(() => decode(Data, bytes('04 84 FFFFFFFF 00'))).toThrow(DecodeError)
    expect(() => decode(Data, Buffer.concat([bytes('01 82 0800'), Buffer.alloc(2048)]), { limits: { count: 2000 } })).toThrow('2000 elements')
  })

  it.each<[string, unknown]>([
    ['value', { type: 'double-long-unsigned', value: -1 }],
    ['value', { type: 'long', value: 32768 }],
    ['value', { type: 'unsigned', value: 1.5 }],
    ['value', { type: 'unsigned' }],
    ['value', { type: 'long64', value: 1 }],
    ['value', { type: 'long64', value: 2n ** 63n }],
    ['value', { type: 'bool', value: 1 }],
    ['value', { type: 'float32', value: 0.1 }],
    ['value.month', { type: 'date-time-s', value: { year: 2026, month: 300, day: 1, hour: 0, minute: 0, second: 0 } }],
    ['text', { type: 'visible-string', text: '你' }],
    ['text', { type: 'utf8-string', text: '\ud800' }],
    ['hex', { type: 'octet-string', hex: 'ABC' }],
    ['hex', { type: 'bit-string', bits: 9, hex: '00' }],
    ['oad', { type: 'oad', oad: '001002' }],
    ['items.1', { type: 'array', items: [{ type: 'null' }, undefined] }],
    ['items.1.items.0.value', { type: 'array', items: [{ type: 'null' }, { type: 'structure', items: [{ type: 'enum', value: 256 }] }] }],
    ['items', { type: 'array' }],
    ['type', { type: 'word' }],
    ['', undefined],
  ])('says where a wrong value is: %s', (path, value) => {
    const error = (() => {
      try {
        return encode(Data, value as DataValue)
      } catch (thrown) {
        return thrown
      }
    })()
    expect(error).toBeInstanceOf(EncodeError)
    expect((error as EncodeError).path).toBe(path)
  })

  it('makes the TSA of a meter number', () => {
    expect(tsaOf('000000000001')).toEqual({ flag: 5, address: '000000000001' })
    expect(() => tsaOf('1')).toThrow(EncodeError)
    expect(() => decode(Data, bytes('55 00'))).toThrow(DecodeError)
  })
})
