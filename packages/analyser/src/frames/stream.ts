import { createStreamSplitter } from '@zhuzhan/codec'
import type { DiscardReason, Framing } from '@zhuzhan/codec'
import { REGISTRY } from './registry.js'
import type { ProtocolName } from './registry.js'

export interface Piece {
  /** Where it began, counted from the first byte that was pushed. */
  from: number
  bytes: Buffer
  /** Absent for bytes that belong to no frame. */
  protocol?: ProtocolName
  /** Why they belong to none. */
  reason?: DiscardReason
}

export interface FrameStream {
  push(chunk: Uint8Array): void
  /** What cannot become a frame any more, since nothing follows, is told; then the stream may go on with new bytes. */
  flush(): void
}

const framings: readonly Framing<ProtocolName>[] = REGISTRY.map(({ protocol }) => protocol.framing)
const LONGEST = Math.max(...framings.map(({ maxSize }) => maxSize))
const NOTHING = Buffer.alloc(LONGEST)

/**
 * Cuts a stream of frames of any protocols; what lies between them comes as one piece a stretch, so that nothing is
 * lost unseen. Holds at most two frames' length of bytes.
 *
 * @param only the protocols that may occur; all unless said
 */
export function createFrameStream(onPiece: (piece: Piece) => void, only?: ProtocolName): FrameStream {
  const chosen = only === undefined ? framings : framings.filter(({ name }) => name === only)
  let told = 0
  let rubbish: Buffer[] = []
  let rubbishSize = 0
  let reason: DiscardReason = 'noise'
  /** Bytes that were pushed and not told yet: the splitter does not give back what it throws away. */
  let held = Buffer.alloc(0)
  const splitter = createStreamSplitter(chosen, {
    onFrame: (bytes, protocol) => {
      tellRubbish()
      held = held.subarray(bytes.length)
      onPiece({ from: told, bytes, protocol })
      told += bytes.length
    },
    onDiscard: (count, why) => {
      if (rubbishSize === 0 || why !== 'wake-up') reason = why
      rubbish.push(Buffer.from(held.subarray(0, count)))
      rubbishSize += Math.min(count, held.length)
      held = held.subarray(count)
    },
  })

  function tellRubbish(): void {
    if (rubbishSize === 0) return
    const bytes = Buffer.concat(rubbish)
    rubbish = []
    rubbishSize = 0
    onPiece({ from: told, bytes, reason })
    told += bytes.length
  }

  return {
    push: (chunk) => {
      held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk])
      splitter.push(chunk)
      if (rubbishSize > LONGEST) tellRubbish()
    },
    flush: () => {
      // No frame ends in 00: whatever still waits for bytes is refused, and what stands behind it is looked at.
      splitter.push(NOTHING)
      splitter.reset()
      held = Buffer.alloc(0)
      tellRubbish()
    },
  }
}

/** Everything in these bytes: frames, and what lies between them. */
export function piecesOf(bytes: Uint8Array, only?: ProtocolName): Piece[] {
  const pieces: Piece[] = []
  const stream = createFrameStream((piece) => pieces.push(piece), only)
  stream.push(bytes)
  stream.flush()
  return pieces
}
