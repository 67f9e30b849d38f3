import { encodeTrace } from '@zhuzhan/contracts'
import { decodeFrame, encodeFrame, CONTROL } from '@zhuzhan/dlt698'
import type { LinkControl, LinkFrame } from '@zhuzhan/dlt698'
import type { GatewayLink } from '../gateway-link/gateway-client.js'

/** A link to a gateway that keeps what the front end says. */
export interface FakeLink extends GatewayLink {
  readonly sent: { connection: number; frame: LinkFrame }[]
  readonly bound: [connection: number, security: string][]
  readonly closed: [connection: number, reason: string][]
  /** Called with every frame, in the same turn. */
  onSend: ((connection: number, frame: LinkFrame) => void) | undefined
}

export function fakeLink(name = 'gw-1'): FakeLink {
  const link: FakeLink = {
    name, sent: [], bound: [], closed: [], onSend: undefined,
    send: (connection, bytes) => {
      const frame = decodeFrame(bytes)
      link.sent.push({ connection, frame })
      link.onSend?.(connection, frame)
    },
    bind: (connection, security) => link.bound.push([connection, security]),
    close: (connection, reason) => link.closed.push([connection, reason]),
  }
  return link
}

/** What the gateway hands on: no trace, and a frame of the terminal with this APDU. */
export function uplink(address: string, data: Uint8Array, control: LinkControl = CONTROL.serverReport, client = 16): Buffer {
  return Buffer.concat([encodeTrace(undefined), encodeFrame({ control, address: { type: 'single', logical: 0, server: address, client }, data: Buffer.from(data) })])
}
