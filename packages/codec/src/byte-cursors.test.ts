import fc from 'fast-check'
import { ByteReader } from './byte-reader.js'
import { ByteWriter } from './byte-writer.js'
import { DecodeError, EncodeError } from './errors.js'

type Writable = 'u8' | 'i8' | 'u16be' | 'u16le' | 'i16be' | 'u32be' | 'i32be'
const RANGES: Record<Writable, [number, number]> = {
  u8: [0, 0xff], i8: [-0x80, 0x7f], u16be: [0, 0xffff], u16le: [0, 0xffff], i16be: [-0x8000, 0x7fff],
  u32be: [0, 0xffffffff], i32be: [-0x80000000, 0x7fffffff],
}
const names = Object.keys(RANGES) as Writable[]
const step = fc.constantFrom(...names).chain((name) => fc.record({
  name: fc.constant(name), value: fc.integer({ min: RANGES[name][0], max: RANGES[name][1] }),
}))

it('reads what was written, from whatever size the writer grew', () => {
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.nat(20), (steps, hint) => {
    const w = new ByteWriter(hint)
    for (const { name, value } of steps) w[name](value)
    const r = new ByteReader(w.finish())
    return steps.every(({ name, value }) => r[name]() === value) && r.remaining === 0
  }), { numRuns: 500 })
})

it.each([0, 1, 2, 3, 7, 8])('loses nothing when the buffer is replaced in the middle of a write, from %i bytes', (hint) => {
  const w = new ByteWriter(hint)
  w.u64be(0x0102030405060708n)
  w.i64be(-2n)
  w.bytes(Buffer.from([9, 10]))
  w.hex('0b0C')
  w.u8(13)
  expect(w.finish().toString('hex')).toBe('0102030405060708' + 'fffffffffffffffe' + '090a0b0c0d')
})

it.each(names)('%s refuses numbers out of its range', (name) => {
  const [low, high] = RANGES[name]
  for (const wrong of [low - 1, high + 1, 0.5, Number.NaN, '1' as never, undefined as never]) {
    expect(() => new ByteWriter()[name](wrong)).toThrow(EncodeError)
  }
})

it('refuses what is no bytes, no hex, no 64-bit bigint', () => {
  const w = new ByteWriter()
  expect(() => w.bytes('x' as never)).toThrow(EncodeError)
  expect(() => w.hex('0')).toThrow(EncodeError)
  expect(() => w.hex('0g')).toThrow(EncodeError)
  expect(() => w.u64be(-1n)).toThrow(EncodeError)
  expect(() => w.u64be(1 as never)).toThrow(EncodeError)
  expect(() => w.i64be(2n ** 63n)).toThrow(EncodeError)
  expect(w.length).toBe(0)
})

it('never reads past the end and says where it stopped', () => {
  const reads = [...names, 'u64be', 'i64be'] as const
  for (const name of reads) {
    const r = new ByteReader(Buffer.alloc(0))
    expect(() => r[name]()).toThrow(DecodeError)
  }
  const r = new ByteReader(Buffer.from([1, 2, 3]), { code: 'FRAME_INVALID' })
  r.u8()
  expect(() => r.bytes(3)).toThrow(expect.objectContaining({ code: 'FRAME_INVALID', offset: 1, expected: '3 more bytes' }))
  expect(r.hex(2)).toBe('0203')
})

it('reads a plain Uint8Array with an offset of its own', () => {
  const r = new ByteReader(new Uint8Array([9, 9, 0x12, 0x34]).subarray(2))
  expect(r.u16be()).toBe(0x1234)
  expect(r.remaining).toBe(0)
})
