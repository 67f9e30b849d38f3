import { wakeUpsBefore } from './detect.js'
import type { ProtocolName } from './registry.js'

/** Bytes in a frame's JSON that look like frames of their own. */
export interface Carried {
  /** Where they stand, like `apdu.command` or `lud.data`. */
  member: string
  bytes: Buffer
}

/** Members that say again what others say. */
const DERIVED = new Set(['values', 'inside'])
/** Starts of the protocols here; FE may stand before them. */
const BEGINS = /^(?:68|98|FE)/
/** The shortest frame of any protocol has 12 bytes. */
const SHORTEST = 24
/** Values in values: what toJson of any protocol gives is far below. */
const DEEPEST = 24

/** First byte that may begin a frame inside: behind the starts of the outer one. 645 carries none. */
const INSIDE_FROM: Readonly<Record<ProtocolName, number>> = { ssal: 1, dlt698: 1, 'gdw1376.1': 6, dlt645: Number.POSITIVE_INFINITY, 'gdw1376.2': 1 }
/** Scrambled content of 698.45 stands on the line with 33H added. */
const SCRAMBLED = 0x08

/** Could a frame stand in this one? Cheap, so that the members of most frames need not be looked at. */
export function mayCarry(bytes: Buffer, protocol: ProtocolName): boolean {
  const at = wakeUpsBefore(bytes)
  const from = at + INSIDE_FROM[protocol]
  if (from > bytes.length) return false
  if (protocol === 'dlt698' && (bytes[at + 3]! & SCRAMBLED) !== 0) return true
  const end = bytes.lastIndexOf(0x16, bytes.length - 2) - SHORTEST / 2 + 1
  return end >= from && [0x68, 0x98].some((start) => {
    const begins = bytes.indexOf(start, from)
    return begins >= 0 && begins <= end
  })
}

/**
 * Hex members that begin and end like a frame, at any place: the content of a forwarding service, of the link to the
 * gateway, of a proxy command, a parameter, a report.
 */
export function carriedIn(frame: object): Carried[] {
  const found: Carried[] = []
  collect(frame, '', found, 0)
  return found
}

function collect(value: unknown, member: string, found: Carried[], depth: number): void {
  if (typeof value === 'string') {
    if (value.length >= SHORTEST && BEGINS.test(value) && looksLikeFrames(value)) found.push({ member, bytes: Buffer.from(value, 'hex') })
    return
  }
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return
  for (const key in value) {
    const inner = (value as Record<string, unknown>)[key]
    if (inner !== null && (typeof inner === 'string' || typeof inner === 'object') && !DERIVED.has(key)) collect(inner, member === '' ? key : `${member}.${key}`, found, depth + 1)
  }
}

function looksLikeFrames(hex: string): boolean {
  if (!hex.endsWith('16') || hex.length % 2 !== 0 || !/^[0-9A-F]*$/.test(hex)) return false
  if (!hex.startsWith('FE')) return true
  const bytes = Buffer.from(hex, 'hex')
  return BEGINS.test(hex.slice(2 * wakeUpsBefore(bytes)))
}
