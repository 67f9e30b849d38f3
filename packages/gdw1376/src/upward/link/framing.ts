import type { DiscardReason, Framing, StreamWindow } from '@zhuzhan/codec'
import { END, START } from '../../wire/ends.js'
import { MAX_LENGTH, OUTSIDE, PROTOCOL_ID, SHORTEST } from './frame.js'

export interface UpwardFramingOptions {
  /** The most that L may count, in bytes: 255 by radio, 16383 on a network (default). Reference §A1. */
  maxLength?: number
  /** Also take frames of 130-2005, protocol identification 1. */
  accept130?: boolean
}

const HEADER = 6

/** How a frame of Q/GDW 1376.1 is recognised: 68 L L 68 with a protocol identification, then the sum. Reference §A1. */
export function gdw1376_1Framing({ maxLength = MAX_LENGTH, accept130 = false }: UpwardFramingOptions = {}): Framing<'gdw1376.1'> {
  if (!Number.isInteger(maxLength) || maxLength < SHORTEST || maxLength > MAX_LENGTH) throw new RangeError(`maxLength: ${SHORTEST} to ${MAX_LENGTH}`)
  const ids: readonly number[] = accept130 ? Object.values(PROTOCOL_ID) : [PROTOCOL_ID['1376.1']]
  return { name: 'gdw1376.1', start: START, maxSize: maxLength + OUTSIDE, probe: (window, at) => probe(window, at, maxLength, ids) }
}

function probe(window: StreamWindow, at: number, maxLength: number, ids: readonly number[]): number | DiscardReason {
  const { bytes } = window
  const have = window.end - at
  if (have < 3) return -3
  const word = bytes[at + 1]! | (bytes[at + 2]! << 8)
  const length = word >> 2
  if (!ids.includes(word & 3) || length < SHORTEST || length > maxLength) return 'length'
  if (have < HEADER) return -HEADER
  if (bytes[at + 3] !== bytes[at + 1] || bytes[at + 4] !== bytes[at + 2] || bytes[at + 5] !== START) return 'header'
  const size = length + OUTSIDE
  if (have < size) return -size
  if (bytes[at + size - 1] !== END) return 'end'
  return window.sumHolds(at + HEADER, at + size - 2) ? size : 'checksum'
}
