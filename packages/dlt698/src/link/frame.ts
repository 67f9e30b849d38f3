import { ByteReader, ByteWriter, EncodeError, crc16 } from '@zhuzhan/codec'
import type { Tracer } from '@zhuzhan/codec'
import { readAddress, writeAddress } from './address.js'
import type { AddressOptions, FillerDigit, LinkAddress } from './address.js'
import { LinkControl } from './control.js'

/** First and last byte of every frame. */
export const START = 0x68
export const END = 0x16
/** Bits 0-13 of L. */
export const MAX_LENGTH = 0x3fff
/** Bit 14 of L: it counts kilobytes. UNSURE; never sent by us, refused unless asked for. Reference §1. */
const KILOBYTES = 0x4000
const KILOBYTE = 1024
/** Start, L, C, address flag: what a frame has before its SA. */
export const BEFORE_SA = 5

export interface LinkFrame {
  control: LinkControl
  address: LinkAddress
  /** L counted kilobytes (bit 14), which only a reading that was asked for accepts. */
  kilobytes?: true
  /** User data, unscrambled: an APDU, or a segment word and a slice. A view of the bytes that were decoded, unless scrambled. */
  data: Buffer
}

export interface FrameWriting {
  /** `last` unless said. */
  fillerDigit?: FillerDigit
}

/** The whole frame, 68 to 16. @throws EncodeError */
export function encodeFrame(frame: LinkFrame, options?: FrameWriting): Buffer {
  const { control, address, data } = frame
  const head = new ByteWriter(32)
  LinkControl.write(head, control)
  writeAddress(head, address, options?.fillerDigit)
  const header = head.finish()
  const length = 2 + header.length + 2 + data.length + 2

  const out = Buffer.allocUnsafe(length + 2)
  const field = lengthField(length, frame.kilobytes === true)
  out[0] = START
  out[1] = field & 0xff
  out[2] = field >> 8
  out.set(header, 3)
  const text = putChecksum(out, 3 + header.length)
  out.set(control.scrambled ? shifted(data, 0x33) : data, text)
  out[putChecksum(out, text + data.length)] = END
  return out
}

/** Of what stands before `at`, but for the start byte; low byte first. */
function putChecksum(out: Buffer, at: number): number {
  const sum = crc16(out, 1, at)
  out[at] = sum & 0xff
  out[at + 1] = sum >> 8
  return at + 2
}

function lengthField(length: number, kilobytes: boolean): number {
  const value = kilobytes ? length / KILOBYTE : length
  if (!Number.isInteger(value)) throw new EncodeError('kilobytes', 'a frame of whole kilobytes')
  if (value > MAX_LENGTH) throw new EncodeError('data', `a frame of at most ${MAX_LENGTH} bytes`)
  return kilobytes ? value | KILOBYTES : value
}

export interface FrameOptions extends AddressOptions {
  /** Accept an L that counts kilobytes (bit 14): UNSURE, refused unless said. */
  kilobyteLength?: boolean
  /** Collects where the fields stand; `origin` is the position of the first byte. */
  trace?: Tracer | undefined
  origin?: number
}

/**
 * Exactly one frame, 68 to 16, without wake-up bytes; both checksums are checked. Reference §1.
 *
 * @throws DecodeError FRAME_INVALID
 */
export function decodeFrame(bytes: Uint8Array, options?: FrameOptions): LinkFrame {
  const { trace, origin = 0 } = options ?? {}
  const r = new ByteReader(bytes, trace ? { code: 'FRAME_INVALID', trace, origin } : READING)
  if (r.u8() !== START) r.fail('68', 0)
  trace?.leaf('start', origin, origin + 1, START)
  const length = r.u16le()
  const kilobytes = length > MAX_LENGTH && options?.kilobyteLength === true && length < 2 * KILOBYTES
  if (length > MAX_LENGTH && !kilobytes) r.fail('a length in bytes', 1)
  const size = kilobytes ? (length - KILOBYTES) * KILOBYTE : length
  if (bytes.length !== size + 2) r.fail(`L = ${bytes.length - 2}`, 1)
  trace?.leaf('length', origin + 1, origin + 3, size)
  const control = trace ? r.traced('control', LinkControl) : LinkControl.read(r)
  const address = trace ? r.traced('address', { read: () => readAddress(r, options) }) : readAddress(r, options)
  checksum(r, 'hcs')
  const count = r.remaining - 3
  if (count < 0) r.fail('FCS and 16')
  const sent = r.bytes(count)
  checksum(r, 'fcs')
  if (r.u8() !== END) r.fail('16', r.offset - 1)
  trace?.leaf('end', origin + r.offset - 1, origin + r.offset, END)
  const data = control.scrambled ? shifted(sent, 0x100 - 0x33) : sent
  return kilobytes ? { control, address, kilobytes, data } : { control, address, data }
}

const READING = { code: 'FRAME_INVALID' } as const

/** Both checksums begin behind the start byte. */
function checksum(r: ByteReader, name: 'hcs' | 'fcs'): void {
  const at = r.offset
  const found = r.u16le()
  if (found !== crc16(r.source, 1, at)) r.fail(`the ${name.toUpperCase()}`, at)
  r.trace?.leaf(name, r.origin + at, r.origin + at + 2, found)
}

/** Scrambling balances the line, it hides nothing. Checksums cover the bytes as sent. Reference §1.5. */
function shifted(data: Uint8Array, by: number): Buffer {
  const out = Buffer.allocUnsafe(data.length)
  for (let i = 0; i < data.length; i++) out[i] = data[i]! + by
  return out
}
