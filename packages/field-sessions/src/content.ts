import { choice, decode, encode, i32be, listOf, nothing, prefixedLatin1, rest, sequence, u16be, u32be, u8 } from '@zhuzhan/codec'
import type { Codec, TypeOf } from '@zhuzhan/codec'

/** What stands inside a record: one message, parsed strictly to its last byte. §8 */

/** Items of one message. */
export const MAX_ITEMS = 16
const count = { count: u8, max: MAX_ITEMS }

export interface FieldValue {
  /** Code of objects.ts. */
  object: number
  value: number
}
const Value: Codec<FieldValue> = sequence({ object: u16be, value: i32be })
const values = listOf(Value, { ...count, least: 6 })
const objects = listOf(u16be, { ...count, least: 2 })

/** Answer of either side to a message of the other. One word for every refusal by rule. */
export const RESULT = { done: 0, refused: 2, failed: 3 } as const
export type Result = (typeof RESULT)[keyof typeof RESULT]

/** Device to meter. `id` counts the sender's messages and is what an answer refers to; times are Unix seconds, UTC. */
export const UpMessage = choice('service', {
  confirm: [0x00, sequence({ id: u32be })],
  report: [0x01, sequence({ id: u32be, at: u32be, items: values })],
  read: [0x02, sequence({ id: u32be, objects })],
  result: [0x03, sequence({ re: u32be, result: u8 })],
  frame: [0x04, sequence({ id: u32be, frame: rest })],
  'pairing-code': [0x05, sequence({ id: u32be, code: prefixedLatin1(u8) })],
  bye: [0x0f, nothing],
})
export type UpMessage = TypeOf<typeof UpMessage>

/** Meter to device. An answer carries the meter's clock: devices often have none of their own. */
export const DownMessage = choice('service', {
  answer: [0x81, sequence({ re: u32be, result: u8, now: u32be, items: values })],
  command: [0x83, sequence({ id: u32be, expires: u32be, object: u16be, value: i32be })],
  frame: [0x84, sequence({ id: u32be, frame: rest })],
  bye: [0x8f, nothing],
})
export type DownMessage = TypeOf<typeof DownMessage>

/** @throws DecodeError */
export const readUp = (content: Uint8Array): UpMessage => decode(UpMessage, content)
/** @throws EncodeError */
export const writeUp = (message: UpMessage): Buffer => encode(UpMessage, message)
/** @throws DecodeError */
export const readDown = (content: Uint8Array): DownMessage => decode(DownMessage, content)
/** @throws EncodeError */
export const writeDown = (message: DownMessage): Buffer => encode(DownMessage, message)
