import type { Codec } from './codec.js'
import { EncodeError } from './errors.js'

export const u8: Codec<number> = { read: (r) => r.u8(), write: (w, v) => w.u8(v) }
export const i8: Codec<number> = { read: (r) => r.i8(), write: (w, v) => w.i8(v) }
export const u16be: Codec<number> = { read: (r) => r.u16be(), write: (w, v) => w.u16be(v) }
export const u16le: Codec<number> = { read: (r) => r.u16le(), write: (w, v) => w.u16le(v) }
export const u24le: Codec<number> = { read: (r) => r.u24le(), write: (w, v) => w.u24le(v) }
export const u32le: Codec<number> = { read: (r) => r.u32le(), write: (w, v) => w.u32le(v) }
export const i16be: Codec<number> = { read: (r) => r.i16be(), write: (w, v) => w.i16be(v) }
export const u32be: Codec<number> = { read: (r) => r.u32be(), write: (w, v) => w.u32be(v) }
export const i32be: Codec<number> = { read: (r) => r.i32be(), write: (w, v) => w.i32be(v) }
export const u64be: Codec<bigint> = { read: (r) => r.u64be(), write: (w, v) => w.u64be(v) }
export const i64be: Codec<bigint> = { read: (r) => r.i64be(), write: (w, v) => w.i64be(v) }

/** One byte: 00 false, 01 true; any other byte is true and remembered. */
export const flag: Codec<boolean> = {
  read: (r) => {
    const byte = r.u8()
    if (byte > 1) r.noteQuirk(r.offset - 1)
    return byte !== 0
  },
  write: (w, value) => {
    if (typeof value !== 'boolean') throw new EncodeError('', 'true or false')
    const quirk = value ? w.quirkHere() : undefined
    w.u8(quirk !== undefined && quirk.length === 1 && quirk[0]! > 1 ? quirk[0]! : Number(value))
  },
}

/** IEEE 754, big-endian. The bits of a NaN are remembered: JavaScript keeps only one NaN. */
function float(size: 4 | 8): Codec<number> {
  const usual = Buffer.from(size === 4 ? '7fc00000' : '7ff8000000000000', 'hex')
  return {
    read: (r) => {
      const at = r.offset
      const raw = r.bytes(size)
      const value = size === 4 ? raw.readFloatBE(0) : raw.readDoubleBE(0)
      if (Number.isNaN(value) && !raw.equals(usual)) r.noteQuirk(at)
      return value
    },
    write: (w, value) => {
      if (typeof value !== 'number' || (size === 4 && !Number.isNaN(value) && Math.fround(value) !== value)) {
        throw new EncodeError('', size === 4 ? 'a number that single precision holds' : 'a number')
      }
      if (!Number.isNaN(value)) return w.bytes(bitsOf(size, value))
      const quirk = w.quirkHere()
      // Engines may carry the bits of a NaN along or not: what goes out must not depend on it.
      w.bytes(quirk !== undefined && quirk.length === size ? quirk : usual)
    },
  }
}

function bitsOf(size: 4 | 8, value: number): Buffer {
  const bytes = Buffer.alloc(size)
  if (size === 4) bytes.writeFloatBE(value)
  else bytes.writeDoubleBE(value)
  return bytes
}

export const f32be: Codec<number> = float(4)
export const f64be: Codec<number> = float(8)
