import { bits, listOf, prefixedOctets, u8 } from '@zhuzhan/codec'
import type { Codec, TypeOf } from '@zhuzhan/codec'
import { Length } from '../data/length.js'

/**
 * PIID and PIID-ACD: number 0..63 and priority, echoed by the response. `acd` (server side): reports are waiting.
 * On the client side the bit is reserved and should be false; one recorded request sets it. Reference §4.
 */
export const Piid = bits(u8, { priority: [7], acd: [6], number: [0, 6] })
export type Piid = TypeOf<typeof Piid>

/** octet-string without a type tag. */
export const OctetString: Codec<Buffer> = prefixedOctets(Length)

/** Data access result, reference §6.1. Codes outside the table keep their number. */
export const Dar = u8

/** A count and that many elements; `least` is the size of the smallest one. */
export function many<T>(element: Codec<T>, least = 1): Codec<T[]> {
  return listOf(element, { count: Length, least })
}
