import { createStreamSplitter, crc16 } from '@zhuzhan/codec'
import fc from 'fast-check'
import { encodeFrame } from './frame.js'
import { ssalFraming } from './framing.js'
import { anyFrame } from '../vectors/arbitraries.js'

const MAX = 600

/** The rule of reference §2 as plainly as possible: look at the whole stream, check every 98 from scratch. */
function plainly(stream: Buffer) {
  const frames: string[] = []
  let discarded = 0
  let at = 0
  while (at < stream.length) {
    const verdict = stream[at] === 0x98 ? judge(stream.subarray(at)) : 0
    if (verdict === undefined) break
    if (verdict > 0) frames.push(stream.subarray(at, at + verdict).toString('hex'))
    else discarded++
    at += Math.max(1, verdict)
  }
  return { frames, discarded, pending: stream.length - at }
}

/** Size of the frame, 0 when there is none, undefined when that cannot be told yet. */
function judge(bytes: Buffer): number | undefined {
  if (bytes.length < 3) return undefined
  const length = bytes.readUInt16LE(1)
  if (length < 8 || length > MAX) return 0
  if (bytes.length < 7) return undefined
  const headers = [1, 0].map((more) => headerEnd(bytes, more)).filter((end) => (typeof end === 'number' ? end + 5 : end.need + 3) <= length + 4)
  const holds = (end: number) => bytes.readUInt16LE(end) === crc16(bytes, 1, end)
  if (!headers.some((end) => typeof end === 'number' && end + 2 <= bytes.length && holds(end))) {
    return headers.some((end) => typeof end !== 'number' || end + 2 > bytes.length) ? undefined : 0
  }
  if (bytes.length < length + 4) return undefined
  return bytes[length + 3] === 0x16 && holds(length + 1) ? length + 4 : 0
}

function headerEnd(bytes: Buffer, more: number): number | { need: number } {
  const word = bytes.readUInt16LE(5)
  let at = 7
  for (let bit = 15; bit >= 7; bit--) {
    if ((word & (1 << bit)) === 0) continue
    if (bit === 15) at += 1
    else if (bit === 14 || bit === 13) at += 2
    else if (bit === 8) at += 7
    else {
      if (at >= bytes.length) return { need: at + 1 }
      const length = bytes[at]!
      if (bit === 12) at += 1 + (length & 15) + more + ((length >> 4) & 7)
      else if (bit === 9) at += 1 + (length & 15)
      else if (bit === 7) at += 1 + length
      else at += 1 + (length & 31) + (length >> 5)
    }
  }
  return at
}

function split(stream: Buffer, cut: number) {
  const frames: string[] = []
  let discarded = 0
  const splitter = createStreamSplitter([ssalFraming({ maxLength: MAX })], { onFrame: (bytes) => frames.push(bytes.toString('hex')), onDiscard: (count) => { discarded += count } })
  for (let at = 0; at < stream.length; at += cut) splitter.push(stream.subarray(at, at + cut))
  return { frames, discarded, pending: splitter.pending }
}

it('finds frames between rubbish, however the stream is cut', () => {
  const frame = anyFrame.map((one) => encodeFrame(one)).filter((bytes) => bytes.length <= MAX + 4)
  const rubbish = fc.array(fc.oneof({ weight: 2, arbitrary: fc.constantFrom(0x98, 0x16, 0x00, 0x0a) }, fc.integer({ min: 0, max: 255 })), { maxLength: 12 })
  fc.assert(fc.property(fc.array(fc.oneof(frame, rubbish.map((list) => Buffer.from(list))), { maxLength: 8 }), fc.integer({ min: 1, max: 80 }), (parts, cut) => {
    const stream = Buffer.concat(parts)
    expect(split(stream, cut)).toEqual(plainly(stream))
  }), { numRuns: 1500 })
})

it('goes on after a frame with a wrong byte', () => {
  fc.assert(fc.property(anyFrame, anyFrame, fc.nat(), fc.nat(7), (first, second, at, bit) => {
    const broken = encodeFrame(first)
    broken[at % broken.length]! ^= 1 << bit
    const stream = Buffer.concat([broken, encodeFrame(second), Buffer.alloc(MAX + 4)])
    expect(split(stream, stream.length)).toEqual(plainly(stream))
  }), { numRuns: 500 })
})

it('takes a frame of the greatest length and refuses the next', () => {
  const of = (size: number) => encodeFrame({ sequence: 1, control: {}, lud: { content: Buffer.alloc(size) } })
  expect(split(of(MAX - 10), 100).frames).toHaveLength(1)
  expect(split(of(MAX - 9), 100).frames).toHaveLength(0)
  expect(() => ssalFraming({ maxLength: 7 })).toThrow(RangeError)
  expect(() => ssalFraming({ maxLength: 65536 })).toThrow(RangeError)
})
