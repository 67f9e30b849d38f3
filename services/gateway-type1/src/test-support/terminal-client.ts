import { once } from 'node:events'
import { connect } from 'node:net'
import { createSplitter } from '@zhuzhan/dlt698'
import type { LinkRequest } from '@zhuzhan/dlt698'
import { apduOf, linkFrame } from './frames.js'
import { until } from './until.js'

/** The far end of a terminal's socket. */
export interface TerminalClient {
  readonly address: string
  /** Whole frames the station sent. */
  readonly received: Buffer[]
  readonly closed: boolean
  send(bytes: Uint8Array): void
  /** Sends a LINK-Request and gives the result code of its answer. */
  link(kind: LinkRequest['kind']): Promise<number>
  hangUp(): void
}

export async function dialTerminalPort(port: number, address: string): Promise<TerminalClient> {
  const socket = connect(port, '127.0.0.1')
  const received: Buffer[] = []
  let closed = false
  const splitter = createSplitter({ onFrame: (frame) => received.push(frame) })
  socket.on('data', (chunk: Buffer) => splitter.push(chunk))
  socket.on('error', () => undefined)
  socket.on('close', () => { closed = true })
  await once(socket, 'connect')
  const results = (): number[] => received.flatMap((frame) => {
    const apdu = apduOf(frame)
    return apdu.apdu === 'link-response' ? [apdu.result] : []
  })
  return {
    address, received,
    get closed() { return closed },
    send: (bytes) => { if (!closed) socket.write(bytes) },
    link: async (kind) => {
      const before = results().length
      socket.write(linkFrame(address, kind))
      await until(() => results().length > before || closed)
      const result = results()[before]
      if (result === undefined) throw new Error('the station hung up')
      return result
    },
    hangUp: () => socket.destroy(),
  }
}
