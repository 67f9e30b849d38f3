import { label, readU64, u64, u8 } from './bytes.js'
import { encodeOrderBody, orderRefused, readOrderBody } from './order-body.js'
import type { OrderBody } from './order-body.js'
import { fieldReader } from './reader.js'

/**
 * An order of administrators to the crypto machine: the only way its tables of people, places, policies, modules and
 * key jobs change. Ours, not of OSP-1: hence labels of their own. docs/security/orders.md.
 */
export interface Order {
  stationId: Buffer
  epoch: Buffer
  orderId: Buffer
  firstId: Buffer
  /** 0^8 when one administrator orders alone. */
  secondId: Buffer
  /** Unix seconds, UTC. */
  notBefore: number
  notAfter: number
  body: OrderBody
}

const LABEL = label('ZZ-ORDER')
const VERSION = 1
export const MAX_ORDER_SECONDS = 24 * 3600
export const NOBODY = Buffer.alloc(8)

/** ORD = "ZZ-ORDER" || 01 || IDA || epoch || orderId(16) || first(8) || second(8) || notBefore(8) || notAfter(8) || kind(1) || LP(body) */
export function encodeOrder(o: Order): Buffer {
  checkOrder(o)
  return Buffer.concat([
    LABEL,
    u8(VERSION),
    o.stationId,
    o.epoch,
    o.orderId,
    o.firstId,
    o.secondId,
    u64(o.notBefore),
    u64(o.notAfter),
    encodeOrderBody(o.body),
  ])
}

/** @throws HesError ORDER_REFUSED */
export function decodeOrder(bytes: Uint8Array): Order {
  const r = fieldReader(bytes, orderRefused)
  if (!r.take(8).equals(LABEL) || r.number(1) !== VERSION) throw orderRefused('no order of version 1')
  const [stationId, epoch, orderId, firstId, secondId] = [r.take(8), r.take(8), r.take(16), r.take(8), r.take(8)]
  const seconds = (): number => {
    const value = readU64(r.take(8))
    if (value === undefined) throw orderRefused('time out of range')
    return value
  }
  const order: Order = { stationId, epoch, orderId, firstId, secondId, notBefore: seconds(), notAfter: seconds(), body: readOrderBody(r) }
  r.end()
  checkOrder(order)
  return order
}

function checkOrder(o: Order): void {
  if (o.notAfter <= o.notBefore || o.notAfter - o.notBefore > MAX_ORDER_SECONDS) throw orderRefused('validity')
  if (o.firstId.equals(o.secondId) || o.firstId.equals(NOBODY)) throw orderRefused('two different people')
  if (o.orderId.length !== 16 || [o.stationId, o.epoch, o.firstId, o.secondId].some((id) => id.length !== 8)) throw orderRefused('length of an id')
}

export const firstOrderInput = (ord: Uint8Array): Buffer => Buffer.concat([label('ZZ-ORDR1'), ord])
export const secondOrderInput = (ord: Uint8Array, sigFirst: Uint8Array): Buffer => Buffer.concat([label('ZZ-ORDR2'), ord, sigFirst])

/** What each founding administrator of a production station signs: "ZZ-FOUND" || IDA || the people as order bodies. */
export function foundingInput(stationId: Uint8Array, people: readonly Extract<OrderBody, { kind: 'person' }>[]): Buffer {
  return Buffer.concat([label('ZZ-FOUND'), stationId, u8(people.length), ...people.map(encodeOrderBody)])
}
