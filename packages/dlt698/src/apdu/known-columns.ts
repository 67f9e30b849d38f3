import { DEFAULT_LIMITS } from '@zhuzhan/codec'
import type { ByteReader } from '@zhuzhan/codec'
import { Rcsd } from '../data/data.js'
import type { Csd } from '../data/types.js'

/** Bytes of an RCSD and what they say. */
interface Known {
  bytes: Buffer
  rcsd: Csd[]
}

/** A terminal reports the same columns every time, and all of one kind report the same: few lists serve a station. */
const MOST = 16
const LONGEST = 512
const known: Known[] = []

/**
 * An RCSD. The same bytes give the same, frozen list, so that whoever works something out about columns can remember it by the list
 * (an RCSD ends where its own counts say, so bytes that begin with a known one are that one).
 * A traced reading and one with limits of its own read everything anew, and an RCSD in an unusual form is never known.
 */
export function readRcsd(r: ByteReader): Csd[] {
  if (r.trace !== undefined || r.limits !== DEFAULT_LIMITS) return Rcsd.read(r)
  for (let i = 0; i < known.length; i++) {
    const one = known[i]!
    if (!r.startsWith(one.bytes)) continue
    r.skip(one.bytes.length)
    // The one met last is looked at first.
    if (i > 0) known.unshift(...known.splice(i, 1))
    return one.rcsd
  }
  const [from, quirks] = [r.offset, r.quirkCount]
  const rcsd = Rcsd.read(r)
  if (r.offset - from <= LONGEST && quirks !== undefined && r.quirkCount === quirks) {
    known.unshift({ bytes: Buffer.from(r.source.subarray(from, r.offset)), rcsd: Object.freeze(rcsd) as Csd[] })
    known.length = Math.min(known.length, MOST)
  }
  return rcsd
}
