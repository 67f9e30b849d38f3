import { EncodeError, hexOctets, listOf } from '@zhuzhan/codec'
import type { Codec } from '@zhuzhan/codec'
import { Length } from './length.js'

/** Object identifier, 4 upper-case hex digits. */
export type Oi = string
/** Object attribute descriptor: OI, attribute with feature bits, element index; 8 upper-case hex digits. Reference §3.1. */
export type Oad = string
/** Object method descriptor: OI, method, mode; 8 upper-case hex digits. */
export type Omd = string

export const Oi: Codec<Oi> = hexOctets(2)

/**
 * A station sees the same few hundred descriptors all day: one string each saves the formatting and makes later
 * Map look-ups compare pointers. Bounded, because the wire chooses what gets in.
 */
const MAX_INTERNED = 4096
const interned = new Map<number, Oad>()

function descriptorText(value: number): Oad {
  const known = interned.get(value)
  if (known !== undefined) return known
  const text = value.toString(16).toUpperCase().padStart(8, '0')
  if (interned.size < MAX_INTERNED) interned.set(value, text)
  return text
}

const DESCRIPTOR = /^[0-9A-Fa-f]{8}$/

/** Four bytes. */
export const Oad: Codec<Oad> = {
  read: (r) => descriptorText(r.u32be()),
  write: (w, value) => {
    if (typeof value !== 'string' || !DESCRIPTOR.test(value)) throw new EncodeError('', '8 hex digits')
    w.u32be(Number.parseInt(value, 16))
  },
}
export const Omd: Codec<Omd> = Oad

export const Oads: Codec<Oad[]> = listOf(Oad, { count: Length, least: 4 })
