import { prefixedHex, sequence, u16le, u8 } from '@zhuzhan/codec'
import { coded } from '../../wire/codes.js'
import { PROTOCOLS } from '../catalogue/codes.js'

/** Protocol type of a frame inside, or of a node. Reference §B2. */
export const ProtocolType = coded(u8, PROTOCOLS)

/** Type, length of one byte, the frame inside. */
export const Carried = sequence({ protocol: ProtocolType, content: prefixedHex(u8) })

/** Type, length of two bytes, the frames inside; length 0 in an answer means that there was none. */
export const CarriedLong = sequence({ protocol: ProtocolType, content: prefixedHex(u16le) })
