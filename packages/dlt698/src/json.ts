import { DecodeError, EncodeError } from '@zhuzhan/codec'
import { toHex } from '@zhuzhan/core'
import { decodeApdu, encodeApdu } from './apdu/decode.js'
import type { Apdu } from './apdu/index.js'
import { decodeFrame, encodeFrame } from './link/frame.js'
import type { LinkFrame } from './link/frame.js'
import { SEGMENT, readSegment, writeSegment } from './link/segments.js'

type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/**
 * A frame for people and scripts: `control`, `address` and one of `apdu`, `segment`, or `data` (hex) with `apduError`
 * when no APDU could be read. Bytes are upper-case hex, 64-bit integers decimal strings, floats that JSON lacks are
 * strings (`NaN`, `-0`). The plain content of a security wrapper is shown as an APDU of its own.
 *
 * @throws DecodeError FRAME_INVALID; whatever decodes comes back from frameFromJson byte by byte
 */
export function frameToJson(bytes: Uint8Array): object {
  const { control, address, data } = decodeFrame(bytes)
  return { control, address, ...(control.segmented ? segmentToJson({ control, address, data }) : apduToJson(data)) }
}

/** The bytes of what frameToJson gave. @throws EncodeError when it is no such object */
export function frameFromJson(json: object): Buffer {
  try {
    const { control, address } = json as LinkFrame
    return encodeFrame({ control, address, data: userData(json as Record<string, Json>) })
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', 'a frame as decode prints it', { cause: error })
  }
}

function segmentToJson(frame: LinkFrame): { [key: string]: Json } {
  try {
    const { word, slice } = readSegment(frame)
    const kind = Object.entries(SEGMENT).find(([, number]) => number === word.kind)![0]
    return { segment: { ...word, kind, slice: toHex(slice) } }
  } catch (error) {
    return { data: toHex(frame.data), apduError: reason(error) }
  }
}

function apduToJson(data: Buffer): { [key: string]: Json } {
  try {
    return { apdu: toJson(decodeApdu(data, { tolerant: true })) }
  } catch (error) {
    return { data: toHex(data), apduError: reason(error) }
  }
}

function reason(error: unknown): Json {
  if (!(error instanceof DecodeError)) throw error
  return { offset: error.offset, expected: error.expected }
}

function userData(json: Record<string, Json>): Buffer {
  if (json['apdu'] !== undefined) return encodeApdu(fromJson(json['apdu']) as Apdu)
  if (json['segment'] !== undefined) {
    const { kind, slice, number, reserved } = json['segment'] as { kind: keyof typeof SEGMENT; slice: string; number: number; reserved: number }
    return writeSegment({ kind: SEGMENT[kind], number, reserved }, bytesOf(slice))
  }
  return bytesOf(json['data'])
}

/** Members that are bytes wherever they stand in an APDU, outside of values that carry their own type. */
const BYTES = new Set(['content', 'mac', 'rn', 'signature', 'cipher', 'attach', 'command', 'reply', 'frames'])
const INTEGER64 = new Set<unknown>(['long64', 'long64-unsigned'])
const FLOAT = new Set<unknown>(['float32', 'float64'])

function toJson(value: unknown, key = ''): Json {
  if (Buffer.isBuffer(value)) return key === 'content' ? contentToJson(value) : toHex(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value)
  if (Array.isArray(value)) return value.map((item) => toJson(item, key))
  if (typeof value !== 'object' || value === null) return value as Json
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined).map(([name, member]) => [name, toJson(member, name)]))
}

/** What stands in a security wrapper: an APDU when it is one and comes back identical, otherwise (ciphertext) hex. */
function contentToJson(content: Buffer): Json {
  try {
    const inner = decodeApdu(content, { tolerant: true })
    return encodeApdu(inner).equals(content) ? toJson(inner) : toHex(content)
  } catch (error) {
    if (error instanceof DecodeError) return toHex(content)
    throw error
  }
}

function fromJson(value: Json, key = ''): unknown {
  if (typeof value === 'string') return BYTES.has(key) ? bytesOf(value) : value
  if (Array.isArray(value)) return value.map((item) => fromJson(item, key))
  if (typeof value !== 'object' || value === null) return value
  if (typeof value['type'] === 'string') return dataFromJson(value)
  if (key === 'content' && 'apdu' in value) return encodeApdu(fromJson(value) as Apdu)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fromJson(member, name)]))
}

/** A typed value: its hex stays hex. */
function dataFromJson(value: { [key: string]: Json }): unknown {
  const { type } = value
  if (INTEGER64.has(type)) return { ...value, value: integer(value['value']) }
  if (FLOAT.has(type)) return { ...value, value: Number(value['value']) }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, fromJson(member)]))
}

function integer(value: Json | undefined): bigint {
  if (typeof value !== 'string' || !/^-?[0-9]{1,20}$/.test(value)) throw new EncodeError('value', 'an integer as a string')
  return BigInt(value)
}

function bytesOf(hex: Json | undefined): Buffer {
  if (typeof hex !== 'string' || hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) throw new EncodeError('', 'hex digits in pairs')
  return Buffer.from(hex, 'hex')
}
