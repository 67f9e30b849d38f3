import { bits, reversedHex, sequence, u16le, u8 } from '@zhuzhan/codec'
import type { TypeOf } from '@zhuzhan/codec'
import { inline } from '../../wire/members.js'

/**
 * A1 district (BCD digits; devices with other nibbles exist), A2 terminal (0 invalid, 65535 with the group flag is
 * broadcast), A3 group flag and master station address. Reference §A1.
 */
export const UpwardAddress = sequence(
  { district: reversedHex(2), terminal: u16le },
  inline(bits(u8, { group: [0], msa: [1, 7] })),
)
export type UpwardAddress = TypeOf<typeof UpwardAddress>

/** Terminal number of a broadcast. */
export const BROADCAST = 0xffff
