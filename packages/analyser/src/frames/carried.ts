import { wakeUpsBefore } from './detect.js'

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
