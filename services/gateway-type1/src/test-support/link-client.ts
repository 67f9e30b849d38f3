import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { decodeLinkRecords, decodeTraced, encodeLinkRecord, encodeTrace, LINK_PATH, LINK_RECORD, linkProof } from '@zhuzhan/contracts'
import type { LinkAccepted, LinkOpen, LinkWelcome } from '@zhuzhan/contracts'
import type { Heard } from './fake-front-end.js'

/** A front end over the real link, as the contract says and no more. */
export interface LinkClient {
  readonly heard: Heard
  readonly welcome: LinkWelcome
  readonly accepted: LinkAccepted
  readonly nonce: string
  bind(connection: number, security: string): void
  send(connection: number, frame: Uint8Array): void
  close(connection: number, reason: string): void
  credit(frames: number): void
  readonly gone: boolean
  end(): void
}

/** @throws Error when the gateway does not accept */
export async function dialGateway(url: string, { id = 'fep-1', secret }: { id?: string; secret: string }): Promise<LinkClient> {
  const socket = new WebSocket(url + LINK_PATH)
  socket.on('error', () => undefined)
  const heard: Heard = { opened: [], frames: [], closed: [] }
  const read = async (type: number): Promise<unknown> => {
    const [message] = await Promise.race([once(socket, 'message'), once(socket, 'close').then(() => { throw new Error('the gateway hung up') })]) as [Buffer]
    const [record] = [...decodeLinkRecords(message)]
    if (record?.type !== type) throw new Error(`record ${record?.type} instead of ${type}`)
    return JSON.parse(record.body.toString()) as unknown
  }
  const welcome = await read(LINK_RECORD.welcome) as LinkWelcome
  const nonce = randomBytes(16).toString('hex')
  const proof = linkProof(secret, 'front-end', welcome.nonce, nonce, welcome.gatewayId, id)
  socket.send(encodeLinkRecord(LINK_RECORD.hello, 0, Buffer.from(JSON.stringify({ frontendId: id, nonce, proof }))))
  const accepted = await read(LINK_RECORD.accepted) as LinkAccepted
  socket.on('message', (message: Buffer) => {
    for (const { type, connection, body } of decodeLinkRecords(message)) {
      if (type === LINK_RECORD.open) heard.opened.push({ connection, open: JSON.parse(body.toString()) as LinkOpen })
      else if (type === LINK_RECORD.frame) heard.frames.push({ connection, frame: Buffer.from(decodeTraced(body).frame) })
      else if (type === LINK_RECORD.close) heard.closed.push({ connection, reason: body.toString() })
    }
  })
  return {
    heard, welcome, accepted, nonce,
    bind: (connection, security) => socket.send(encodeLinkRecord(LINK_RECORD.bind, connection, Buffer.from(security))),
    send: (connection, frame) => socket.send(encodeLinkRecord(LINK_RECORD.frame, connection, encodeTrace(undefined), frame)),
    close: (connection, reason) => socket.send(encodeLinkRecord(LINK_RECORD.close, connection, Buffer.from(reason))),
    credit: (frames) => {
      const body = Buffer.alloc(4)
      body.writeUInt32BE(frames)
      socket.send(encodeLinkRecord(LINK_RECORD.credit, 0, body))
    },
    get gone() { return socket.readyState === WebSocket.CLOSED },
    end: () => socket.terminate(),
  }
}
