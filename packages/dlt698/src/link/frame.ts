import { ByteReader, ByteWriter, EncodeError, crc16 } from '@zhuzhan/codec'
import { readAddress, writeAddress } from './address.js'
import type { AddressOptions, LinkAddress } from './address.js'
import { LinkControl } from './control.js'

/** First and last byte of every frame. */
export const START = 0x68
export const END = 0x16
/** Bits 0-13 of L. Bit 14 (kilobytes) is UNSURE and never sent; a frame with it is refused. Reference §1. */
export const MAX_LENGTH = 0x3fff
/** Start, L, C, address flag: what a frame has before its SA. */
export const BEFORE_SA = 5

export interface LinkFrame {
  control: LinkControl
  address: LinkAddress
  /** User data, unscrambled: an APDU, or a segment word and a slice. A view of the bytes that were decoded, unless scrambled. */
  data: Buffer
}

/** The whole frame, 68 to 16. @throws EncodeError */
export function encodeFrame(frame: LinkFrame): Buffer {
  const { control, address, data } = frame
  const head = new ByteWriter(32)
  LinkControl.write(head, control)
  writeAddress(head, address)
  const header = head.finish()
  const length = 2 + header.length + 2 + data.length + 2
  if (length > MAX_LENGTH) throw new EncodeError('data', `a frame of at most ${MAX_LENGTH} bytes`)

  const w = new ByteWriter(length + 2)
  w.u8(START)
  w.u16le(length)
  w.bytes(header)
  const bytes = w.finish()
  w.u16le(crc16(bytes, 1))
  w.bytes(control.scrambled ? shifted(data, 0x33) : data)
  w.u16le(crc16(w.finish(), 1))
  w.u8(END)
  return w.finish()
}

/**
 * Exactly one frame, 68 to 16, without wake-up bytes; both checksums are checked. Reference §1.
 *
 * @throws DecodeError FRAME_INVALID
 */
export function decodeFrame(bytes: Uint8Array, options?: AddressOptions): LinkFrame {
  const r = new ByteReader(bytes, { code: 'FRAME_INVALID' })
  if (r.u8() !== START) r.fail('68', 0)
  const length = r.u16le()
  if (length > MAX_LENGTH) r.fail('a length in bytes', 1)
  if (bytes.length !== length + 2) r.fail(`L = ${bytes.length - 2}`, 1)
  const control = LinkControl.read(r)
  const address = readAddress(r, options)
  const header = r.offset
  if (r.u16le() !== crc16(r.source, 1, header)) r.fail('the HCS', header)
  const size = r.remaining - 3
  if (size < 0) r.fail('FCS and 16')
  const sent = r.bytes(size)
  const check = r.offset
  if (r.u16le() !== crc16(r.source, 1, check)) r.fail('the FCS', check)
  if (r.u8() !== END) r.fail('16', check + 2)
  return { control, address, data: control.scrambled ? shifted(sent, 0x100 - 0x33) : sent }
}

/** Scrambling balances the line, it hides nothing. Checksums cover the bytes as sent. Reference §1.5. */
function shifted(data: Uint8Array, by: number): Buffer {
  const out = Buffer.allocUnsafe(data.length)
  for (let i = 0; i < data.length; i++) out[i] = data[i]! + by
  return out
}
