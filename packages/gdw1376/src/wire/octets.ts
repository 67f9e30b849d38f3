import { EncodeError } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'

/** Text of one byte a character, filled up with 00 at its end. */
export function paddedLatin1(size: number): Codec<string> {
  return {
    read: (r) => r.latin1(size).replace(/\0+$/, ''),
    write: (w, value) => {
      // eslint-disable-next-line no-control-regex -- the whole range of a byte is meant
      const fits = typeof value === 'string' && value.length <= size && /^[\u0000-\u00ff]*$/.test(value)
      if (!fits) throw new EncodeError('', `at most ${size} one-byte characters`)
      const bytes = Buffer.alloc(size)
      bytes.write(value, 'latin1')
      w.bytes(bytes)
    },
  }
}

/** Four bytes with dots between, in the order of the wire. */
export const ipAddress: Codec<string> = {
  read: (r) => r.bytes(4).join('.'),
  write: (w, value) => {
    const parts = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(value) ? value.split('.').map(Number) : []
    if (parts.length !== 4 || parts.some((part) => part > 0xff)) throw new EncodeError('', 'four numbers of at most 255 with dots between')
    w.bytes(Uint8Array.from(parts))
  },
}

/** Everything but the last `size` bytes, as upper-case hex: a certificate between fields of known size. */
export function allBut(size: number): Codec<string> {
  return {
    read: (r) => r.remaining < size ? r.fail(`${size} more bytes`) : r.hex(r.remaining - size),
    write: (w, value) => w.hex(value),
  }
}
