import { createLinkBatch, decodeLinkRecords, encodeLinkRecord, encodeTrace, LINK_RECORD, LINK_WINDOW_FRAMES } from '@zhuzhan/contracts'
import type { LinkOpen } from '@zhuzhan/contracts'
import type { WebSocket } from 'ws'

/** An authenticated front end as the gateway sees it. */
export interface FrontEndLink {
  readonly id: string
  /** Frames that may still be sent before the front end must return credit. */
  readonly credit: number
  open(connection: number, open: LinkOpen): void
  /** Spends one credit. */
  frame(connection: number, frame: Buffer, traceparent: string | undefined): void
  closed(connection: number, reason: string): void
  end(): void
}

export interface FrontEndHandlers {
  onFrame(link: FrontEndLink, connection: number, body: Buffer): void
  onClose(link: FrontEndLink, connection: number, reason: string): void
  onBind(link: FrontEndLink, connection: number, security: string): void
  onCredit(link: FrontEndLink): void
}

/** Wraps an authenticated socket. Memory is bounded by the credit window: what is not granted is not sent. */
export function createFrontEndLink(id: string, socket: WebSocket, handlers: FrontEndHandlers): FrontEndLink {
  let credit = LINK_WINDOW_FRAMES
  const batch = createLinkBatch((message) => {
    if (socket.readyState === socket.OPEN) socket.send(message)
  })
  const link: FrontEndLink = {
    id,
    get credit() { return credit },
    open: (connection, open) => batch.push(encodeLinkRecord(LINK_RECORD.open, connection, Buffer.from(JSON.stringify(open)))),
    frame: (connection, frame, traceparent) => {
      credit -= 1
      batch.push(encodeLinkRecord(LINK_RECORD.frame, connection, encodeTrace(traceparent), frame))
    },
    closed: (connection, reason) => batch.push(encodeLinkRecord(LINK_RECORD.close, connection, Buffer.from(reason))),
    end: () => {
      batch.flush()
      socket.close()
    },
  }
  socket.on('message', (message: Buffer) => {
    try {
      for (const record of decodeLinkRecords(message)) {
        if (record.type === LINK_RECORD.frame) handlers.onFrame(link, record.connection, record.body)
        else if (record.type === LINK_RECORD.credit) credit = Math.min(LINK_WINDOW_FRAMES, credit + record.body.readUInt32BE(0))
        else if (record.type === LINK_RECORD.bind) handlers.onBind(link, record.connection, record.body.toString())
        else if (record.type === LINK_RECORD.close) handlers.onClose(link, record.connection, record.body.toString())
      }
    } catch {
      // A peer that proved the secret and still sends broken records is broken itself: end the link, it dials again.
      socket.terminate()
      return
    }
    if (credit > 0) handlers.onCredit(link)
  })
  return link
}
