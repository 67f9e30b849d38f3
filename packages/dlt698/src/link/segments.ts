import { ByteReader, ByteWriter, DecodeError, EncodeError, bits, u16le } from '@zhuzhan/codec'
import type { ReadOptions, TypeOf } from '@zhuzhan/codec'
import { encodeFrame } from './frame.js'
import type { LinkFrame } from './frame.js'

/** What a segment is: bits 15-14 of its word. */
export const SEGMENT = { first: 0, last: 1, ack: 2, middle: 3 } as const

/** First two bytes of the user data when the segment bit is set, low byte first. Reserved bits may be anything. Reference §1.4. */
const Word = bits(u16le, { kind: [14, 2], reserved: [12, 2], number: [0, 12] })
export type SegmentWord = TypeOf<typeof Word>

/** Numbers are cyclic. */
export const SEGMENT_NUMBERS = 4096

export interface Segment {
  word: SegmentWord
  /** Part of an APDU; empty in an acknowledgement. */
  slice: Buffer
}

/**
 * The segment in a frame whose control has the segment bit.
 *
 * @param options where its word and slice stand is told to `trace`; `origin` is the position of the frame's user data
 * @throws DecodeError FRAME_INVALID
 */
export function readSegment(frame: LinkFrame, { trace, origin = 0 }: Pick<ReadOptions, 'trace' | 'origin'> = {}): Segment {
  const r = new ByteReader(frame.data, { code: 'FRAME_INVALID', trace, origin })
  const word = Word.read(r)
  const slice = r.bytes(r.remaining)
  trace?.leaf('slice', origin + 2, origin + r.offset, slice)
  if (word.kind === SEGMENT.ack && slice.length > 0) throw new DecodeError('FRAME_INVALID', 2, 'no slice behind an acknowledgement')
  return { word, slice }
}

/** User data of a segment frame. @throws EncodeError */
export function writeSegment(word: SegmentWord, slice: Uint8Array): Buffer {
  const w = new ByteWriter(2 + slice.length)
  Word.write(w, word)
  w.bytes(slice)
  return w.finish()
}

/** A frame like `frame` with one segment as its data. */
export function segmentFrame(frame: LinkFrame, kind: number, number: number, slice: Uint8Array): LinkFrame {
  return { control: { ...frame.control, segmented: true }, address: frame.address, data: writeSegment({ kind, reserved: 0, number }, slice) }
}

/** Acknowledges a first or middle segment: same exchange, other direction. */
export function acknowledge(frame: LinkFrame, number: number): LinkFrame {
  const answer: LinkFrame = { ...frame, control: { ...frame.control, dir: frame.control.dir === 0 ? 1 : 0 } }
  return segmentFrame(answer, SEGMENT.ack, number, Buffer.alloc(0))
}

/**
 * The frame itself when its L is at most `maxFrame` (the receive size of CONNECT), otherwise its segments in order.
 * Each but the last must be acknowledged before the next is sent. Numbers start at 0, the commonest reading (reference §1.4).
 *
 * @param start number of the first segment, which is UNSURE; receivers accept any
 * @throws EncodeError when `maxFrame` leaves no room for data
 */
export function cutSegments(frame: LinkFrame, maxFrame: number, start = 0): LinkFrame[] {
  const overhead = encodeFrame({ ...frame, data: Buffer.alloc(0) }).length - 2
  if (overhead + frame.data.length <= maxFrame) return [frame]
  const room = maxFrame - overhead - 2
  if (room < 1) throw new EncodeError('maxFrame', `at least ${overhead + 3} bytes`)
  const count = Math.ceil(frame.data.length / room)
  return Array.from({ length: count }, (_, i) => {
    const kind = i === count - 1 ? SEGMENT.last : i === 0 ? SEGMENT.first : SEGMENT.middle
    return segmentFrame(frame, kind, (start + i) % SEGMENT_NUMBERS, frame.data.subarray(i * room, (i + 1) * room))
  })
}
