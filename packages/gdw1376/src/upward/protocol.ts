import type { FrameReading, FrameValue, Protocol } from '@zhuzhan/codec'
import { SETTINGS } from '../settings.js'
import { describeUpward } from './describe.js'
import { decodeUpward, encodeUpward } from './frame.js'
import type { UpwardFrame } from './frame.js'
import { UPWARD_TERMS } from './labels.js'
import { gdw1376_1Framing } from './link/framing.js'
import { upwardValues } from './values.js'

/** A frame as toJson gives it: that of decodeUpward with its quantities. */
export type UpwardJson = UpwardFrame & { values?: FrameValue[] }

/**
 * A frame for people and scripts: bytes as upper-case hex, words for the numbers the reference names, `data` in hex where
 * no layout is known. The frame inside of AFN 10 is left to the caller.
 *
 * @throws DecodeError FRAME_INVALID; whatever decodes comes back from fromJson byte by byte
 */
function toJson(bytes: Uint8Array, reading?: FrameReading): UpwardJson {
  const frame = decodeUpward(bytes, reading)
  const values = upwardValues(frame.afn, frame.units)
  return values.length === 0 ? frame : { ...frame, values }
}

/** Q/GDW 1376.1, between master station and terminal. */
export const gdw1376_1: Protocol<'gdw1376.1'> = {
  name: 'gdw1376.1',
  framing: gdw1376_1Framing(),
  settings: SETTINGS.filter(({ clause }) => clause.startsWith('gdw1376.md §A')),
  toJson,
  fromJson: (json) => encodeUpward(json as UpwardFrame),
  labels: UPWARD_TERMS,
  describe: describeUpward,
}
