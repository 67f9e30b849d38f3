import { createHmac, timingSafeEqual } from 'node:crypto'

/**
 * The link between gateways and front ends: WebSocket messages that carry one record or more.
 * A record is `length u32 | type u8 | connection u32 | body`; integers big-endian, `length` counts what follows it.
 * ADR 0001 has the reasons and the measured cost.
 */
export const LINK_PATH = '/link/v1'
/** A batch leaves at this many records or bytes, or with its turn of the event loop; on a busy link so long after the one before. */
export const LINK_BATCH_RECORDS = 512
export const LINK_BATCH_BYTES = 64 * 1024
export const LINK_SPACE_MS = 5
/** Frames a gateway may have sent without credit returned by the front end; bounds memory on both sides. */
export const LINK_WINDOW_FRAMES = 2048
/** The largest record either side accepts. */
export const LINK_MAX_RECORD = 80 * 1024

export const LINK_RECORD = {
  /** gateway → front end, first record of a link: JSON LinkWelcome with a fresh nonce. */
  welcome: 1,
  /** front end → gateway: JSON LinkHello, proving the shared secret over both nonces. */
  hello: 2,
  /** gateway → front end: JSON LinkAccepted, proving it the other way round. */
  accepted: 3,
  /** gateway → front end: JSON LinkOpen; a terminal logged in on this connection, or was moved to this front end. */
  open: 4,
  /** both ways: one whole link frame; body = trace context (26 bytes, or one 0 byte) || frame. */
  frame: 5,
  /** gateway → front end: the connection ended or moved away; body = reason. front end → gateway: end it. */
  close: 6,
  /** front end → gateway: u32 frames done with; the gateway may send so many more. */
  credit: 7,
  /** front end → gateway: this connection now serves its address; body = security name ('plain', 'S', 'F'). */
  bind: 8,
} as const
export type LinkRecordType = (typeof LINK_RECORD)[keyof typeof LINK_RECORD]

export interface LinkWelcome {
  gatewayId: string
  instance: string
  nonce: string
}

export interface LinkHello {
  frontendId: string
  nonce: string
  proof: string
}

export interface LinkAccepted {
  proof: string
}

/** Proof of the shared secret without sending it. `side` keeps one side's proof from being the other's. */
export function linkProof(secret: string, side: 'gateway' | 'front-end', gatewayNonce: string, frontendNonce: string, gatewayId: string, frontendId: string): string {
  return createHmac('sha256', secret).update(JSON.stringify([side, gatewayNonce, frontendNonce, gatewayId, frontendId])).digest('hex')
}

/** Compares in constant time. */
export function sameProof(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

export interface LinkOpen {
  address: string
  remote: string
  heartbeatSeconds: number
  loggedInAt: number
}

export interface LinkRecord {
  type: number
  connection: number
  body: Buffer
}

const HEADER = 9

/** Bytes of one record. */
export function encodeLinkRecord(type: LinkRecordType, connection: number, ...body: Uint8Array[]): Buffer {
  const size = body.reduce((sum, part) => sum + part.length, 0)
  const out = Buffer.allocUnsafe(HEADER + size)
  out.writeUInt32BE(5 + size, 0)
  out.writeUInt8(type, 4)
  out.writeUInt32BE(connection, 5)
  let at = HEADER
  for (const part of body) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Records of one message; bodies are views. @throws RangeError when a length lies. */
export function* decodeLinkRecords(message: Buffer): Generator<LinkRecord> {
  let at = 0
  while (at < message.length) {
    if (message.length - at < HEADER) throw new RangeError(`link record cut off at ${at}`)
    const length = message.readUInt32BE(at)
    if (length < 5 || length > LINK_MAX_RECORD || at + 4 + length > message.length) throw new RangeError(`link record of ${length} bytes at ${at} does not fit`)
    yield { type: message.readUInt8(at + 4), connection: message.readUInt32BE(at + 5), body: message.subarray(at + HEADER, at + 4 + length) }
    at += 4 + length
  }
}

const NO_TRACE = Buffer.from([0])
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/

/** W3C traceparent as 26 bytes (1, trace id, span id, flags), or one 0 byte when there is none. */
export function encodeTrace(traceparent: string | undefined): Buffer {
  const match = traceparent === undefined ? null : TRACEPARENT.exec(traceparent)
  return match ? Buffer.from(`01${match[1]}${match[2]}${match[3]}`, 'hex') : NO_TRACE
}

/** Splits a frame body into trace context and frame. */
export function decodeTraced(body: Buffer): { traceparent: string | undefined; frame: Buffer } {
  if (body[0] !== 1 || body.length < 26) return { traceparent: undefined, frame: body.subarray(1) }
  const hex = body.toString('hex', 1, 26)
  return { traceparent: `00-${hex.slice(0, 32)}-${hex.slice(32, 48)}-${hex.slice(48)}`, frame: body.subarray(26) }
}
