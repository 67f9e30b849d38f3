import { ByteWriter } from './byte-writer.js'
import type { Codec } from './codec.js'
import { EncodeError } from './errors.js'

/** Exactly so many bytes. Reading gives a view of the source. */
export function octets(size: number): Codec<Buffer> {
  return {
    read: (r) => r.bytes(size),
    write: (w, value) => {
      if (value.length !== size) throw new EncodeError('', `${size} bytes`)
      w.bytes(value)
    },
  }
}

/** Exactly so many bytes, as upper-case hex. */
export function hexOctets(size: number): Codec<string> {
  return {
    read: (r) => r.hex(size),
    write: (w, value) => {
      if (value.length !== size * 2) throw new EncodeError('', `${size * 2} hex digits`)
      w.hex(value)
    },
  }
}

/** A length, then that many bytes. Reading gives a view of the source. */
export function prefixedOctets(length: Codec<number>): Codec<Buffer> {
  return {
    read: (r) => r.bytes(length.read(r)),
    write: (w, value) => {
      length.write(w, value.length)
      w.bytes(value)
    },
  }
}

/** A length, then that many bytes, as upper-case hex. */
export function prefixedHex(length: Codec<number>): Codec<string> {
  return {
    read: (r) => r.hex(length.read(r)),
    write: (w, value) => {
      length.write(w, value.length / 2)
      w.hex(value)
    },
  }
}

/** A length, then text of one byte a character; every byte value survives. */
export function prefixedLatin1(length: Codec<number>): Codec<string> {
  return {
    read: (r) => r.latin1(length.read(r)),
    write: (w, value) => {
      // eslint-disable-next-line no-control-regex -- the whole range of a byte is meant
      if (typeof value !== 'string' || !/^[\u0000-\u00ff]*$/.test(value)) throw new EncodeError('', 'text of one-byte characters')
      length.write(w, value.length)
      w.bytes(Buffer.from(value, 'latin1'))
    },
  }
}

/** Exactly so many bytes sent low byte first, as upper-case hex in reading order: addresses, BCD, identifiers. */
export function reversedHex(size: number): Codec<string> {
  return {
    read: (r) => r.hexReversed(size),
    write: (w, value) => {
      if (value.length !== size * 2) throw new EncodeError('', `${size * 2} hex digits`)
      w.hexReversed(value)
    },
  }
}

/** All bytes up to the end, as upper-case hex. */
export const restHex: Codec<string> = { read: (r) => r.hex(r.remaining), write: (w, value) => w.hex(value) }

/** All bytes up to the end. Reading gives a view of the source. */
export const rest: Codec<Buffer> = { read: (r) => r.bytes(r.remaining), write: (w, value) => w.bytes(value) }

/** A length, then a value that fills it exactly. */
export function sized<T>(length: Codec<number>, codec: Codec<T>): Codec<T> {
  return {
    read: (r) => r.window(length.read(r), codec),
    write: (w, value) => {
      const inner = new ByteWriter(128, undefined, w.settings)
      codec.write(inner, value)
      const bytes = inner.finish()
      length.write(w, bytes.length)
      w.bytes(bytes)
    },
  }
}
