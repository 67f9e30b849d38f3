import { fromHex, manualClock, toHex } from '@zhuzhan/core'
import { DecodeError } from '@zhuzhan/codec'
import { decodeApdu, encodeApdu } from '../apdu/decode.js'
import { SEGMENT, createJoiner, createSplitter, decodeFrame, encodeFrame, readSegment } from '../link/index.js'
import type { Joined } from '../link/index.js'
import { apduFacts, linkFacts } from './facts.js'
import { frameVectors } from './load.js'
import type { FrameVector } from './load.js'

const truncations = (bytes: Buffer) => Array.from(bytes, (_, size) => bytes.subarray(0, size))

/** Those of the inputs that are not refused with a DecodeError. One expectation for hundreds of inputs. */
function accepted(inputs: Buffer[], decoder: (bytes: Buffer) => unknown): string[] {
  return inputs.filter((bytes) => {
    try {
      decoder(bytes)
      return true
    } catch (error) {
      return !(error instanceof DecodeError)
    }
  }).map(toHex)
}

const frames = frameVectors.filter((v) => v.kind === 'frame')
const segments = frameVectors.filter((v) => v.kind === 'segment')

it('has every recorded entry', () => {
  expect(frames).toHaveLength(133)
  expect(segments).toHaveLength(11)
})

describe.each(frameVectors.map((v, i): [string, FrameVector] => [`${i}: ${v.description}`, v]))('%s', (_, vector) => {
  const bytes = fromHex(vector.hex)
  const frame = decodeFrame(bytes)

  it('has the link fields another decoder found', () => {
    const { length, control, address, hcs, fcs } = vector.decoded
    expect(linkFacts(frame, bytes)).toEqual({ length, control, address, hcs, fcs })
    if (vector.decoded.userData !== undefined) expect(toHex(frame.data)).toBe(vector.decoded.userData)
  })

  it('is written again byte by byte', () => {
    expect(toHex(encodeFrame(frame))).toBe(vector.hex)
  })

  it('is refused when a byte is missing or a bit is wrong', () => {
    expect(accepted(truncations(bytes), decodeFrame)).toEqual([])
    const flipped = Array.from(bytes, (byte, i) => Buffer.concat([bytes.subarray(0, i), Buffer.from([byte ^ (1 << (i % 8))]), bytes.subarray(i + 1)]))
    expect(accepted(flipped, decodeFrame)).toEqual([])
  })
})

describe.each(frames.map((v, i): [string, FrameVector] => [`${i}: ${v.description}`, v]))('APDU of %s', (_, vector) => {
  const { data } = decodeFrame(fromHex(vector.hex))

  it('has the fields another decoder found', () => {
    expect(apduFacts(decodeApdu(data))).toEqual(vector.decoded.apdu)
  })

  it('is written again byte by byte', () => {
    expect(toHex(encodeApdu(decodeApdu(data)))).toBe(toHex(data))
  })

  it('is refused at every truncation', () => {
    expect(accepted([...truncations(data), Buffer.concat([data, Buffer.from([0])])], (bytes) => decodeApdu(bytes))).toEqual([])
  })
})

describe.each(frames.filter((v) => v.decoded.innerFrame).map((v): [string, FrameVector] => [v.hex, v]))('frame inside %s', (_, vector) => {
  const { innerFrame } = vector.decoded
  const apdu = decodeApdu(decodeFrame(fromHex(vector.hex)).data)
  const carried = 'command' in apdu ? apdu.command : 'reply' in apdu ? apdu.reply : Buffer.alloc(0)

  it(innerFrame!.description, () => {
    const found: string[] = []
    createSplitter({ onFrame: (bytes) => found.push(toHex(bytes)) }).push(carried)
    // Two of the four carry DL/T 645, which also starts with 68 and ends with 16.
    const is698 = innerFrame!.leadingFE !== undefined
    expect(found).toEqual(is698 ? [innerFrame!.hex] : [])
    expect(toHex(carried).endsWith(innerFrame!.hex)).toBe(true)
  })
})

describe.each(segments.map((v): [string, FrameVector] => [v.hex.slice(0, 40), v]))('segment %s', (_, vector) => {
  it('has the word and slice another decoder found', () => {
    const { word, slice } = readSegment(decodeFrame(fromHex(vector.hex)))
    expect(word.number).toBe(vector.decoded.segmentWord!.number)
    expect(word.kind).toBe(SEGMENT[vector.decoded.segmentWord!.type as keyof typeof SEGMENT])
    expect(toHex(slice)).toBe(vector.decoded.fragment)
  })
})

it('joins the recorded transfer of three segments, which starts at number 261 and has reserved bits set', () => {
  const group = segments.filter((v) => v.segmentGroup).sort((a, b) => a.segmentGroup!.order - b.segmentGroup!.order)
  const joiner = createJoiner({ maxBytes: 100, clock: manualClock() })
  const steps: Joined[] = group.map((v) => joiner.accept(decodeFrame(fromHex(v.hex))))
  expect(steps.map((s) => Object.keys(s))).toEqual([['ack'], ['ack'], ['whole']])
  expect(toHex(steps[2]!.whole!.data)).toBe(group[0]!.segmentGroup!.reassembled.apdu)
  expect(decodeApdu(steps[2]!.whole!.data)).toMatchObject({ apdu: 'get-request', oad: 'F1010200' })
})

it('finds one whole APDU in the recorded security response with a byte too many, and keeps that byte', () => {
  const vector = frames.find((v) => v.decoded.apdu!['innerError'] !== undefined)!
  const outer = decodeApdu(decodeFrame(fromHex(vector.hex)).data)
  const content = 'content' in outer && Buffer.isBuffer(outer.content) ? outer.content : Buffer.alloc(0)
  expect(() => decodeApdu(content)).toThrow(DecodeError)
  const tolerant = decodeApdu(content, { tolerant: true })
  expect(tolerant).toMatchObject({ apdu: 'get-response', choice: 'record', leftOff: { missing: 0, trailing: '00' } })
  expect(toHex(encodeApdu(tolerant))).toBe(toHex(content))
})
