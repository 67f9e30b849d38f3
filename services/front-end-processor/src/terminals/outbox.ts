import { HesError } from '@zhuzhan/core'
import { cutSegments, encodeFrame } from '@zhuzhan/dlt698'
import type { LinkFrame } from '@zhuzhan/dlt698'
import { currentTraceparent } from '@zhuzhan/telemetry'

const ACK_TIMEOUT_MS = 5_000
const MAX_QUEUED = 64

/** Sends APDUs to one terminal; what exceeds its frame size goes in acknowledged segments, one transfer at a time. */
export interface Outbox {
  /** Resolves when the last piece was handed to the gateway. @throws HesError TERMINAL_TIMEOUT, BUSY */
  send(frame: LinkFrame): Promise<void>
  /** The terminal acknowledged our segment of this number. */
  acknowledged(number: number): void
  end(): void
}

/** Where an outbox hands its pieces. */
export interface OutboxWay {
  hand(bytes: Buffer, traceparent: string | undefined): void
  /** The largest frame the terminal takes now. */
  maxFrame(): number
}

export const createOutbox = (way: OutboxWay): Outbox => new Box(way)

/** Methods on a prototype: a closure for each of a terminal's is more than what it holds. */
class Box implements Outbox {
  private transfer: Promise<void> | undefined
  private queued = 0
  private awaited: { number: number; done(): void; failed(error: Error): void } | undefined
  private ended = false

  constructor(private readonly way: OutboxWay) {}

  async send(frame: LinkFrame): Promise<void> {
    const traceparent = currentTraceparent()
    const pieces = cutSegments(frame, this.way.maxFrame())
    if (pieces.length === 1) return this.way.hand(encodeFrame(frame), traceparent)
    if (this.queued >= MAX_QUEUED) throw new HesError('BUSY', 'too many segmented requests for this terminal')
    this.queued += 1
    const mine = (this.transfer ?? Promise.resolve()).catch(() => undefined).then(() => this.sendSegments(pieces, traceparent))
    this.transfer = mine
    return mine.finally(() => { this.queued -= 1 })
  }

  acknowledged(number: number): void {
    if (this.awaited?.number === number) this.awaited.done()
  }

  end(): void {
    this.ended = true
    this.awaited?.failed(new HesError('TERMINAL_OFFLINE'))
  }

  private async sendSegments(pieces: readonly LinkFrame[], traceparent: string | undefined): Promise<void> {
    for (const [index, piece] of pieces.entries()) {
      if (this.ended) throw new HesError('TERMINAL_OFFLINE')
      this.way.hand(encodeFrame(piece), traceparent)
      if (index === pieces.length - 1) return
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => failed(new HesError('TERMINAL_TIMEOUT', 'a segment was not acknowledged')), ACK_TIMEOUT_MS)
        const failed = (error: Error): void => {
          clearTimeout(timer)
          this.awaited = undefined
          reject(error)
        }
        this.awaited = {
          number: index % 4096,
          done: () => {
            clearTimeout(timer)
            this.awaited = undefined
            resolve()
          },
          failed,
        }
      })
    }
  }
}
