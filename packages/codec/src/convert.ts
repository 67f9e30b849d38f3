import type { Codec } from './codec.js'

/** The same bytes, another value: `from` what the wire says, `to` what it should say. `to` throws EncodeError. */
export function convert<W, T>(codec: Codec<W>, from: (wire: W) => T, to: (value: T) => W): Codec<T> {
  return { read: (r) => from(codec.read(r)), write: (w, value) => codec.write(w, to(value)) }
}

/** A fixed byte that carries no information, then the value. */
export function marked<T>(mark: number, codec: Codec<T>): Codec<T> {
  return {
    read: (r) => {
      if (r.u8() !== mark) r.fail(`byte ${mark}`, r.offset - 1)
      return codec.read(r)
    },
    write: (w, value) => {
      w.u8(mark)
      codec.write(w, value)
    },
  }
}
