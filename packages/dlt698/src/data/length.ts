import { ByteReader, DecodeError } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'

/**
 * Length or count: one byte below 80, otherwise 80+n and n bytes. We write the shortest form and accept longer ones,
 * which real devices send; a longer form is remembered as a quirk. DL/T 698.45 reference §2.
 */
export const Length: Codec<number> = {
  read: (r) => {
    const first = r.u8()
    return first < 0x80 ? first : readLong(r, first & 0x7f)
  },
  write: (w, value) => {
    const quirk = w.quirkHere()
    if (quirk !== undefined && standsFor(quirk, value)) return w.bytes(quirk)
    if (value < 0x80) return w.u8(value)
    const size = sizeOf(value)
    w.u8(0x80 + size)
    for (let i = size - 1; i >= 0; i--) w.u8(Math.floor(value / 2 ** (8 * i)) % 256)
  },
}

function readLong(r: ByteReader, size: number): number {
  const at = r.offset - 1
  if (size === 0 || size > 4) r.fail('a length of 1 to 4 bytes', at)
  let value = 0
  for (let i = 0; i < size; i++) value = value * 256 + r.u8()
  if (value < 0x80 || size > sizeOf(value)) r.noteQuirk(at)
  return value
}

function sizeOf(value: number): number {
  return value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x1000000 ? 3 : 4
}

/** A quirk is used only where it says the same number: the value may have been changed since it was decoded. */
function standsFor(quirk: Buffer, value: number): boolean {
  try {
    const reader = new ByteReader(quirk)
    return Length.read(reader) === value && reader.remaining === 0
  } catch (error) {
    if (error instanceof DecodeError) return false
    throw error
  }
}
