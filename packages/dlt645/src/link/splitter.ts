import { createStreamSplitter } from '@zhuzhan/codec'
import type { DiscardReason, Framing, Splitter, SplitterEvents, StreamWindow } from '@zhuzhan/codec'
import { END, MAX_LENGTH, OVERHEAD, START } from './frame.js'

/** Greatest L of the standard. Reference §1. */
const STANDARD_LENGTH = 200

export interface FramingOptions {
  /** Greatest L that is accepted, 200 unless said: what a false start makes us wait for. */
  maxLength?: number
}

/** How a frame of DL/T 645 is recognised, reference §1: 68, again seven bytes on, 16 where L says, then the sum. */
export function dlt645Framing({ maxLength = STANDARD_LENGTH }: FramingOptions = {}): Framing<'dlt645'> {
  if (!Number.isInteger(maxLength) || maxLength < 0 || maxLength > MAX_LENGTH) throw new RangeError(`maxLength: 0 to ${MAX_LENGTH}`)
  return { name: 'dlt645', start: START, maxSize: maxLength + OVERHEAD, probe: (window, at) => probe(window, at, maxLength) }
}

function probe(window: StreamWindow, at: number, maxLength: number): number | DiscardReason {
  const { bytes } = window
  const have = window.end - at
  if (have < OVERHEAD) return -OVERHEAD
  if (bytes[at + 7] !== START) return 'header'
  const length = bytes[at + 9]!
  if (length > maxLength) return 'length'
  const size = length + OVERHEAD
  if (have < size) return -size
  if (bytes[at + size - 1] !== END) return 'end'
  return window.sumHolds(at, at + size - 2) ? size : 'checksum'
}

export type SplitterOptions = FramingOptions & SplitterEvents<'dlt645'>

/** Cuts a stream of DL/T 645 into frames; see createStreamSplitter. */
export function createDlt645Splitter(options: SplitterOptions): Splitter {
  return createStreamSplitter([dlt645Framing(options)], options)
}
