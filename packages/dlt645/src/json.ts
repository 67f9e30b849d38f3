import { DecodeError, EncodeError, NO_SETTINGS } from '@zhuzhan/codec'
import type { FrameReading, FrameValue } from '@zhuzhan/codec'
import { toHex } from '@zhuzhan/core'
import { identifiersFor } from './identifiers/index.js'
import { controlCode, controlOf } from './link/control.js'
import type { Control } from './link/control.js'
import { decodeFrame, encodeFrame, traceFrame } from './link/frame.js'
import type { LinkFrame } from './link/frame.js'
import { decodeMessage, encodeMessage } from './message/decode.js'
import { MESSAGES } from './message/messages.js'
import type { Message } from './message/messages.js'
import { chosen } from './settings.js'
import type { Settings } from './settings.js'
import { valuesOf } from './values.js'

/** A frame as decode prints it. What is derived is ignored by fromJson: `control.code`, `item`, `values`, each `reason`, `dataError`. */
export interface FrameJson {
  /** Wake-up bytes FE before the frame. */
  leading?: number
  address: string
  /** `code` is all of it in two hex digits, `function` bits D4 to D0. */
  control: { code: string; fromMeter: boolean; abnormal: boolean; followUp: boolean; function: string }
  message?: Message
  /** DATA without the +33H when it has no known layout, and why. */
  data?: string
  dataError?: { offset: number; expected: string }
  /** The settings it was read with, as far as they are not the defaults. */
  settings?: Settings
  /** What its identifier stands for. */
  item?: { name: string; nameZh: string; unit?: string }
  values?: FrameValue[]
}

/**
 * One frame, wake-up bytes before it allowed, as an object that survives JSON.
 *
 * @throws DecodeError FRAME_INVALID; RangeError for a setting with a reading that does not exist
 */
export function frameToJson(bytes: Uint8Array, { settings = NO_SETTINGS, trace }: FrameReading = {}): FrameJson {
  const own = chosen(settings)
  let frame: LinkFrame
  try {
    frame = decodeFrame(bytes)
  } catch (error) {
    if (trace) traceFrame(bytes, trace)
    throw error
  }
  let content: Content | undefined
  if (trace) traceFrame(bytes, trace, (origin) => { content = contentOf(frame, { settings, trace, origin }) })
  content ??= contentOf(frame, { settings })
  return {
    ...(frame.leading !== undefined && { leading: frame.leading }),
    address: frame.address,
    control: controlToJson(frame.control),
    ...content,
    ...(Object.keys(own).length > 0 && { settings: own }),
    ...(content.message && derived(content.message, frame.address, settings)),
  }
}

type Content = Pick<FrameJson, 'message' | 'data' | 'dataError'>

function contentOf(frame: LinkFrame, options: { settings: Settings; trace?: FrameReading['trace']; origin?: number }): Content {
  try {
    return { message: decodeMessage(frame, options) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    return { data: toHex(frame.data), dataError: { offset: error.offset, expected: error.expected } }
  }
}

function derived(message: Message, address: string, settings: Settings): Pick<FrameJson, 'item' | 'values'> {
  const item = 'di' in message ? identifiersFor(settings).describe(message.di) : undefined
  const values = valuesOf(message, address, settings)
  return {
    ...(item && { item: { name: item.name, nameZh: item.nameZh, ...(item.unit !== '' && { unit: item.unit }) } }),
    ...(values.length > 0 && { values }),
  }
}

/** The bytes of what frameToJson gave. @throws EncodeError when it is no such object */
export function frameFromJson(json: object): Buffer {
  try {
    const { leading, address, control, message, data, settings } = json as FrameJson
    const given = controlFromJson(control)
    const content = message === undefined ? bytesOf(data) : encodeMessage(message, settings).data
    if (message !== undefined && MESSAGES[message.kind][0] !== controlCode(given)) throw new EncodeError('message.kind', 'the message of its control code')
    return encodeFrame({ ...(leading !== undefined && { leading }), address, control: given, data: content })
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', 'a frame as decode prints it', { cause: error })
  }
}

function controlToJson(control: Control): FrameJson['control'] {
  return { code: hexByte(controlCode(control)), ...control, function: hexByte(control.function) }
}

function controlFromJson({ fromMeter, abnormal, followUp, function: code }: FrameJson['control']): Control {
  if (![fromMeter, abnormal, followUp].every((flag) => typeof flag === 'boolean')) throw new EncodeError('control', 'fromMeter, abnormal and followUp')
  return controlOf(controlCode({ fromMeter, abnormal, followUp, function: bytesOf(code)[0] ?? -1 }))
}

function hexByte(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

function bytesOf(hex: unknown): Buffer {
  if (typeof hex !== 'string' || hex.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(hex)) throw new EncodeError('data', 'hex digits in pairs')
  return Buffer.from(hex, 'hex')
}
