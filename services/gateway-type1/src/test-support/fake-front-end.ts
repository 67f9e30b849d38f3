import { EventEmitter } from 'node:events'
import { decodeLinkRecords, decodeTraced, encodeLinkRecord, LINK_RECORD } from '@zhuzhan/contracts'
import type { LinkOpen, LinkRecordType } from '@zhuzhan/contracts'
import type { WebSocket } from 'ws'

/** What a front end received, by connection where there is one. */
export interface Heard {
  opened: { connection: number; open: LinkOpen }[]
  frames: { connection: number; frame: Buffer }[]
  closed: { connection: number; reason: string }[]
}

/** The gateway's end of a link whose far end is the test. Messages arrive when the gateway's batch leaves: after a turn of the event loop, or LINK_SPACE_MS after the one before. */
export class FakeFrontEndSocket extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  readonly heard: Heard = { opened: [], frames: [], closed: [] }

  get socket(): WebSocket {
    return this as unknown as WebSocket
  }

  send(message: Buffer): void {
    for (const { type, connection, body } of decodeLinkRecords(message)) {
      if (type === LINK_RECORD.open) this.heard.opened.push({ connection, open: JSON.parse(body.toString()) as LinkOpen })
      else if (type === LINK_RECORD.frame) this.heard.frames.push({ connection, frame: Buffer.from(decodeTraced(body).frame) })
      else if (type === LINK_RECORD.close) this.heard.closed.push({ connection, reason: body.toString() })
    }
  }

  says(type: LinkRecordType, connection: number, ...body: Uint8Array[]): void {
    this.emit('message', encodeLinkRecord(type, connection, ...body))
  }

  credit(frames: number): void {
    const body = Buffer.alloc(4)
    body.writeUInt32BE(frames)
    this.says(LINK_RECORD.credit, 0, body)
  }

  /** The link goes, as after terminate() or the peer's end. */
  close(): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.emit('close')
  }

  terminate(): void {
    this.close()
  }
}
