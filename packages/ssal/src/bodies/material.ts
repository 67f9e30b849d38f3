import { prefixedHex, sequence } from '@zhuzhan/codec'
import type { Codec, Fields } from '@zhuzhan/codec'

/**
 * What types 3, 10 and 11 exchange, as hex: M encrypted key material, S an SM2 signature over it, the certificate.
 * Reference §2.
 */
export type Material = Partial<Record<(typeof MATERIAL)[number], string>>

/** In the order of the wire. */
export const MATERIAL = ['certificate', 'm1', 's1', 'm2', 's2', 'm3', 's3'] as const

/** These members, each behind a length of 2 bytes whose order is not stated (setting `materialLength`). */
export function material(members: readonly (typeof MATERIAL)[number][], length: Codec<number>): Fields<Material> {
  return sequence(Object.fromEntries(members.map((name) => [name, prefixedHex(length)]))) as Fields<Material>
}
