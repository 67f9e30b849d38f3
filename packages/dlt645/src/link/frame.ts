import { ByteReader, ByteWriter, EncodeError, reversedHexOf } from '@zhuzhan/codec'
import type { Tracer } from '@zhuzhan/codec'
import { Address } from './address.js'
import { Control, controlOf } from './control.js'

/** First byte of a frame, and again behind the address. */
export const START = 0x68
export const END = 0x16
/** Any number of them may stand before a frame; they are not in the checksum. */
export const WAKE_UP = 0xfe
/** Bytes before DATA: start, address, start, C, L. */
export const HEADER = 10
/** Bytes of a frame besides DATA. */
export const OVERHEAD = HEADER + 2
/** Greatest L that one byte can say; the standard's own limit is 200 for reads and 50 for writes. Reference §1. */
export const MAX_LENGTH = 0xff
/** Added to each data byte by the sender, modulo 256. */
const OFFSET = 0x33

export interface LinkFrame {
  /** Bytes FE that stood before it, when there were any. */
  leading?: number
  /** Twelve hex digits in reading order. */
  address: string
  control: Readonly<Control>
  /** DATA without the +33H. */
  data: Buffer
}

/**
 * Exactly one frame, 68 to 16, wake-up bytes before it allowed. Reference §1.
 *
 * @throws DecodeError FRAME_INVALID
 */
export function decodeFrame(bytes: Uint8Array): LinkFrame {
  let start = 0
  while (bytes[start] === WAKE_UP) start++
  const length = bytes.length - start - OVERHEAD
  if (length < 0 || bytes[start] !== START || bytes[start + 7] !== START || bytes[start + 9] !== length) return refuse(bytes, start)
  const from = start + HEADER
  const data = Buffer.allocUnsafe(length)
  let sum = 0
  for (let i = start; i < from; i++) sum += bytes[i]!
  for (let i = 0; i < length; i++) {
    const byte = bytes[from + i]!
    sum += byte
    data[i] = byte - OFFSET
  }
  if (bytes[from + length] !== (sum & 0xff) || bytes[from + length + 1] !== END) return refuse(bytes, start)
  const address = reversedHexOf(bytes, start + 1, 6)
  const control = controlOf(bytes[start + 8]!)
  return start === 0 ? { address, control, data } : { leading: start, address, control, data }
}

/** Goes through the frame once more and says what is wrong. */
function refuse(bytes: Uint8Array, start: number): never {
  const r = new ByteReader(bytes, { code: 'FRAME_INVALID' })
  r.offset = start
  if (r.u8() !== START) r.fail('68', start)
  r.skip(6)
  if (r.u8() !== START) r.fail('68', start + 7)
  r.skip(1)
  const length = r.u8()
  if (r.remaining !== length + 2) r.fail(`L = ${r.remaining - 2}`, start + 9)
  r.skip(length)
  const sum = bytes.subarray(start, r.offset).reduce((total, byte) => (total + byte) & 0xff, 0)
  if (r.u8() !== sum) r.fail(`checksum ${hexByte(sum)}`, r.offset - 1)
  return r.fail('16')
}

/** The whole frame, wake-up bytes to 16. @throws EncodeError */
export function encodeFrame({ leading = 0, address, control, data }: LinkFrame): Buffer {
  if (!Number.isInteger(leading) || leading < 0 || leading > 0xffff) throw new EncodeError('leading', 'a number of wake-up bytes')
  if (!(data instanceof Uint8Array) || data.length > MAX_LENGTH) throw new EncodeError('data', `at most ${MAX_LENGTH} bytes`)
  const w = new ByteWriter(leading + OVERHEAD + data.length)
  for (let i = 0; i < leading; i++) w.u8(WAKE_UP)
  w.u8(START)
  Address.write(w, address)
  w.u8(START)
  Control.write(w, control)
  w.u8(data.length)
  for (const byte of data) w.u8((byte + OFFSET) & 0xff)
  w.u8(w.finish().subarray(leading).reduce((sum, byte) => (sum + byte) & 0xff, 0))
  w.u8(END)
  return w.finish()
}

/** Spans of whatever part of a frame these bytes are; `inside` adds those of DATA. */
export function traceFrame(bytes: Uint8Array, trace: Tracer, inside: (from: number) => void = () => undefined): void {
  let at = 0
  while (bytes[at] === WAKE_UP) at++
  if (at > 0) trace.leaf('wakeUp', 0, at, at)
  const leaf = (name: string, size: number, value: unknown) => {
    if (bytes.length > at) trace.leaf(name, at, Math.min(bytes.length, at + size), bytes.length < at + size ? undefined : value)
    at += size
  }
  const byte = (offset: number) => hexByte(bytes[offset] ?? 0)
  leaf('start', 1, byte(at))
  leaf('address', 6, Buffer.from(bytes.subarray(at, at + 6)).reverse().toString('hex').toUpperCase())
  leaf('start', 1, byte(at))
  leaf('control', 1, controlOf(bytes[at] ?? 0))
  leaf('length', 1, bytes[at])
  const size = bytes[at - 1] ?? 0
  if (size > 0 && bytes.length > at) {
    trace.enter('data', at)
    inside(at)
    at = Math.min(bytes.length, at + size)
    trace.leave(at, undefined)
  }
  leaf('checksum', 1, byte(at))
  leaf('end', 1, byte(at))
}

function hexByte(byte: number): string {
  return (byte & 0xff).toString(16).toUpperCase().padStart(2, '0')
}
