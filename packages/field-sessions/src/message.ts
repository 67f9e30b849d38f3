import { DecodeError, decode, encode, hexOctets, octets, rest, sequence, u8 } from '@zhuzhan/codec'
import type { TypeOf } from '@zhuzhan/codec'
import { label } from './bytes.js'
import { KINDS } from './kinds.js'
import type { Kind, Suite } from './kinds.js'

export const MAGIC = 0xf5
export const VERSION = 1
export const HEAD = 20
/** Longest message of all; what is longer is not even parsed. §7 */
export const MAX_MESSAGE = 2_200

/** Bit 7: from the meter. §4 */
export const TYPE = {
  pairRequest: 0x01,
  hello: 0x02,
  auth: 0x03,
  recordUp: 0x04,
  pairAnswer: 0x81,
  challenge: 0x82,
  accept: 0x83,
  recordDown: 0x84,
} as const
export type MessageType = keyof typeof TYPE

/** F5 | 01 | type | kind | PID | MID | body up to the end. */
const Message = sequence({ magic: u8, version: u8, type: u8, kind: u8, pid: hexOctets(8), mid: hexOctets(8), body: rest })
export type Message = TypeOf<typeof Message>

/** @throws DecodeError, also for another magic or version */
export function readMessage(bytes: Uint8Array): Message {
  const message = decode(Message, bytes, { code: 'FRAME_INVALID' })
  if (message.magic !== MAGIC || message.version !== VERSION) throw new DecodeError('FRAME_INVALID', 0, 'F5 01')
  return message
}

/** Who talks with whom, how: what every transcript begins with. */
export interface FieldContext {
  kind: Kind
  suite: Suite
  /** 8 bytes each: the device and the meter. */
  pid: Uint8Array
  mid: Uint8Array
}

export function headOf({ kind, pid, mid }: FieldContext, type: MessageType): Buffer {
  return encode(Message, {
    magic: MAGIC, version: VERSION, type: TYPE[type], kind: KINDS[kind].code,
    pid: Buffer.from(pid).toString('hex'), mid: Buffer.from(mid).toString('hex'), body: Buffer.alloc(0),
  })
}

export function messageOf(context: FieldContext, type: MessageType, body: Uint8Array): Buffer {
  return Buffer.concat([headOf(context, type), body])
}

/** label(8) || suite(1) || head(20) || parts. Every part has a fixed length for its label and suite, so parsing is injective. §5 */
export function transcript(name: string, context: FieldContext, type: MessageType, ...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([label(name), Buffer.of(context.suite.number), headOf(context, type), ...parts])
}

const N = 16
const POINT = 64
const SIGNATURE = 64
const HMAC = 32
const CMAC = 16

/** Bodies by type and way of authentication. Their lengths are exact. §4 */
export const Hello = sequence({ nD: octets(N), zero: octets(4) })
export const Challenge = sequence({ slot: octets(4), cookie: octets(16) })
export const PairSm2 = sequence({ nonce: octets(N), publicKey: octets(POINT), signature: octets(SIGNATURE), tag: octets(HMAC) })
export const PairBlock = sequence({ nonce: octets(N), identityTag: octets(CMAC), tag: octets(CMAC) })
const asked = { nD: octets(N), slot: octets(4), cookie: octets(16) }
export const AuthSm2 = sequence({ ...asked, ephemeral: octets(POINT), signature: octets(SIGNATURE) })
export const AuthSm2Linked = sequence({ ...asked, ephemeral: octets(POINT), signature: octets(SIGNATURE), linkTag: octets(HMAC) })
export const AuthBlock = sequence({ ...asked, tag: octets(CMAC) })
export const AcceptSm2 = sequence({ ephemeral: octets(POINT), confirmation: octets(32), seconds: octets(4), signature: octets(SIGNATURE) })
export const AcceptBlock = sequence({ nS: octets(N), seconds: octets(4), tag: octets(CMAC) })
export const Record = sequence({ seq: octets(4), sealed: rest })
