import { ByteReader, ByteWriter, EncodeError, crc16, u16be, u16le } from '@zhuzhan/codec'
import type { FrameReading } from '@zhuzhan/codec'
import { settingOf } from '../settings.js'
import type { TerminalLength } from './addresses.js'
import { RESERVED_BITS, controlWord, readControlData, writeControlData } from './control-data.js'
import type { ControlData } from './control-data.js'
import { END, OUTSIDE, SHORTEST, START } from './framing.js'
import { terminalLengthOf } from './header.js'
import { lud, writeLud } from './lud.js'
import type { Lud } from './lud.js'

export interface SsalFrame {
  /** SEQ: the initiator's count, repeated by the answer; FFFF (65535) when the gateway itself began. */
  sequence: number
  /** Only when SEQ was read high byte first (setting `sequenceOrder`). */
  sequenceOrder?: 'big'
  control: ControlData
  /** D6-D0 of the control word, when they are not 0. */
  reserved?: number
  /** Absent when nothing at all stands between HCS and FCS. */
  lud?: Lud
}

/**
 * Exactly one frame, 98 to 16; both checksums are checked. Reference §2. `content` is a view of the bytes given.
 *
 * @throws DecodeError FRAME_INVALID
 */
export function decodeFrame(bytes: Uint8Array, { settings, trace }: FrameReading = {}): SsalFrame {
  const r = new ByteReader(bytes, { code: 'FRAME_INVALID', ...(settings && { settings }), trace })
  if (r.u8() !== START) r.fail('98', 0)
  const length = r.u16le()
  trace?.leaf('start', 0, 1, '98')
  trace?.leaf('length', 1, 3, length)
  if (length < SHORTEST) r.fail(`a length of at least ${SHORTEST}`, 1)
  if (bytes.length !== length + OUTSIDE) r.fail(`L = ${bytes.length - OUTSIDE}`, 1)
  const big = settingOf(settings, 'sequenceOrder') === 'big'
  const sequence = (big ? u16be : u16le).read(r)
  trace?.leaf('sequence', 3, 5, sequence)
  const word = r.u16le()
  trace?.leaf('controlWord', 5, 7, word.toString(16).toUpperCase().padStart(4, '0'))
  const reading = settingOf(settings, 'terminalLength')
  const control = checkedHeader(r, word, reading === 'auto' ? terminalLengthOf(r.source, (at) => r.source.readUInt16LE(at) === crc16(r.source, 1, at)) : reading as TerminalLength)
  const frame: SsalFrame = { sequence, control }
  if (big) frame.sequenceOrder = 'big'
  if ((word & RESERVED_BITS) !== 0) frame.reserved = word & RESERVED_BITS
  const size = r.remaining - 3
  if (size < 0) r.fail('FCS and 16')
  const Lud = lud(control.fc, settingOf(settings, 'ludLength'))
  if (size > 0) frame.lud = r.window(size, trace === undefined ? Lud : { read: () => r.traced('lud', Lud) })
  checkFcs(r)
  return frame
}

function checkedHeader(r: ByteReader, word: number, reading: TerminalLength): ControlData {
  const control = readControlData(r, word, reading)
  const at = r.offset
  if (r.u16le() !== crc16(r.source, 1, at)) r.fail('the HCS', at)
  r.trace?.leaf('hcs', at, at + 2, r.source.toString('hex', at, at + 2).toUpperCase())
  return control
}

function checkFcs(r: ByteReader): void {
  const at = r.offset
  if (r.u16le() !== crc16(r.source, 1, at)) r.fail('the FCS', at)
  r.trace?.leaf('fcs', at, at + 2, r.source.toString('hex', at, at + 2).toUpperCase())
  if (r.u8() !== END) r.fail('16', at + 2)
  r.trace?.leaf('end', at + 2, at + 3, '16')
}

/** The whole frame, 98 to 16. @throws EncodeError */
export function encodeFrame(frame: SsalFrame): Buffer {
  const body = new ByteWriter()
  ;(frame.sequenceOrder === 'big' ? u16be : u16le).write(body, frame.sequence)
  body.u16le(controlWord(frame.control, frame.reserved))
  writeControlData(body, frame.control)
  const header = body.length
  body.u16le(0)
  if (frame.lud !== undefined) writeLud(body, frame.control.fc, frame.lud)
  const length = body.length + 2
  if (length > 0xffff) throw new EncodeError('lud.content', 'a frame of at most 65535 bytes')

  const w = new ByteWriter(length + OUTSIDE)
  w.u8(START)
  w.u16le(length)
  w.bytes(body.finish())
  const bytes = w.finish()
  bytes.writeUInt16LE(crc16(bytes, 1, 3 + header), 3 + header)
  w.u16le(crc16(bytes, 1))
  w.u8(END)
  return w.finish()
}
