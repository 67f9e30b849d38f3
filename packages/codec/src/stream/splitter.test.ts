import fc from 'fast-check'
import { createStreamSplitter } from './splitter.js'
import type { DiscardReason, Framing, Splitter } from './splitter.js'
import type { StreamWindow } from './window.js'

/** Two small protocols that begin alike, so that every rule of the splitter can be seen: `68 n data… sum` and `68 AA n data…`. */
const summed: Framing<'summed'> = {
  name: 'summed', start: 0x68, maxSize: 3 + 200,
  probe: (window, at) => {
    if (window.end - at < 2) return -2
    const size = 3 + window.bytes[at + 1]!
    if (size > 203 || window.bytes[at + 1] === 0xaa) return 'length'
    if (window.end - at < size) return -size
    return window.sumHolds(at, at + size - 1) ? size : 'checksum'
  },
}
const marked: Framing<'marked'> = {
  name: 'marked', start: 0x68, maxSize: 3 + 255,
  probe: (window: StreamWindow, at: number): number | DiscardReason => {
    if (window.end - at < 2) return -2
    if (window.bytes[at + 1] !== 0xaa) return 'header'
    if (window.end - at < 3) return -3
    const size = 3 + window.bytes[at + 2]!
    return window.end - at < size ? -size : size
  },
}

function frame(kind: 'summed' | 'marked', data: Uint8Array): Buffer {
  if (kind === 'marked') return Buffer.from([0x68, 0xaa, data.length, ...data])
  const body = Buffer.from([0x68, data.length, ...data])
  return Buffer.concat([body, Buffer.from([body.reduce((sum, byte) => sum + byte, 0) & 0xff])])
}

function split(stream: Buffer, cut: number) {
  const found: [string, string][] = []
  let discarded = 0
  const splitter = createStreamSplitter([summed, marked], { onFrame: (bytes, protocol) => found.push([protocol, bytes.toString('hex')]), onDiscard: (count) => { discarded += count } })
  for (let at = 0; at < stream.length; at += cut) splitter.push(stream.subarray(at, at + cut))
  return { found, discarded, pending: splitter.pending }
}

const kind = fc.constantFrom('summed' as const, 'marked' as const)
const frames = fc.array(fc.tuple(kind, fc.uint8Array({ maxLength: 60 })), { maxLength: 20 })

it('finds the frames of every protocol on a mixed stream, with wake-up bytes and noise between, however it is cut', () => {
  const noise = fc.array(fc.constantFrom(0xfe, 0x00, 0x16), { maxLength: 5 })
  fc.assert(fc.property(frames, noise, fc.integer({ min: 1, max: 90 }), (list, rubbish, cut) => {
    const stream = Buffer.concat(list.map(([name, data]) => Buffer.concat([Buffer.from(rubbish), frame(name, data)])))
    expect(split(stream, cut)).toEqual({
      found: list.map(([name, data]) => [name, frame(name, data).toString('hex')]), discarded: rubbish.length * list.length, pending: 0,
    })
  }), { numRuns: 500 })
})

it('gives the same result for whole and for single bytes, whatever the bytes are', () => {
  const bytes = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(0x68, 0xaa, 0x02, 0x00, 0xd0) }, fc.integer({ min: 0, max: 255 })), { maxLength: 400 })
  fc.assert(fc.property(bytes, fc.integer({ min: 1, max: 17 }), (list, cut) => {
    const stream = Buffer.from(list)
    const whole = split(stream, Math.max(1, stream.length))
    expect(split(stream, cut)).toEqual(whole)
    expect(whole.discarded + whole.pending + whole.found.reduce((sum, [, hex]) => sum + hex.length / 2, 0)).toBe(stream.length)
  }), { numRuns: 500 })
})

it('works past the end of its work area', () => {
  const one = frame('summed', Buffer.alloc(150, 7))
  const many = Buffer.concat(Array.from({ length: 1000 }, () => one))
  expect(split(many, many.length).found).toHaveLength(1000)
  expect(split(many, 33_333).found).toHaveLength(1000)
})

it('refuses framings that could ask for more than the work area holds', () => {
  expect(() => createStreamSplitter([{ ...summed, maxSize: 40_000 }], { onFrame: () => undefined })).toThrow(RangeError)
})

it('keeps the bytes of several streams apart, in whatever order they come', () => {
  const streams = fc.array(frames.map((list) => Buffer.concat(list.map(([name, data]) => frame(name, data)))), { minLength: 2, maxLength: 4 })
  const turns = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 40 })), { maxLength: 200 })
  fc.assert(fc.property(streams, turns, (list, order) => {
    const found = list.map((): string[] => [])
    const splitters = list.map((_, i) => createStreamSplitter([summed, marked], { onFrame: (bytes) => found[i]!.push(bytes.toString('hex')) }))
    const at = list.map(() => 0)
    const push = (i: number, size: number) => {
      splitters[i]!.push(list[i]!.subarray(at[i], at[i]! + size))
      at[i]! += size
    }
    for (const [turn, size] of order) push(turn % list.length, size)
    list.forEach((bytes, i) => push(i, bytes.length))
    expect(found).toEqual(list.map((bytes) => split(bytes, Math.max(1, bytes.length)).found.map(([, hex]) => hex)))
    expect(splitters.map((one) => one.pending)).toEqual(list.map(() => 0))
  }), { numRuns: 300 })
})

it('forgets at reset whether the others pushed since or not', () => {
  const one = frame('summed', Buffer.alloc(20, 7))
  const seen: number[] = []
  const [a, b] = [0, 1].map((i) => createStreamSplitter([summed], { onFrame: () => seen.push(i) })) as [Splitter, Splitter]
  a.push(one.subarray(0, 9))
  b.push(one.subarray(0, 9))
  expect([a.pending, b.pending]).toEqual([9, 9])
  a.reset()
  b.reset()
  expect([a.pending, b.pending]).toEqual([0, 0])
  a.push(one.subarray(9))
  a.push(one)
  b.push(one)
  expect(seen).toEqual([0, 1])
})
