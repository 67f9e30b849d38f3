import { cutSegments, encodeFrame } from '@zhuzhan/dlt698'
import type { LinkFrame } from '@zhuzhan/dlt698'
import type { Appointment, Scheduler } from '../run/scheduler.js'

/**
 * Puts APDUs into frames. What exceeds the agreed frame size goes in segments, each acknowledged before the next;
 * one such transfer at a time, others wait behind it. DL/T 698.45 reference §1.4.
 */
export interface Outbox {
  send(frame: LinkFrame): void
  /** The station acknowledged our segment of this number. */
  acknowledged(number: number): void
  /** The connection is gone. */
  reset(): void
  readonly transferring: boolean
}

export interface OutboxOptions {
  scheduler: Scheduler
  /** Agreed largest frame, the value of L. */
  maxFrame(): number
  write(bytes: Buffer): void
}

/** As one public implementation does: wait, repeat twice, give up. */
const ACK_TIMEOUT_MS = 5_000
const REPEATS = 2
const MAX_WAITING = 256

export function createOutbox({ scheduler, maxFrame, write }: OutboxOptions): Outbox {
  let waiting: LinkFrame[][] = []
  let current: { pieces: LinkFrame[]; at: number; repeats: number } | undefined
  let timeout: Appointment | undefined

  function send(frame: LinkFrame): void {
    const pieces = cutSegments(frame, maxFrame())
    if (pieces.length === 1) return write(encodeFrame(frame))
    if (waiting.length >= MAX_WAITING) return
    waiting.push(pieces)
    if (current === undefined) next()
  }

  function next(): void {
    const pieces = waiting.shift()
    current = pieces && { pieces, at: 0, repeats: 0 }
    if (current !== undefined) sendPiece()
  }

  function sendPiece(): void {
    const { pieces, at } = current!
    write(encodeFrame(pieces[at]!))
    // The last segment is answered by the application, not by the link.
    if (at === pieces.length - 1) return next()
    timeout = scheduler.after(ACK_TIMEOUT_MS, () => {
      if (current!.repeats++ < REPEATS) sendPiece()
      else next()
    })
  }

  return {
    send,
    acknowledged: (number) => {
      if (current === undefined || number !== current.at % 4096) return
      timeout?.cancel()
      current.at++
      current.repeats = 0
      sendPiece()
    },
    reset: () => {
      timeout?.cancel()
      waiting = []
      current = undefined
    },
    get transferring() { return current !== undefined },
  }
}
