import { bits, u8 } from '@zhuzhan/codec'
import type { Codec, TypeOf } from '@zhuzhan/codec'

const Down = bits(u8, { tpv: [7], fir: [6], fin: [5], con: [4], pseq: [0, 4] })
const Up = bits(u8, { tpv: [7], fir: [6], fin: [5], con: [4], rseq: [0, 4] })

/**
 * `tpv` a time tag follows; `fir` and `fin` both: a single frame; `con` confirmation wanted; PSEQ downward, RSEQ upward.
 * Reference §A1.
 */
export type Seq = TypeOf<typeof Down> | TypeOf<typeof Up>

/** SEQ of a frame with this DIR. */
export function seqOf(dir: number): Codec<Seq> {
  return (dir === 1 ? Up : Down) as Codec<Seq>
}

/** The number in SEQ, whichever it is. */
export function seqNumber(seq: Seq): number {
  return 'pseq' in seq ? seq.pseq : seq.rseq
}
