import { isDeepStrictEqual } from 'node:util'
import { crc16 } from '@zhuzhan/codec'
import fc from 'fast-check'
import { linkFrame } from '../vectors/arbitraries.js'
import { frameVectors } from '../vectors/load.js'
import { decodeFrame, encodeFrame } from './frame.js'
import { createSplitter } from './splitter.js'

const MAX = 400

interface Outcome {
  frames: string[]
  discarded: number
  pending: number
}

/** The rule of reference §1 as plainly as possible: look at the whole stream, check every 68 from scratch. */
function plainly(stream: Buffer, maxLength: number): Outcome {
  const frames: string[] = []
  let discarded = 0
  for (let at = 0; at < stream.length;) {
    const rest = stream.subarray(at)
    const length = rest[0] !== 0x68 ? 0 : wholeLength(rest, maxLength)
    if (length === undefined || length > rest.length) return { frames, discarded, pending: rest.length }
    if (length > 0 && isFrame(rest.subarray(0, length))) {
      frames.push(rest.subarray(0, length).toString('hex'))
      at += length
    } else {
      discarded++
      at++
    }
  }
  return { frames, discarded, pending: 0 }
}

/** Length of the frame that may start here, 0 when none does, undefined when that cannot be told yet. */
function wholeLength(rest: Buffer, maxLength: number): number | undefined {
  if (rest.length < 3) return undefined
  const length = rest.readUInt16LE(1)
  if (length < 10 || length > maxLength) return 0
  if (rest.length < 5) return undefined
  const header = 7 + (rest[4]! & 0x0f)
  if (length < header + 3) return 0
  if (rest.length < header + 2) return undefined
  return crc16(rest, 1, header) === rest.readUInt16LE(header) ? length + 2 : 0
}

function isFrame(bytes: Buffer): boolean {
  try {
    decodeFrame(bytes)
    return true
  } catch {
    return false
  }
}

function split(stream: Buffer, cuts: number[], maxLength = MAX): Outcome {
  const frames: string[] = []
  let discarded = 0
  const splitter = createSplitter({ maxLength, onFrame: (bytes) => frames.push(bytes.toString('hex')), onDiscard: (count) => { discarded += count } })
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = cuts.length === 0 ? stream.length : cuts[i % cuts.length]!
    splitter.push(stream.subarray(at, at + size))
    at += size
    if (splitter.pending > maxLength + 1) throw new Error(`${splitter.pending} bytes held`)
  }
  return { frames, discarded, pending: splitter.pending }
}

/** A header whose checksum holds, claiming a long frame that never comes: the dearest thing to throw away. */
const decoy = fc.integer({ min: 20, max: MAX }).map((length) => {
  const header = Buffer.from([0x68, length & 0xff, length >> 8, 0x43, 0x00, 0x68, 0x10, 0, 0])
  header.writeUInt16LE(crc16(header, 1, 7), 7)
  return header
})
const frame = linkFrame.map(encodeFrame)
const damaged = fc.tuple(frame, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
  bytes[at % bytes.length] = byte
  return bytes
})
const cut = fc.tuple(frame, fc.nat()).map(([bytes, size]) => bytes.subarray(0, size % bytes.length))
const noise = fc.uint8Array({ maxLength: 30 }).map((b) => Buffer.from(b))
const starts = fc.array(fc.constantFrom(0x68, 0xfe, 0x16, 0x0a, 0x00), { maxLength: 20 }).map((b) => Buffer.from(b))
const piece = fc.oneof({ weight: 4, arbitrary: frame }, { weight: 2, arbitrary: decoy }, damaged, cut, noise, starts)
const stream = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces))

it('finds the same frames as the plain rule, however the stream is cut', () => {
  fc.assert(fc.property(stream, fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }), (bytes, cuts) =>
    isDeepStrictEqual(split(bytes, cuts), plainly(bytes, MAX))), { numRuns: 1500 })
})

it('finds the same frames byte by byte', () => {
  fc.assert(fc.property(stream, (bytes) => isDeepStrictEqual(split(bytes, [1]), plainly(bytes, MAX))), { numRuns: 300 })
})

it('works across its whole work area', () => {
  fc.assert(fc.property(fc.array(piece, { minLength: 40, maxLength: 60 }), fc.integer({ min: 1, max: 70_000 }), (pieces, size) => {
    const long = Buffer.concat([...pieces, ...pieces, ...pieces, ...pieces, ...pieces, ...pieces])
    return isDeepStrictEqual(split(long, [size]), plainly(long, MAX))
  }), { numRuns: 20 })
})

it('finds every recorded frame in one stream with wake-up bytes', () => {
  const all = Buffer.concat(frameVectors.map((v) => Buffer.from(`FEFEFEFE${v.hex}`, 'hex')))
  expect(split(all, [7], 2048)).toEqual({ frames: frameVectors.map((v) => v.hex.toLowerCase()), discarded: 4 * frameVectors.length, pending: 0 })
})

it('splitters do not disturb each other, nor does a callback that pushes on', () => {
  const [a, b] = frameVectors.map((v) => Buffer.from(v.hex, 'hex')) as [Buffer, Buffer]
  const found: string[] = []
  const inner = createSplitter({ onFrame: (bytes) => found.push(`inner ${bytes.length}`) })
  const outer = createSplitter({
    onFrame: (bytes) => {
      found.push(`outer ${bytes.length}`)
      inner.push(bytes.subarray(0, 10))
      if (found.length === 1) outer.push(b.subarray(5))
      inner.push(bytes.subarray(10))
    },
  })
  inner.push(b.subarray(0, 5))
  inner.push(b.subarray(5))
  found.length = 0
  outer.push(Buffer.concat([a, b.subarray(0, 5)]))
  expect(found).toEqual([`outer ${a.length}`, `outer ${b.length}`, `inner ${b.length}`])
  expect(outer.pending).toBe(0)
})

it('says why bytes were thrown away', () => {
  const good = Buffer.from(frameVectors[0]!.hex, 'hex')
  const wrongFcs = Buffer.from(good)
  wrongFcs[15] = wrongFcs[15]! ^ 1
  const reasons: string[] = []
  const splitter = createSplitter({ onFrame: () => reasons.push('frame'), onDiscard: (count, reason) => reasons.push(`${count} ${reason}`) })
  splitter.push(Buffer.concat([Buffer.from('FEFE0102036800FF', 'hex'), good]))
  splitter.push(wrongFcs)
  splitter.push(Buffer.concat([good.subarray(0, 13), Buffer.from([0])]))
  splitter.push(good.subarray(0, 4))
  splitter.push(Buffer.alloc(30))
  expect(reasons).toEqual(['2 wake-up', '3 noise', '1 length', '2 noise', 'frame', '1 checksum', '25 noise', '1 header', '13 noise', '1 header', '33 noise'])
})

it('forgets what it holds at reset and, from a callback, what it still had to tell', () => {
  const good = Buffer.from(frameVectors[0]!.hex, 'hex')
  let frames = 0
  const splitter = createSplitter({ onFrame: () => { frames++; splitter.reset() } })
  splitter.push(Buffer.concat([good, good, good.subarray(0, 9)]))
  expect([frames, splitter.pending]).toEqual([1, 0])
  splitter.push(good.subarray(0, 9))
  expect(splitter.pending).toBe(9)
  splitter.reset()
  splitter.push(good)
  expect([frames, splitter.pending]).toEqual([2, 0])
})

it('gives frames their own bytes', () => {
  const good = Buffer.from(frameVectors[0]!.hex, 'hex')
  const frames: Buffer[] = []
  const splitter = createSplitter({ onFrame: (bytes) => frames.push(bytes) })
  const chunk = Buffer.from(good)
  splitter.push(chunk)
  chunk.fill(0)
  splitter.push(Buffer.from(frameVectors[1]!.hex, 'hex'))
  expect(frames[0]).toEqual(good)
})

it.each([9, 16_384, 1.5])('refuses maxLength %p', (maxLength) => {
  expect(() => createSplitter({ maxLength, onFrame: () => undefined })).toThrow(RangeError)
})
