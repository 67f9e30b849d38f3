import { EncodeError, prefixedLatin1 } from '@zhuzhan/codec'
import type { Codec, Fields } from '@zhuzhan/codec'
import { Length } from './length.js'

export const VisibleText: Codec<string> = prefixedLatin1(Length)

interface Utf8Text {
  text: string
  latin1?: boolean | undefined
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** UTF-8 text; bytes that are none survive as one character each, marked `latin1`. */
export const Utf8Fields: Fields<Utf8Text> = {
  readInto: (r, target) => {
    const at = r.offset
    const value = Utf8Fields.read(r)
    r.trace?.leaf('text', r.origin + at, r.origin + r.offset, value.text)
    Object.assign(target, value)
  },
  read: (r) => {
    const bytes = r.bytes(Length.read(r))
    try {
      return { text: strict.decode(bytes) }
    } catch {
      return { text: bytes.toString('latin1'), latin1: true }
    }
  },
  write: (w, value) => {
    if (value.latin1 === true) return VisibleText.write(w, value.text)
    const bytes = Buffer.from(value.text, 'utf8')
    // A lone surrogate would go out as a replacement character.
    if (bytes.toString('utf8') !== value.text) throw new EncodeError('text', 'well-formed text')
    Length.write(w, bytes.length)
    w.bytes(bytes)
  },
}

/** Length in bits, then as many bytes as hold them; the unused bits of the last byte are kept. Bit 0 is the first byte's highest. */
export const BitStringFields: Fields<{ bits: number; hex: string }> = {
  readInto: (r, target) => {
    const at = r.offset
    const value = BitStringFields.read(r)
    r.trace?.leaf('bits', r.origin + at, r.origin + r.offset - value.hex.length / 2, value.bits)
    r.trace?.leaf('hex', r.origin + r.offset - value.hex.length / 2, r.origin + r.offset, value.hex)
    Object.assign(target, value)
  },
  read: (r) => {
    const bits = Length.read(r)
    return { bits, hex: r.hex(Math.ceil(bits / 8)) }
  },
  write: (w, { bits, hex }) => {
    if (!Number.isInteger(bits) || bits < 0 || hex.length !== Math.ceil(bits / 8) * 2) throw new EncodeError('hex', 'as many bytes as the bits need')
    Length.write(w, bits)
    w.hex(hex)
  },
}
