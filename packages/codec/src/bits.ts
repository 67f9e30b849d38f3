import type { Codec, Simplify } from './codec.js'
import { EncodeError } from './errors.js'

/** `[shift, width]` is a number, `[shift]` alone a single bit read as boolean. Bit 0 is the least significant. */
type BitField = readonly [shift: number, width: number] | readonly [shift: number]
type BitsOf<S> = Simplify<{ -readonly [K in keyof S]: S[K] extends readonly [number, number] ? number : boolean }>

const BYTE = 0x100

/** An integer cut into named bits. Bits that no name covers must be 0. */
export function bits<const S extends Readonly<Record<string, BitField>>>(word: Codec<number>, spec: S): Codec<BitsOf<S>> {
  const fields = Object.entries(spec).map(([name, [shift, width]]) => ({
    name, shift, flag: width === undefined, mask: 2 ** (width ?? 1) - 1,
  }))
  const covered = fields.reduce((all, f) => all | (f.mask << f.shift), 0)
  /** By raw value: what a byte meant before need not be named anew. Shared, therefore frozen. */
  const known = new Map<number, BitsOf<S>>()
  return {
    read: (r) => {
      const at = r.offset
      const raw = word.read(r)
      const before = r.trace === undefined && raw < BYTE ? known.get(raw) : undefined
      if (before !== undefined) return before
      if ((raw & ~covered) !== 0) r.fail('reserved bits 0', at)
      const value: Record<string, number | boolean> = {}
      for (const f of fields) {
        const part = (raw >>> f.shift) & f.mask
        value[f.name] = f.flag ? part === 1 : part
        if (r.trace !== undefined) r.trace.leaf(f.name, r.origin + at, r.origin + r.offset, value[f.name])
      }
      if (r.trace === undefined && raw < BYTE) known.set(raw, Object.freeze(value) as BitsOf<S>)
      return value as BitsOf<S>
    },
    write: (w, value) => {
      let raw = 0
      for (const f of fields) {
        const part = Number((value as Record<string, number | boolean>)[f.name])
        if (!Number.isInteger(part) || part < 0 || part > f.mask) throw new EncodeError(f.name, f.flag ? 'true or false' : `0 to ${f.mask}`)
        raw |= part << f.shift
      }
      word.write(w, raw >>> 0)
    },
  }
}
