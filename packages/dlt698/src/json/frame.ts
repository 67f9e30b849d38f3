import { DecodeError, EncodeError } from '@zhuzhan/codec'
import type { FrameReading, FrameValue, Tracer } from '@zhuzhan/codec'
import { toHex } from '@zhuzhan/core'
import { encodeApdu } from '../apdu/decode.js'
import type { Apdu } from '../apdu/index.js'
import { decodeFrame, encodeFrame } from '../link/frame.js'
import type { LinkFrame } from '../link/frame.js'
import { SEGMENT, readSegment, writeSegment } from '../link/segments.js'
import { apduOptions, dlt698Settings, frameOptions } from '../settings.js'
import type { Dlt698Settings } from '../settings.js'
import { apduFromJson, apduToJson } from './apdu.js'
import { bytesOf } from './members.js'
import type { Json } from './members.js'
import { apduValues } from './values.js'

const WAKE_UP = 0xfe
/** More of them are no frame any more. */
const MOST_WAKE_UPS = 0xffff

/**
 * A frame for people and scripts: `wakeUp` (the number of FE before it, when there are any), `control`, `address` and
 * one of `apdu`, `segment`, or `data` (hex) with `apduError` (offset from the start of the data) when no APDU could be
 * read. Bytes are upper-case hex, 64-bit integers decimal strings, floats that JSON lacks are strings (`NaN`, `-0`).
 * The plain content of a security wrapper is shown as an APDU of its own. `values` lists what the device says.
 *
 * @throws DecodeError FRAME_INVALID; whatever decodes comes back from frameFromJson byte by byte
 */
export function frameToJson(bytes: Uint8Array, { settings, trace }: FrameReading = {}): object {
  const said = dlt698Settings(settings)
  const wakeUp = wakeUps(bytes)
  const frame = link(bytes, wakeUp, said, trace)
  const origin = bytes.length - 3 - frame.data.length
  const { control, address, kilobytes } = frame
  const head = { ...(wakeUp > 0 && { wakeUp }), control, address, ...(kilobytes && { kilobytes }) }
  const data = control.segmented ? segmentToJson(frame, origin, trace) : userDataToJson(frame.data, origin, said, trace)
  // The checksum behind the user data is checked before the user data is read.
  trace?.root.children.sort((a, b) => a.from - b.from)
  return { ...head, ...data }
}

/** @param settings of them only `fillerDigit` concerns what is written. @throws EncodeError when it is no such object */
export function frameFromJson(json: object, { settings }: Pick<FrameReading, 'settings'> = {}): Buffer {
  try {
    const { control, address, kilobytes, wakeUp = 0 } = json as LinkFrame & { wakeUp?: number }
    if (!Number.isInteger(wakeUp) || wakeUp < 0 || wakeUp > MOST_WAKE_UPS) throw new EncodeError('wakeUp', `a number of FE bytes up to ${MOST_WAKE_UPS}`)
    const frame = { control, address, data: userData(json as Record<string, Json>), ...(kilobytes && { kilobytes }) }
    const bytes = encodeFrame(frame, frameOptions(dlt698Settings(settings)))
    return wakeUp === 0 ? bytes : Buffer.concat([Buffer.alloc(wakeUp, WAKE_UP), bytes])
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', 'a frame as decode prints it', { cause: error })
  }
}

function wakeUps(bytes: Uint8Array): number {
  let count = 0
  while (count < MOST_WAKE_UPS && bytes[count] === WAKE_UP) count++
  return count
}

/** The link frame behind the wake-up bytes. Errors tell the position in the whole. */
function link(bytes: Uint8Array, wakeUp: number, settings: Dlt698Settings, trace: Tracer | undefined): LinkFrame {
  if (wakeUp > 0) trace?.leaf('wakeUp', 0, wakeUp, wakeUp)
  const start = trace?.mark()
  try {
    return decodeFrame(bytes.subarray(wakeUp), { ...frameOptions(settings), trace, origin: wakeUp })
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    if (start) trace!.stop(start, Math.min(wakeUp + error.offset, bytes.length))
    throw wakeUp === 0 ? error : new DecodeError('FRAME_INVALID', wakeUp + error.offset, error.expected)
  } finally {
    if (trace) trace.root.to = bytes.length
  }
}

function segmentToJson(frame: LinkFrame, origin: number, trace: Tracer | undefined): { [key: string]: Json } {
  const { data } = frame
  trace?.enter('segment', origin)
  try {
    const segment = readSegment(frame, { trace, origin })
    trace?.leave(origin + data.length, segment)
    const { word, slice } = segment
    const kind = Object.entries(SEGMENT).find(([, number]) => number === word.kind)![0]
    return { segment: { ...word, kind, slice: toHex(slice) } }
  } catch (error) {
    trace?.leave(origin + data.length, data)
    return { data: toHex(data), apduError: reason(error) }
  }
}

function userDataToJson(data: Buffer, origin: number, settings: Dlt698Settings, trace: Tracer | undefined): { [key: string]: Json } {
  const start = trace?.mark()
  trace?.enter('apdu', origin)
  try {
    const { apdu, json } = apduToJson(data, { ...apduOptions(settings), trace, origin })
    trace?.leave(origin + data.length, apdu)
    const values: FrameValue[] = apduValues(apdu, apduOptions(settings))
    return { apdu: json, ...(values.length > 0 && { values: values as unknown as Json }) }
  } catch (error) {
    if (start) trace!.stop(start, origin + data.length)
    return { data: toHex(data), apduError: reason(error) }
  }
}

function reason(error: unknown): Json {
  if (!(error instanceof DecodeError)) throw error
  return { offset: error.offset, expected: error.expected }
}

function userData(json: Record<string, Json>): Buffer {
  if (json['apdu'] !== undefined) return encodeApdu(apduFromJson(json['apdu']) as Apdu)
  if (json['segment'] !== undefined) {
    const { kind, slice, number, reserved } = json['segment'] as { kind: keyof typeof SEGMENT; slice: string; number: number; reserved: number }
    return writeSegment({ kind: SEGMENT[kind], number, reserved }, bytesOf(slice))
  }
  return bytesOf(json['data'])
}
