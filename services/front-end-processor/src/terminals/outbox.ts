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

export function createOutbox(hand: (bytes: Buffer, traceparent: string | undefined) => void, maxFrame: () => number): Outbox {
  let transfer: Promise<void> | undefined
  let queued = 0
  let awaited: { number: number; done(): void; failed(error: Error): void } | undefined
  let ended = false

  const sendSegments = async (pieces: readonly LinkFrame[], traceparent: string | undefined): Promise<void> => {
    for (const [index, piece] of pieces.entries()) {
      if (ended) throw new HesError('TERMINAL_OFFLINE')
      hand(encodeFrame(piece), traceparent)
      if (index === pieces.length - 1) return
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => failed(new HesError('TERMINAL_TIMEOUT', 'a segment was not acknowledged')), ACK_TIMEOUT_MS)
        const failed = (error: Error): void => {
          clearTimeout(timer)
          awaited = undefined
          reject(error)
        }
        awaited = {
          number: index % 4096,
          done: () => {
            clearTimeout(timer)
            awaited = undefined
            resolve()
          },
          failed,
        }
      })
    }
  }

  return {
    send: async (frame) => {
      const traceparent = currentTraceparent()
      const pieces = cutSegments(frame, maxFrame())
      if (pieces.length === 1) return hand(encodeFrame(frame), traceparent)
      if (queued >= MAX_QUEUED) throw new HesError('BUSY', 'too many segmented requests for this terminal')
      queued += 1
      const mine = (transfer ?? Promise.resolve()).catch(() => undefined).then(() => sendSegments(pieces, traceparent))
      transfer = mine
      return mine.finally(() => { queued -= 1 })
    },
    acknowledged: (number) => {
      if (awaited?.number === number) awaited.done()
    },
    end: () => {
      ended = true
      awaited?.failed(new HesError('TERMINAL_OFFLINE'))
    },
  }
}
