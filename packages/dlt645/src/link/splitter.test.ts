import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { linkFrame } from '../vectors/arbitraries.js'
import { createDlt645Splitter, decodeFrame, encodeFrame } from './index.js'

const MAX = 200
interface Outcome { frames: string[]; discarded: number; pending: number }

/** The rule of reference §1 as plainly as possible: look at the whole stream, check every 68 from scratch. */
function plainly(stream: Buffer, maxLength: number): Outcome {
  const frames: string[] = []
  let discarded = 0
  for (let at = 0; at < stream.length;) {
    const rest = stream.subarray(at)
    const size = rest[0] !== 0x68 ? 0 : rest.length < 12 ? undefined : rest[7] === 0x68 && rest[9]! <= maxLength ? 12 + rest[9]! : 0
    if (size === undefined || size > rest.length) return { frames, discarded, pending: rest.length }
    if (size > 0 && isFrame(rest.subarray(0, size))) {
      frames.push(rest.subarray(0, size).toString('hex'))
      at += size
    } else {
      discarded++
      at++
    }
  }
  return { frames, discarded, pending: 0 }
}

function isFrame(bytes: Buffer): boolean {
  try {
    decodeFrame(bytes)
    return true
  } catch {
    return false
  }
}

function split(stream: Buffer, cuts: readonly number[], maxLength = MAX): Outcome {
  const frames: string[] = []
  let discarded = 0
  const splitter = createDlt645Splitter({ maxLength, onFrame: (bytes) => frames.push(bytes.toString('hex')), onDiscard: (count) => { discarded += count } })
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = cuts[i % cuts.length] ?? stream.length
    splitter.push(stream.subarray(at, at + size))
    at += size
    if (splitter.pending > maxLength + 11) throw new Error(`${splitter.pending} bytes held`)
  }
  return { frames, discarded, pending: splitter.pending }
}

const frame = linkFrame.map(({ leading: _leading, ...given }) => encodeFrame(given))
const damaged = fc.tuple(frame, fc.nat(), fc.nat(255)).map(([bytes, at, byte]) => {
  bytes[at % bytes.length] = byte
  return bytes
})
const cut = fc.tuple(frame, fc.nat()).map(([bytes, size]) => bytes.subarray(0, size % bytes.length))
/** A header that promises a frame which does not come. */
const decoy = fc.nat(255).map((length) => Buffer.from([0x68, 0x68, 0x68, 0x68, 0x68, 0x68, 0x68, 0x68, 0x11, length]))
const noise = fc.array(fc.constantFrom(0x68, 0xfe, 0x16, 0x0a, 0x00), { maxLength: 20 }).map((bytes) => Buffer.from(bytes))
const piece = fc.oneof({ weight: 4, arbitrary: frame }, { weight: 2, arbitrary: decoy }, damaged, cut, noise)
const stream = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.concat(pieces))

it('finds the same frames as the plain rule, however the stream is cut', () => {
  fc.assert(fc.property(stream, fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 8 }), (bytes, cuts) =>
    isDeepStrictEqual(split(bytes, cuts), plainly(bytes, MAX))), { numRuns: 1000 })
})

it('finds the same frames byte by byte', () => {
  fc.assert(fc.property(stream, (bytes) => isDeepStrictEqual(split(bytes, [1]), plainly(bytes, MAX))), { numRuns: 500 })
})

it('works across its whole work area', () => {
  fc.assert(fc.property(fc.array(piece, { minLength: 60, maxLength: 80 }), fc.integer({ min: 1, max: 70_000 }), (pieces, size) => {
    const long = Buffer.concat(Array.from({ length: 25 }, () => pieces).flat())
    return isDeepStrictEqual(split(long, [size]), plainly(long, MAX))
  }), { numRuns: 15 })
})

it('accepts no longer frames than it is told', () => {
  const of = (size: number) => encodeFrame({ address: '000000000001', control: { fromMeter: true, abnormal: false, followUp: false, function: 0x11 }, data: Buffer.alloc(size) })
  expect(split(Buffer.concat([of(200), of(201), of(3)]), []).frames).toHaveLength(2)
  expect(split(of(255), [], 255).frames).toHaveLength(1)
  expect(() => createDlt645Splitter({ maxLength: 256, onFrame: () => undefined })).toThrow(RangeError)
})

it('says why bytes were thrown away', () => {
  const reasons: string[] = []
  const splitter = createDlt645Splitter({ onFrame: () => reasons.push('frame'), onDiscard: (count, reason) => reasons.push(`${count} ${reason}`) })
  const good = Buffer.from('6812107856341268D101350D16', 'hex')
  const wrong = (at: number) => Buffer.from(good.map((byte, i) => i === at ? byte ^ 1 : byte))
  for (const bytes of [Buffer.from('FEFE01', 'hex'), good, wrong(11), wrong(12), wrong(7), Buffer.from('68000000000000681 1C90016'.replace(' ', ''), 'hex')]) splitter.push(bytes)
  expect(reasons.filter((reason) => !/noise|1 header/.test(reason))).toEqual(['2 wake-up', 'frame', '1 checksum', '1 end', '1 length'])
})
