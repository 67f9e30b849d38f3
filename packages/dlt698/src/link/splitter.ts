import { createStreamSplitter } from '@zhuzhan/codec'
import type { DiscardReason, Framing, Splitter, SplitterEvents, StreamWindow } from '@zhuzhan/codec'
import { BEFORE_SA, END, MAX_LENGTH, START } from './frame.js'

const HCS_SIZE = 2
/** Flag, SA, CA, HCS and FCS besides L and C: the shortest L for an address of one byte. */
const SHORTEST = 10

export interface FramingOptions {
  /** Greatest L that is accepted (the frame has two bytes more). */
  maxLength?: number
}

/** How a frame of DL/T 698.45 is recognised, reference §1: the header checksum is checked before L is trusted. */
export function dlt698Framing({ maxLength = 2048 }: FramingOptions = {}): Framing<'dlt698'> {
  if (!Number.isInteger(maxLength) || maxLength < SHORTEST || maxLength > MAX_LENGTH) throw new RangeError(`maxLength: ${SHORTEST} to ${MAX_LENGTH}`)
  return { name: 'dlt698', start: START, maxSize: maxLength + 2, probe: (window, at) => probe(window, at, maxLength) }
}

function probe(window: StreamWindow, at: number, maxLength: number): number | DiscardReason {
  const { bytes } = window
  const have = window.end - at
  if (have < 3) return -3
  const length = bytes[at + 1]! | (bytes[at + 2]! << 8)
  if (length < SHORTEST || length > maxLength) return 'length'
  if (have < BEFORE_SA) return -BEFORE_SA
  const header = BEFORE_SA + (bytes[at + 4]! & 0x0f) + 2
  if (length < header + HCS_SIZE + 1) return 'length'
  if (have < header + HCS_SIZE) return -(header + HCS_SIZE)
  if (!window.crcHolds(at + 1, at + header)) return 'header'
  if (have < length + 2) return -(length + 2)
  if (bytes[at + length + 1] !== END) return 'end'
  return window.crcHolds(at + 1, at + length - 1) ? length + 2 : 'checksum'
}

export type SplitterOptions = FramingOptions & SplitterEvents<'dlt698'>

/** Cuts a stream of DL/T 698.45 into frames; see createStreamSplitter. */
export function createSplitter(options: SplitterOptions): Splitter {
  return createStreamSplitter(framingsOf(options.maxLength), options)
}

/** By maxLength: splitters with the same list share its table. */
const framings = new Map<number | undefined, readonly Framing<'dlt698'>[]>()

function framingsOf(maxLength: number | undefined): readonly Framing<'dlt698'>[] {
  let list = framings.get(maxLength)
  if (!list) framings.set(maxLength, (list = [dlt698Framing(maxLength === undefined ? {} : { maxLength })]))
  return list
}
