import {
  DecodeError, EncodeError, bits, choice, convert, decode, either, encode, flag, f32be, f64be, hexOctets, lazy, listOf, marked, named, nested,
  nothing, numbered, octets, optional, prefixedHex, prefixedLatin1, prefixedOctets, sequence, sized, u16be, u8, variants,
} from './index.js'
import type { Codec, Quirk } from './index.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const both = <T>(codec: Codec<T>, text: string, value: T) => {
  expect(decode(codec, hex(text))).toEqual(value)
  expect(encode(codec, value)).toEqual(hex(text))
}
const refused = (codec: Codec<unknown>, text: string) => {
  expect(() => decode(codec, hex(text))).toThrow(DecodeError)
}

it('sequence puts members one after the other and splices other tables in', () => {
  const Tail = sequence({ note: optional(u8) })
  const Row = sequence({ a: u8, b: u16be }, Tail)
  both(Row, '01 0203 00', { a: 1, b: 0x203 })
  both(Row, '01 0203 01 04', { a: 1, b: 0x203, note: 4 })
  expect('note' in decode(Row, hex('01 0203 00'))).toBe(false)
  refused(Row, '01 0203 02')
  refused(Row, '01 0203 00 00')
  expect(() => encode(Row, { a: 1 } as never)).toThrow('b: expected')
})

it('choice, numbered and variants tell alternatives apart by constants', () => {
  const Body = sequence({ x: u8 })
  both(choice('kind', { one: [1, Body], none: [7, nothing] }), '01 05', { kind: 'one', x: 5 })
  both(numbered('selector', { 0: nothing, 9: Body }), '09 05', { selector: 9, x: 5 })
  const Sided = variants('a service', [[1, { name: 'error', side: 'client' }, Body], [2, { name: 'error', side: 'server' }, Body], [3, { name: 'ok' }, nothing]])
  both(Sided, '02 05', { name: 'error', side: 'server', x: 5 })
  both(Sided, '03', { name: 'ok' })
  refused(Sided, '04')
  expect(() => encode(Sided, { name: 'error', side: 'nobody', x: 1 } as never)).toThrow(EncodeError)
  expect(() => variants('twice', [[1, { a: 1 }, nothing], [1, { a: 2 }, nothing]])).toThrow(RangeError)
})

it('a choice inside a choice gives one flat object', () => {
  const Outer = choice('outer', { in: [1, sequence(choice('inner', { deep: [2, sequence({ x: u8 })] }), { y: u8 })] })
  both(Outer, '01 02 03 04', { outer: 'in', inner: 'deep', x: 3, y: 4 })
})

it('either has one member of several', () => {
  const Result = sequence({ id: u8 }, either({ dar: [0, u8], data: [1, u16be] }))
  both(Result, '09 00 04', { id: 9, dar: 4 })
  both(Result, '09 01 0004', { id: 9, data: 4 })
  refused(Result, '09 02 04')
  expect(() => encode(Result, { id: 9 } as never)).toThrow(EncodeError)
  expect(() => encode(Result, { id: 9, dar: 256 })).toThrow('dar: expected')
})

it('bits cuts a word, and refuses bits without a name', () => {
  const Flag = bits(u8, { type: [6, 2], on: [0] })
  both(Flag, '81', { type: 2, on: true })
  refused(Flag, '02')
  expect(() => encode(Flag, { type: 4, on: false })).toThrow('type: expected 0 to 3')
})

it('named numbers are words', () => {
  const Kind = named(u8, { login: 0, logout: 2 })
  both(Kind, '02', 'logout')
  refused(Kind, '01')
  expect(() => encode(Kind, 'toString' as never)).toThrow(EncodeError)
})

it('lists refuse counts no bytes stand behind', () => {
  const Pairs = listOf(u16be, { count: u16be, least: 2, max: 3 })
  both(Pairs, '0002 0001 0002', [1, 2])
  refused(Pairs, 'FFFF 0001')
  refused(Pairs, '0004 0001 0002 0003 0004')
  expect(() => encode(Pairs, [1, 2, 3, 4])).toThrow(EncodeError)
  expect(() => encode(Pairs, [1, 70_000])).toThrow('1: expected an integer')
  expect(() => decode(listOf(u8, { count: u8 }), hex('03 01 02 03'), { limits: { count: 2 } })).toThrow('at most 2 elements')
})

it('octets of fixed and of given length', () => {
  both(octets(2), '0102', hex('0102'))
  both(hexOctets(2), '0A0B', '0A0B')
  both(prefixedOctets(u8), '02 0102', hex('0102'))
  both(prefixedHex(u8), '02 0A0B', '0A0B')
  both(prefixedLatin1(u8), '02 41FF', 'Aÿ')
  for (const codec of [octets(2), hexOctets(2), prefixedOctets(u8), prefixedHex(u8), prefixedLatin1(u8)] as Codec<unknown>[]) refused(codec, '03')
  expect(() => encode(octets(2), hex('01'))).toThrow(EncodeError)
  expect(() => encode(hexOctets(2), '01')).toThrow(EncodeError)
  expect(() => encode(prefixedLatin1(u8), '你')).toThrow(EncodeError)
  expect(() => encode(prefixedOctets(u8), undefined as never)).toThrow(EncodeError)
})

it('marks and conversions', () => {
  both(marked(7, u8), '07 01', 1)
  refused(marked(7, u8), '08 01')
  both(convert(u8, (n) => n * 2, (n) => n / 2), '04', 8)
})

it('bounds the depth of what holds its own kind', () => {
  interface Tree { children: Tree[] }
  const Tree: Codec<Tree> = nested(sequence({ children: listOf(lazy((): Codec<Tree> => Tree), { count: u8 }) }))
  both(Tree, '02 00 01 00', { children: [{ children: [] }, { children: [{ children: [] }] }] })
  expect(() => decode(Tree, Buffer.alloc(1000, 1))).toThrow('at most 16 levels')
  expect(decode(Tree, hex('01 01 00'), { limits: { depth: 3 } })).toBeDefined()
  expect(() => decode(Tree, hex('01 01 00'), { limits: { depth: 2 } })).toThrow(DecodeError)
})

it.each([['a true that is not 01', flag, '07'], ['a NaN with other bits', f32be, 'FFC12345'], ['a NaN with other bits', f64be, '7FF8000000000009']])(
  'remembers %s', (_, codec, text) => {
    const quirks: Quirk[] = []
    const value = decode(codec as Codec<unknown>, hex(text), { quirks })
    expect(quirks).toEqual([{ at: 0, hex: text }])
    expect(encode(codec as Codec<unknown>, value, { quirks })).toEqual(hex(text))
    expect(encode(codec as Codec<unknown>, value)).not.toEqual(hex(text))
    // A quirk that belongs to another value, or is nonsense, is not used.
    expect(encode(flag, false, { quirks })).toEqual(hex('00'))
    expect(encode(flag, true, { quirks: [{ at: 0, hex: '00' }] })).toEqual(hex('01'))
  })

it('keeps the sign of zero and single precision', () => {
  expect(Object.is(decode(f32be, hex('80000000')), -0)).toBe(true)
  expect(encode(f64be, -0)).toEqual(hex('8000000000000000'))
  expect(() => encode(f32be, 0.1)).toThrow(EncodeError)
})

it('tables find the settings when they read and when they write, inside of sized values too', () => {
  const order: Codec<number> = {
    read: (r) => r.settings['order'] === 'low-first' ? r.u16le() : r.u16be(),
    write: (w, value) => w.settings['order'] === 'low-first' ? w.u16le(value) : w.u16be(value),
  }
  const table = sized(u8, sequence({ n: order }))
  const settings = { order: 'low-first' }
  expect(decode(table, Buffer.from([2, 1, 0]), { settings })).toEqual({ n: 1 })
  expect(encode(table, { n: 1 }, { settings })).toEqual(Buffer.from([2, 1, 0]))
  expect(encode(table, { n: 1 })).toEqual(Buffer.from([2, 0, 1]))
})
