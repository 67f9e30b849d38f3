import { NO_SETTINGS } from './byte-reader.js'
import type { Quirk } from './byte-reader.js'
import { EncodeError } from './errors.js'

/** Bytes that grow as they are written. Numbers out of range are EncodeErrors, never wrapped silently. */
export class ByteWriter {
  private buffer: Buffer
  private used = 0
  private readonly quirks: Map<number, string> | undefined
  /** Choices of the protocol's own tables, the ones the value was read with. */
  readonly settings: Readonly<Record<string, unknown>>

  constructor(sizeHint = 128, quirks?: readonly Quirk[], settings: Readonly<Record<string, unknown>> = NO_SETTINGS) {
    this.buffer = Buffer.allocUnsafe(sizeHint)
    this.settings = settings
    if (quirks !== undefined && quirks.length > 0) this.quirks = new Map(quirks.map((q) => [q.at, q.hex]))
  }

  get length(): number {
    return this.used
  }

  /** Everything written so far, as a view that stays valid because the writer is thrown away. */
  finish(): Buffer {
    return this.buffer.subarray(0, this.used)
  }

  /** Where the next bytes go. It may replace the buffer: take the position first, then name the buffer. */
  private grow(size: number): number {
    const at = this.used
    const end = at + size
    if (end > this.buffer.length) {
      const bigger = Buffer.allocUnsafe(Math.max(end, this.buffer.length * 2))
      this.buffer.copy(bigger, 0, 0, at)
      this.buffer = bigger
    }
    this.used = end
    return at
  }

  private integer(value: number, low: number, high: number): number {
    if (!Number.isInteger(value) || value < low || value > high) throw new EncodeError('', `an integer from ${low} to ${high}`)
    return value
  }

  u8(value: number): void {
    this.integer(value, 0, 0xff)
    const at = this.grow(1)
    this.buffer[at] = value
  }

  i8(value: number): void {
    this.integer(value, -0x80, 0x7f)
    const at = this.grow(1)
    this.buffer[at] = value & 0xff
  }

  u24le(value: number): void {
    this.integer(value, 0, 0xffffff)
    const at = this.grow(3)
    this.buffer.writeUIntLE(value, at, 3)
  }

  u32le(value: number): void {
    this.integer(value, 0, 0xffffffff)
    const at = this.grow(4)
    this.buffer.writeUInt32LE(value, at)
  }

  u16be(value: number): void {
    this.integer(value, 0, 0xffff)
    const at = this.grow(2)
    this.buffer[at] = value >> 8
    this.buffer[at + 1] = value & 0xff
  }

  u16le(value: number): void {
    this.integer(value, 0, 0xffff)
    const at = this.grow(2)
    this.buffer[at] = value & 0xff
    this.buffer[at + 1] = value >> 8
  }

  i16be(value: number): void {
    this.integer(value, -0x8000, 0x7fff)
    this.u16be(value & 0xffff)
  }

  u32be(value: number): void {
    this.integer(value, 0, 0xffffffff)
    const at = this.grow(4)
    this.buffer.writeUInt32BE(value, at)
  }

  i32be(value: number): void {
    this.integer(value, -0x80000000, 0x7fffffff)
    const at = this.grow(4)
    this.buffer.writeInt32BE(value, at)
  }

  u64be(value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asUintN(64, value) !== value) throw new EncodeError('', 'a bigint of 64 bits without sign')
    const at = this.grow(8)
    this.buffer.writeBigUInt64BE(value, at)
  }

  i64be(value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) throw new EncodeError('', 'a bigint of 64 bits with sign')
    const at = this.grow(8)
    this.buffer.writeBigInt64BE(value, at)
  }

  bytes(value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) throw new EncodeError('', 'bytes')
    const at = this.grow(value.length)
    this.buffer.set(value, at)
  }

  /** Bytes given as hex, either case. */
  hex(value: string): void {
    if (typeof value !== 'string' || value.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(value)) throw new EncodeError('', 'hex digits in pairs')
    const at = this.grow(value.length / 2)
    this.buffer.write(value, at, 'hex')
  }

  /** Bytes given as hex, written last byte first. */
  hexReversed(value: string): void {
    const at = this.used
    this.hex(value)
    this.buffer.subarray(at, this.used).reverse()
  }

  /** The form that stood at this place when the value was decoded, if it was not the usual one. */
  quirkHere(): Buffer | undefined {
    const hex = this.quirks?.get(this.used)
    return hex === undefined ? undefined : Buffer.from(hex, 'hex')
  }
}
