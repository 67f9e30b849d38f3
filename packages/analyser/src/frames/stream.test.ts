import fc from 'fast-check'
import { createFrameStream } from '../index.js'
import type { Piece } from '../index.js'
import { recordedFrames } from '../vectors/load.js'

function pieces(stream: Buffer, cut: number): Piece[] {
  const found: Piece[] = []
  const frames = createFrameStream((piece) => found.push(piece))
  for (let at = 0; at < stream.length; at += cut) frames.push(stream.subarray(at, at + cut))
  frames.flush()
  return found
}

const frame = fc.constantFrom(...recordedFrames).map(({ hex, protocol }) => ({ bytes: Buffer.from(hex, 'hex'), protocol }))
/** Bytes that begin no frame. */
const rubbish = fc.array(fc.constantFrom(0x00, 0x01, 0xfe, 0x16), { minLength: 1, maxLength: 6 }).map((bytes) => ({ bytes: Buffer.from(bytes), protocol: undefined }))

it('finds the frames of every protocol on one stream, however it is cut, and tells every byte between', () => {
  fc.assert(fc.property(fc.array(fc.oneof({ weight: 3, arbitrary: frame }, { arbitrary: rubbish, weight: 1 }), { maxLength: 12 }), fc.integer({ min: 1, max: 300 }), (parts, cut) => {
    const stream = Buffer.concat(parts.map(({ bytes }) => bytes))
    const found = pieces(stream, cut)
    expect(found.filter((piece) => piece.protocol !== undefined).map(({ bytes, protocol }) => [protocol, bytes.toString('hex')]))
      .toEqual(parts.filter(({ protocol }) => protocol !== undefined).map(({ bytes, protocol }) => [protocol, bytes.toString('hex')]))
    expect(Buffer.concat(found.map(({ bytes }) => bytes))).toEqual(stream)
    let at = 0
    for (const piece of found) {
      expect(piece.from).toBe(at)
      at += piece.bytes.length
    }
  }), { numRuns: 200 })
})

it('finds a frame behind a start that waits for bytes which never come', () => {
  const [first] = recordedFrames
  const stream = Buffer.concat([Buffer.from('98FF1F', 'hex'), Buffer.from(first!.hex, 'hex')])
  expect(pieces(stream, stream.length).map(({ protocol }) => protocol)).toEqual([undefined, first!.protocol])
})

it('goes on with new bytes after a flush', () => {
  const found: Piece[] = []
  const stream = createFrameStream((piece) => found.push(piece))
  const bytes = Buffer.from(recordedFrames[0]!.hex, 'hex')
  stream.push(bytes.subarray(0, 10))
  stream.flush()
  stream.push(bytes)
  expect(found.map(({ from, protocol }) => [from, protocol])).toEqual([[0, undefined], [10, 'dlt698']])
})
