import { DecodeError, Tracer } from '@zhuzhan/codec'
import type { Span } from '@zhuzhan/codec'
import { toHex } from '@zhuzhan/core'
import { decodeApdu, encodeApdu } from '../apdu/decode.js'
import type { DecodeApduOptions } from '../apdu/decode.js'
import type { Apdu } from '../apdu/index.js'
import { membersFromJson, membersToJson } from './members.js'
import type { Json } from './members.js'

/** Wrappers in wrappers that are opened; no device sends more than one. */
const MOST_WRAPPERS = 4

/** @throws DecodeError APDU_INVALID */
export function apduToJson(bytes: Buffer, options: DecodeApduOptions, wrappers = 0): { apdu: Apdu; json: Json } {
  const apdu = decodeApdu(bytes, options)
  return { apdu, json: membersToJson(apdu, (content) => contentToJson(content, options, wrappers + 1)) }
}

export function apduFromJson(json: Json): unknown {
  return membersFromJson(json, (content) => encodeApdu(apduFromJson(content) as Apdu))
}

/**
 * The APDU in a security wrapper, when its content is one and comes back identical; ciphertext is none. Its members
 * are added to the span of the content.
 */
function contentToJson(content: Buffer, options: DecodeApduOptions, wrappers: number): Json {
  const inner = openContent(content, options, wrappers)
  return inner?.json ?? toHex(content)
}

export function openContent(content: Buffer, options: DecodeApduOptions, wrappers: number): { apdu: Apdu; json: Json } | undefined {
  if (wrappers > MOST_WRAPPERS) return undefined
  const span = options.trace && contentSpan(options.trace.root, content)
  const trace = span && new Tracer('content')
  try {
    const inner = apduToJson(content, { ...options, tolerant: true, trace, origin: span ? span.to - content.length : 0 }, wrappers)
    if (!encodeApdu(inner.apdu).equals(content)) return undefined
    if (span) span.children.push(...trace!.root.children)
    return inner
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** The span of these very bytes. */
function contentSpan(span: Span, content: Buffer): Span | undefined {
  if (span.name === 'content' && span.value === content) return span
  for (const child of span.children) {
    const found = contentSpan(child, content)
    if (found) return found
  }
  return undefined
}
