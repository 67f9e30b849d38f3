import type { DiscardReason, Framing, StreamWindow } from '@zhuzhan/codec'
import { BEFORE_CONTROL_DATA, TERMINAL_LENGTHS, headerSize } from './header.js'

/** First and last byte of every frame. */
export const START = 0x98
export const END = 0x16
/** Start, L and end, which L does not count. */
export const OUTSIDE = 4
/** SEQ, C, HCS and FCS: the least that L counts. */
export const SHORTEST = 8

const CHECK = 2

export interface FramingOptions {
  /** Greatest L that is accepted; the frame has 4 bytes more. Content through the gateway has about 6 kB at most (reference §2). */
  maxLength?: number
}

/** How a frame of SSAL is recognised, reference §2: the header checksum is checked before L is trusted. */
export function ssalFraming({ maxLength = 8192 }: FramingOptions = {}): Framing<'ssal'> {
  if (!Number.isInteger(maxLength) || maxLength < SHORTEST || maxLength > 0xffff) throw new RangeError(`maxLength: ${SHORTEST} to 65535`)
  return { name: 'ssal', start: START, maxSize: maxLength + OUTSIDE, probe: (window, at) => probe(window, at, maxLength) }
}

function probe(window: StreamWindow, at: number, maxLength: number): number | DiscardReason {
  const { bytes } = window
  const have = window.end - at
  if (have < 3) return -3
  const length = bytes[at + 1]! | (bytes[at + 2]! << 8)
  if (length < SHORTEST || length > maxLength) return 'length'
  if (have < BEFORE_CONTROL_DATA) return -BEFORE_CONTROL_DATA
  const size = length + OUTSIDE
  const header = probeHeader(window, at, size)
  if (header !== true) return header
  if (have < size) return -size
  if (bytes[at + size - 1] !== END) return 'end'
  return window.crcHolds(at + 1, at + size - 1 - CHECK) ? size : 'checksum'
}

/** Does the header's checksum hold under one of the readings of DA? */
function probeHeader(window: StreamWindow, at: number, size: number): true | number | DiscardReason {
  const have = window.end - at
  let need = Number.POSITIVE_INFINITY
  let reason: DiscardReason = 'length'
  for (const reading of TERMINAL_LENGTHS) {
    const header = headerSize(window.bytes, at, window.end, reading)
    const reach = header < 0 ? -header : header + CHECK
    if (reach > size - CHECK - 1) continue
    if (have < reach) need = Math.min(need, reach)
    else if (header < 0) continue
    else if (window.crcHolds(at + 1, at + header)) return true
    else reason = 'header'
  }
  return need === Number.POSITIVE_INFINITY ? reason : -need
}
