import { ByteReader } from './byte-reader.js'
import type { Quirk, ReadOptions } from './byte-reader.js'
import { ByteWriter } from './byte-writer.js'
import { EncodeError } from './errors.js'

/** One row of a wire table: how a value is read and written. */
export interface Codec<T> {
  read(r: ByteReader): T
  write(w: ByteWriter, value: T): void
}

/** A codec whose value is an object and that can add its members to an object under construction. */
export interface Fields<T> extends Codec<T> {
  readInto(r: ByteReader, target: Record<string, unknown>): void
}

export type TypeOf<C> = C extends Codec<infer T> ? T : never

/** An intersection written out, so that hover texts show members instead of `A & B`. Distributes over unions. */
export type Simplify<T> = T extends unknown ? { [K in keyof T]: T[K] } : never

/** The value the bytes stand for. @throws DecodeError, also when bytes remain */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array, options?: ReadOptions): T {
  const reader = new ByteReader(bytes, options)
  const value = codec.read(reader)
  reader.finish()
  return value
}

export interface EncodeOptions {
  /** As collected by decode: restore unusual forms. */
  quirks?: readonly Quirk[]
  /** The settings the value was decoded with. */
  settings?: Readonly<Record<string, unknown>>
}

/** The bytes of a value. @throws EncodeError */
export function encode<T>(codec: Codec<T>, value: T, options: EncodeOptions = {}): Buffer {
  const writer = new ByteWriter(128, options.quirks, options.settings)
  try {
    codec.write(writer, value)
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', 'a value of another kind', { cause: error })
  }
  return writer.finish()
}

/** A codec that is defined further down, for values that hold values of their own kind. */
export function lazy<T>(codec: () => Codec<T>): Codec<T> {
  return { read: (r) => codec().read(r), write: (w, value) => codec().write(w, value) }
}

/** Counts depth while reading, so that hostile nesting ends in a DecodeError and not in a full stack. */
export function nested<T>(codec: Codec<T>): Codec<T> {
  return { read: (r) => r.nested(codec), write: (w, value) => codec.write(w, value) }
}
