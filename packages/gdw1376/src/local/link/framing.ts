import type { DiscardReason, Framing, StreamWindow } from '@zhuzhan/codec'
import { MAX_FN } from '../../wire/dt.js'
import { NODE_SIZE, relaysOf } from './address.js'
import { isControl } from './control.js'
import { END, START } from '../../wire/ends.js'
import { SHORTEST } from './frame.js'

export interface LocalFramingOptions {
  /** Greatest whole frame that is accepted, in bytes; a module tells its own in 03 F10. */
  maxSize?: number
}

/** 68, L, C and the first byte of R, which says whether A is there and how long it is. */
const HEADER = 5
const BEFORE_ADDRESS = 10
/** AFN, DT, CS, 16. */
const AROUND_DATA = 5
const LARGEST = 0x7fff

/**
 * How a frame of Q/GDW 1376.2 is recognised. Nothing repeats in it and other protocols begin with 68 too, so everything
 * is checked: mode, length with and without A, DT, end, sum. Reference §B1.
 */
export function gdw1376_2Framing({ maxSize = 2048 }: LocalFramingOptions = {}): Framing<'gdw1376.2'> {
  if (!Number.isInteger(maxSize) || maxSize < SHORTEST || maxSize > LARGEST) throw new RangeError(`maxSize: ${SHORTEST} to ${LARGEST}`)
  return { name: 'gdw1376.2', start: START, maxSize, probe: (window, at) => probe(window, at, maxSize) }
}

function probe(window: StreamWindow, at: number, maxSize: number): number | DiscardReason {
  const { bytes } = window
  const have = window.end - at
  if (have < HEADER) return -HEADER
  const size = bytes[at + 1]! | (bytes[at + 2]! << 8)
  if (size < SHORTEST || size > maxSize) return 'length'
  if (!isControl(bytes[at + 3]!)) return 'header'
  const dtAt = BEFORE_ADDRESS + addressSize(bytes[at + 3]! >> 7, bytes[at + 4]!) + 1
  if (dtAt - 1 + AROUND_DATA > size) return 'length'
  if (have < dtAt + 2) return -(dtAt + 2)
  if (bytes[at + dtAt] === 0 || bytes[at + dtAt + 1]! >= MAX_FN / 8) return 'header'
  if (have < size) return -size
  if (bytes[at + size - 1] !== END) return 'end'
  return window.sumHolds(at + 3, at + size - 2) ? size : 'checksum'
}

/** Bytes of A, by the first byte of R. */
function addressSize(dir: number, flags: number): number {
  return (flags & 0x04) === 0 ? 0 : NODE_SIZE * (2 + relaysOf(dir, flags >> 4))
}
