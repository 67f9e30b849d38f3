import { reversedHexOf } from './characters.js'
import { DecodeError } from './errors.js'
import type { DecodeCode } from './errors.js'
import type { Tracer } from './trace.js'

/** Bounds on what one decode may build; the bytes themselves bound it too, since every element takes at least one. */
export interface Limits {
  /** Values inside values. */
  depth: number
  /** Elements of one list. */
  count: number
}

export const DEFAULT_LIMITS: Limits = { depth: 16, count: 65_535 }

/**
 * A place where the bytes are legal but not what we would write (a length in a longer form, a true that is not 01).
 * Kept so that decode and encode are byte-identical: position and the bytes that stood there.
 */
export interface Quirk {
  at: number
  hex: string
}

export interface ReadOptions {
  limits?: Partial<Limits>
  /** Code of the errors; an APDU unless said. */
  code?: DecodeCode
  /** Collects what re-encoding would lose; without it quirks are forgotten. */
  quirks?: Quirk[]
  /** Choices of the protocol's own tables, e.g. which of two readings of a layout to take. */
  settings?: Readonly<Record<string, unknown>>
  /** Collects where each member of the tables stands. */
  trace?: Tracer | undefined
  /** Position of the first byte in the outermost bytes, for `trace` only. */
  origin?: number
}

export const NO_SETTINGS: Readonly<Record<string, unknown>> = Object.freeze({})

/** A bounded cursor. Never reads past the end, never allocates for a length that no bytes stand behind. */
export class ByteReader {
  readonly source: Buffer
  readonly settings: Readonly<Record<string, unknown>>
  readonly limits: Limits
  readonly trace: Tracer | undefined
  readonly origin: number
  offset = 0
  private end: number
  private readonly code: DecodeCode
  private readonly quirks: Quirk[] | undefined
  private depth = 0

  constructor(bytes: Uint8Array, options: ReadOptions = {}) {
    this.source = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.end = bytes.length
    this.code = options.code ?? 'APDU_INVALID'
    this.limits = options.limits ? { ...DEFAULT_LIMITS, ...options.limits } : DEFAULT_LIMITS
    this.quirks = options.quirks
    this.settings = options.settings ?? NO_SETTINGS
    this.trace = options.trace
    this.origin = options.origin ?? 0
  }

  get remaining(): number {
    return this.end - this.offset
  }

  /** @throws DecodeError at the given position, the current one unless said. */
  fail(expected: string, at: number = this.offset): never {
    throw new DecodeError(this.code, at, expected)
  }

  private take(size: number): number {
    const at = this.offset
    if (size > this.end - at) this.fail(size === 1 ? 'one more byte' : `${size} more bytes`)
    this.offset = at + size
    return at
  }

  u8(): number {
    return this.source[this.take(1)]!
  }

  i8(): number {
    return (this.source[this.take(1)]! << 24) >> 24
  }

  u24le(): number {
    const at = this.take(3)
    return this.source[at]! | (this.source[at + 1]! << 8) | (this.source[at + 2]! << 16)
  }

  u32le(): number {
    return this.source.readUInt32LE(this.take(4))
  }

  u16be(): number {
    const at = this.take(2)
    return (this.source[at]! << 8) | this.source[at + 1]!
  }

  u16le(): number {
    const at = this.take(2)
    return this.source[at]! | (this.source[at + 1]! << 8)
  }

  i16be(): number {
    return (this.u16be() << 16) >> 16
  }

  i32be(): number {
    const at = this.take(4)
    const b = this.source
    return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!
  }

  u32be(): number {
    return this.i32be() >>> 0
  }

  u64be(): bigint {
    return this.source.readBigUInt64BE(this.take(8))
  }

  i64be(): bigint {
    return this.source.readBigInt64BE(this.take(8))
  }

  /** Unusual forms met so far; undefined where nobody collects them. */
  get quirkCount(): number | undefined {
    return this.quirks?.length
  }

  /** Do these bytes come next? */
  startsWith(bytes: Buffer): boolean {
    const { offset } = this
    return bytes.length <= this.end - offset && this.source[offset] === bytes[0] && this.source.compare(bytes, 0, bytes.length, offset, offset + bytes.length) === 0
  }

  /** Passes over bytes and says where in `source` they begin. */
  skip(count: number): number {
    return this.take(count)
  }

  /** A view of the source, not a copy: it lives as long as the frame does. */
  bytes(count: number): Buffer {
    const at = this.take(count)
    return this.source.subarray(at, at + count)
  }

  /** Upper-case hex of the next bytes. */
  hex(count: number): string {
    const at = this.take(count)
    return this.source.toString('hex', at, at + count).toUpperCase()
  }

  /** Upper-case hex of the next bytes, last byte first: numbers and addresses that are sent low byte first. */
  hexReversed(count: number): string {
    return reversedHexOf(this.source, this.take(count), count)
  }

  /** One byte per character: every byte value survives. */
  latin1(count: number): string {
    const at = this.take(count)
    return this.source.toString('latin1', at, at + count)
  }

  /** Refuses a count that cannot be true, before anything is allocated for it. `least` is the smallest element's size. */
  checkCount(count: number, at: number, least = 1): number {
    if (count > this.limits.count) this.fail(`at most ${this.limits.count} elements`, at)
    if (count * least > this.remaining) this.fail(`bytes for ${count} elements`, at)
    return count
  }

  /** Remembers that the bytes from `at` to here are not the form we would write. */
  noteQuirk(at: number): void {
    this.quirks?.push({ at, hex: this.source.toString('hex', at, this.offset).toUpperCase() })
  }

  /** Reads a value that may hold values of its own kind. */
  nested<T>(codec: { read(r: ByteReader): T }): T {
    if (++this.depth > this.limits.depth) this.fail(`at most ${this.limits.depth} levels`)
    const value = codec.read(this)
    this.depth--
    return value
  }

  /** Reads a value that ends exactly `size` bytes on. */
  window<T>(size: number, codec: { read(r: ByteReader): T }): T {
    const outer = this.end
    if (size > this.remaining) this.fail(`${size} more bytes`)
    this.end = this.offset + size
    const value = codec.read(this)
    this.finish()
    this.end = outer
    return value
  }

  /** Reads a member and tells the tracer where it stood. Only called with a tracer. */
  traced<T>(name: string, codec: { read(r: ByteReader): T }): T {
    const trace = this.trace!
    trace.enter(name, this.origin + this.offset)
    const value = codec.read(this)
    trace.leave(this.origin + this.offset, value)
    return value
  }

  /** @throws DecodeError when bytes remain */
  finish(): void {
    if (this.offset !== this.end) this.fail('the end')
  }
}
