import type { FrameReading, FrameValue, Protocol } from '@zhuzhan/codec'
import { SETTINGS } from '../settings.js'
import { quantitiesIn } from '../values.js'
import { describeLocal } from './describe.js'
import { decodeLocal, encodeLocal } from './frame.js'
import type { LocalFrame } from './frame.js'
import { LOCAL_TERMS } from './labels.js'
import { gdw1376_2Framing } from './link/framing.js'

/** A frame as toJson gives it: that of decodeLocal with its quantities. */
export type LocalJson = LocalFrame & { values?: FrameValue[] }

/**
 * A frame for people and scripts: bytes as upper-case hex, words for the numbers the reference names, `data` in hex where
 * no layout is known. Frames inside (`content`, `frame`) are left to the caller.
 *
 * @throws DecodeError FRAME_INVALID; whatever decodes comes back from fromJson byte by byte
 */
function toJson(bytes: Uint8Array, reading?: FrameReading): LocalJson {
  const frame = decodeLocal(bytes, reading)
  const of = frame.address && (frame.control.dir === 1 ? frame.address.source : frame.address.destination)
  const values = typeof frame.data !== 'object' ? [] : quantitiesIn(frame.data, LOCAL_TERMS, { item: `${frame.afn} F${frame.fn[0]}`, of })
  return values.length === 0 ? frame : { ...frame, values }
}

/** Q/GDW 1376.2, between concentrator and local module. */
export const gdw1376_2: Protocol<'gdw1376.2'> = {
  name: 'gdw1376.2',
  framing: gdw1376_2Framing(),
  settings: SETTINGS.filter(({ clause }) => clause.startsWith('gdw1376.md §B')),
  toJson,
  fromJson: (json) => encodeLocal(json as LocalFrame),
  labels: LOCAL_TERMS,
  describe: describeLocal,
}
