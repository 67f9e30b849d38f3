import type { Clock } from '@zhuzhan/core'
import { ByteWriter, DecodeError } from '@zhuzhan/codec'
import type { LinkFrame } from './frame.js'
import { SEGMENT, SEGMENT_NUMBERS, acknowledge, readSegment } from './segments.js'
import type { Segment } from './segments.js'

/**
 * `malformed`: no segment word. `no-transfer`: a middle or last segment without a first. `out-of-order`: not the next
 * number. `too-large`: more than maxBytes. `timed-out`: the transfer had been silent too long. All end the transfer.
 */
export type JoinError = 'malformed' | 'no-transfer' | 'out-of-order' | 'too-large' | 'timed-out'

export interface Joined {
  /** To be sent now. */
  ack?: LinkFrame
  /** The joined frame, or the given one when it was no segment. */
  whole?: LinkFrame
  /** The other side acknowledged our segment of this number; send the next one. */
  acknowledged?: number
  error?: JoinError
}

export interface JoinerOptions {
  /** Greatest joined APDU. */
  maxBytes: number
  clock: Clock
  /** Silence after which a transfer is given up. */
  timeoutMs?: number
}

export interface Joiner {
  accept(frame: LinkFrame): Joined
  /** Bytes held for an unfinished transfer. */
  readonly pending: number
  reset(): void
}

interface Transfer {
  joined: ByteWriter
  lastNumber: number
  lastKind: number
  lastAt: number
}

/**
 * Joins the segments of one peer, one transfer at a time. Any start number is accepted, then each must be one more
 * modulo 4096; the segment just accepted may be repeated and is acknowledged again. Reference §1.4.
 */
export function createJoiner({ maxBytes, clock, timeoutMs = 60_000 }: JoinerOptions): Joiner {
  let transfer: Transfer | undefined

  function accept(frame: LinkFrame): Joined {
    if (!frame.control.segmented) return { whole: frame }
    const segment = segmentOf(frame)
    if (segment === undefined) return fail('malformed')
    const { word, slice } = segment
    if (word.kind === SEGMENT.ack) return { acknowledged: word.number }
    // An empty slice would let a transfer go on for ever.
    if (slice.length === 0) return fail('malformed')
    if (transfer !== undefined && isRepeat(transfer, segment)) return { ack: acknowledge(frame, word.number) }
    if (word.kind === SEGMENT.first) transfer = { joined: new ByteWriter(slice.length), lastNumber: -1, lastKind: word.kind, lastAt: 0 }
    else if (transfer === undefined) return fail('no-transfer')
    else if (clock.monotonic() - transfer.lastAt > timeoutMs) return fail('timed-out')
    else if (word.number !== (transfer.lastNumber + 1) % SEGMENT_NUMBERS) return fail('out-of-order')
    if (transfer.joined.length + slice.length > maxBytes) return fail('too-large')
    transfer.joined.bytes(slice)
    if (word.kind === SEGMENT.last) {
      const data = transfer.joined.finish()
      transfer = undefined
      // The last segment is answered by the application, not by the link.
      return { whole: { ...frame, control: { ...frame.control, segmented: false }, data } }
    }
    transfer.lastNumber = word.number
    transfer.lastKind = word.kind
    transfer.lastAt = clock.monotonic()
    return { ack: acknowledge(frame, word.number) }
  }

  function fail(error: JoinError): Joined {
    transfer = undefined
    return { error }
  }

  return { accept, reset: () => { transfer = undefined }, get pending() { return transfer?.joined.length ?? 0 } }
}

function segmentOf(frame: LinkFrame): Segment | undefined {
  try {
    return readSegment(frame)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** The same segment once more. A first segment with other bytes is a new transfer that happens to start at the same number. */
function isRepeat(transfer: Transfer, { word, slice }: Segment): boolean {
  if (word.number !== transfer.lastNumber || word.kind !== transfer.lastKind) return false
  return word.kind !== SEGMENT.first || transfer.joined.finish().equals(slice)
}
