import { createFrameStream } from '@zhuzhan/analyser'
import type { FrameStream, Piece, ProtocolName } from '@zhuzhan/analyser'
import { createInOrder } from './in-order.js'
import type { InOrder } from './in-order.js'
import { unpack } from './packet.js'
import type { Segment } from './packet.js'
import { createCaptureReader } from './reader.js'

/** Where and when a frame was captured; the time is that of the packet that made it whole, UTC. */
export interface Captured {
  time: string | null
  transport: 'tcp' | 'udp'
  from: string
  to: string
}

export interface CaptureEvents {
  /** A frame, or bytes between frames of a direction that carries frames. */
  onPiece(piece: Piece, captured: Captured): void
  /** A direction ended in which there was no frame at all: another protocol, most likely. */
  onStranger(captured: Captured, bytes: number): void
}

interface Direction {
  frames: FrameStream
  order: InOrder
  captured: Captured
  /** Whether any frame came; before that, what came is no one's rubbish yet. */
  known: boolean
  before: Piece[]
  bytes: number
}

/** Directions that are followed at a time; the one that has been silent for longest goes first. */
const MOST_DIRECTIONS = 20_000
/** Pieces kept of a direction before its first frame. */
const MOST_BEFORE = 64

/** Frames of a capture file, each direction of each connection on its own, in order. Bounded in memory whatever the file holds. */
export function createCaptureDecoder({ onPiece, onStranger }: CaptureEvents, only?: ProtocolName): { push(chunk: Buffer): void; end(): void; skippedFragments: number } {
  const directions = new Map<string, Direction>()
  let skippedFragments = 0

  function open(segment: Segment, time: number): Direction {
    const direction: Direction = {
      captured: { time: timeText(time), transport: segment.transport, from: segment.from, to: segment.to }, known: false, before: [], bytes: 0,
      frames: createFrameStream((piece) => accept(direction, piece), only),
      order: createInOrder({ onBytes: (bytes) => { direction.frames.push(bytes) }, onGap: () => direction.frames.flush() }),
    }
    return direction
  }

  function accept(direction: Direction, piece: Piece): void {
    if (piece.protocol !== undefined && !direction.known) {
      direction.known = true
      for (const earlier of direction.before.splice(0)) onPiece(earlier, direction.captured)
    }
    if (direction.known) onPiece(piece, { ...direction.captured })
    else if (direction.before.length < MOST_BEFORE && piece.reason !== 'wake-up') direction.before.push({ ...piece, bytes: Buffer.from(piece.bytes.subarray(0, 64)) })
  }

  function close(key: string, direction: Direction): void {
    directions.delete(key)
    direction.order.end()
    direction.frames.flush()
    if (!direction.known && direction.bytes > 0) onStranger(direction.captured, direction.bytes)
  }

  function onSegment(segment: Segment, time: number): void {
    const key = `${segment.transport} ${segment.from} ${segment.to}`
    const direction = directions.get(key) ?? open(segment, time)
    // The map keeps the order of insertion: the first is the one silent for longest.
    directions.delete(key)
    directions.set(key, direction)
    direction.captured = { ...direction.captured, time: timeText(time) }
    direction.bytes += segment.payload.length
    if (segment.transport === 'udp') direction.frames.push(segment.payload)
    else direction.order.accept(segment.sequence, segment.payload, segment.syn)
    if (segment.last) close(key, direction)
    for (const [oldest, silent] of directions) {
      if (directions.size <= MOST_DIRECTIONS) break
      close(oldest, silent)
    }
  }

  const reader = createCaptureReader(({ time, link, bytes }) => {
    const segment = unpack(link, bytes)
    if (segment === 'fragment') skippedFragments++
    else if (segment !== undefined) onSegment(segment, time)
  })
  return {
    push: (chunk) => reader.push(chunk),
    end: () => { for (const [key, direction] of directions) close(key, direction) },
    get skippedFragments() { return skippedFragments },
  }
}

function timeText(time: number): string | null {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
