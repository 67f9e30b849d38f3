import { choice, decode, encode, hexOctets, nothing, optional, sequence, u16be, u32be, u8 } from '@zhuzhan/codec'
import type { TypeOf } from '@zhuzhan/codec'
import { VisibleText } from '../data/text.js'
import { DateTimeS } from '../data/time.js'
import { OctetString, Piid } from './members.js'
import { ClientTail, ServerTail } from './tail.js'

/** What both sides agree about: versions, conformance bits, sizes in bytes. Same layout in request and response. Reference §4.2. */
export const ConnectHeader = sequence({
  version: u16be,
  protocolConformance: hexOctets(8),
  functionConformance: hexOctets(16),
  sendSize: u16be,
  receiveSize: u16be,
  window: u8,
  apduSize: u16be,
  timeoutSeconds: u32be,
})
export type ConnectHeader = TypeOf<typeof ConnectHeader>

/** 37 bytes. @throws EncodeError */
export function encodeConnectHeader(header: ConnectHeader): Buffer {
  return encode(ConnectHeader, header)
}

/** @throws DecodeError unless exactly 37 bytes */
export function decodeConnectHeader(bytes: Uint8Array): ConnectHeader {
  return decode(ConnectHeader, bytes)
}

/** Authentication mechanism. The password has no type tag. */
export const Mechanism = choice('kind', {
  null: [0, nothing],
  password: [1, sequence({ text: VisibleText })],
  symmetric: [2, sequence({ cipher: OctetString, signature: OctetString })],
  signature: [3, sequence({ cipher: OctetString, signature: OctetString })],
})
export type Mechanism = TypeOf<typeof Mechanism>

export const ConnectRequest = sequence({ piid: Piid, header: ConnectHeader, mechanism: Mechanism }, ClientTail)

/** Result 0 accepted, 1 password, 2 symmetric, 3 asymmetric, 4 signature, 5 version, 255 other. Factory version: 32 bytes. */
export const ConnectResponse = sequence({
  piid: Piid,
  factory: hexOctets(32),
  header: ConnectHeader,
  result: u8,
  security: optional(sequence({ rn: OctetString, signature: OctetString })),
}, ServerTail)

export const ReleaseRequest = sequence({ piid: Piid }, ClientTail)

export const ReleaseResponse = sequence({ piid: Piid, result: u8 }, ServerTail)

/** The association timed out; no answer. Reference §4.3. */
export const ReleaseNotification = sequence({ piid: Piid, established: DateTimeS, now: DateTimeS }, ServerTail)
