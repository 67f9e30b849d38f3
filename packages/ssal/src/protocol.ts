import { DecodeError, EncodeError, Tracer } from '@zhuzhan/codec'
import type { FrameReading, Protocol, Span } from '@zhuzhan/codec'
import { readBody, writeBody } from './bodies/body.js'
import type { Body } from './bodies/body.js'
import { describe } from './describe.js'
import { LABELS } from './labels.js'
import { ssalFraming } from './link/framing.js'
import { decodeFrame, encodeFrame } from './link/frame.js'
import type { SsalFrame } from './link/frame.js'
import type { Lud } from './link/lud.js'
import { SETTINGS } from './settings.js'

type LudJson = Omit<Lud, 'content'> & Body

/** A frame as toJson gives it: that of decodeFrame, with the members of its content in the place of `content`. */
export type SsalJson = Omit<SsalFrame, 'lud'> & { lud?: LudJson }

/**
 * A frame for people and scripts. Words stand for the numbers that reference §2 names. Content that is encrypted,
 * carries a MAC or has no known layout is hex under `data`; business frames inside are left to the caller.
 *
 * @throws DecodeError FRAME_INVALID; whatever decodes comes back from fromJson byte by byte
 */
function toJson(bytes: Uint8Array, reading: FrameReading = {}): SsalJson {
  const { lud, ...frame } = readFrame(bytes, reading)
  if (lud === undefined) return frame
  const { content, ...answer } = lud
  const { fc, sv } = frame.control
  const origin = bytes.length - 3 - content.length
  const spans = reading.trace === undefined ? undefined : new Tracer('content')
  const body = readBody(content, fc, { plain: sv === undefined || sv.cipher === 'plain', origin, ...(reading.settings && { settings: reading.settings }), ...(spans && { trace: spans }) })
  if (spans !== undefined) contentSpan(reading.trace!.root)?.children.push(...spans.root.children)
  return { ...frame, lud: { ...answer, ...body } }
}

/** What was open when reading stopped ends there. */
function readFrame(bytes: Uint8Array, reading: FrameReading): SsalFrame {
  const mark = reading.trace?.mark()
  try {
    return decodeFrame(bytes, reading)
  } catch (error) {
    if (mark !== undefined && error instanceof DecodeError) reading.trace!.stop(mark, error.offset)
    throw error
  }
}

function contentSpan(root: Span): Span | undefined {
  return root.children.findLast((span) => span.name === 'lud')?.children.find((span) => span.name === 'content')
}

/** The bytes of what toJson gave. @throws EncodeError when it is no such object */
function fromJson(json: object): Buffer {
  try {
    const { lud, ...frame } = json as SsalJson
    if (lud === undefined) return encodeFrame(frame)
    const { returnCode, lengthCounts, ...body } = lud
    return encodeFrame({ ...frame, lud: { ...(returnCode !== undefined && { returnCode }), ...(lengthCounts && { lengthCounts }), content: writeBody(body) } })
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', 'a frame as decode prints it', { cause: error })
  }
}

/** SSAL, the link layer of the Type I access gateway. */
export const ssal: Protocol<'ssal'> = { name: 'ssal', framing: ssalFraming(), settings: SETTINGS, toJson, fromJson, labels: LABELS, describe }
