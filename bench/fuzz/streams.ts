import { createStreamSplitter } from '@zhuzhan/codec'
import type { Protocol } from '@zhuzhan/codec'
import type { Random } from './random.js'

interface Found {
  frames: string[]
  discarded: number
  pending: number
}

/** What a splitter finds in pieces pushed one after the other. */
function split({ framing }: Protocol, pieces: readonly Buffer[]): Found {
  const frames: string[] = []
  let discarded = 0
  const splitter = createStreamSplitter([framing], { onFrame: (bytes) => frames.push(bytes.toString('hex')), onDiscard: (count) => { discarded += count } })
  for (const piece of pieces) splitter.push(piece)
  return { frames, discarded, pending: splitter.pending }
}

function cut(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const size = random.oneIn(3) ? 1 + random.below(4) : 1 + random.below(300)
    pieces.push(bytes.subarray(at, at + size))
    at += size
  }
  return pieces
}

/**
 * Some inputs and noise as one stream, whole and in pieces: the same frames must be found, and no byte may be lost.
 *
 * @returns what went wrong
 */
export function checkStream(protocol: Protocol, stream: Buffer, random: Random): string | undefined {
  try {
    const whole = split(protocol, [stream])
    const pieces = split(protocol, cut(stream, random))
    const size = whole.frames.reduce((sum, frame) => sum + frame.length / 2, 0) + whole.discarded + whole.pending
    if (size !== stream.length) return `${size} bytes told of ${stream.length}`
    return JSON.stringify(whole) === JSON.stringify(pieces) ? undefined : 'other frames when the stream is cut'
  } catch (error) {
    return String(error)
  }
}
