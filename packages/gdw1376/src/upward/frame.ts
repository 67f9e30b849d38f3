import { ByteWriter, EncodeError } from '@zhuzhan/codec'
import type { FrameReading } from '@zhuzhan/codec'
import { unreadFrom } from '../wire/unread.js'
import type { Unread } from '../wire/unread.js'
import type { UpwardAddress } from './link/address.js'
import type { Auxiliary } from './link/auxiliary.js'
import type { UpwardControl } from './link/control.js'
import { DATA_AT, PROTOCOL_ID, decodeLink, encodeLink } from './link/frame.js'
import type { UpwardLink } from './link/frame.js'
import type { Seq } from './link/seq.js'
import { MAX_UNITS } from './units/data-unit.js'
import type { DataUnit } from './units/data-unit.js'
import { readUnits } from './units/read-units.js'
import type { DataUnits } from './units/read-units.js'
import { writeUnit } from './units/write-units.js'

/**
 * A frame of Q/GDW 1376.1 with its data units. `data`, if any: what stands behind the last unit, or behind the last
 * content of it, and could not be read.
 */
export interface UpwardFrame extends Auxiliary, Partial<Unread> {
  /** 2; see UpwardLink. */
  protocolId: number
  control: UpwardControl
  address: UpwardAddress
  /** Two hex digits. */
  afn: string
  seq: Seq
  units: DataUnit[]
}

/** One whole frame. @throws DecodeError FRAME_INVALID; data that cannot be read are no error but `data` */
export function decodeUpward(bytes: Uint8Array, reading: FrameReading = {}): UpwardFrame {
  let units: DataUnits = { units: [] }
  const { protocolId, control, address, afn, seq, data: _bytes, auxiliaryMissing: _why, ...auxiliary } = decodeLink(bytes, reading, (link) => {
    units = readData(link, reading)
  })
  return { protocolId, control, address, afn, seq, ...units, ...auxiliary }
}

function readData({ protocolId, control, afn, data, auxiliaryMissing }: UpwardLink, reading: FrameReading): DataUnits {
  const why = auxiliaryMissing ?? (protocolId === PROTOCOL_ID['1376.1'] ? undefined : 'a known layout of 130-2005')
  if (why === undefined) return readUnits(data, { ...reading, afn: Number.parseInt(afn, 16), dir: control.dir, origin: DATA_AT })
  const unread = unreadFrom(data, DATA_AT, why)
  reading.trace?.leaf('data', DATA_AT, DATA_AT + data.length, unread.data)
  return { units: [], ...unread }
}

/** The bytes of a frame, also of what decodeUpward gave. @throws EncodeError */
export function encodeUpward(frame: UpwardFrame): Buffer {
  try {
    const w = new ByteWriter(256)
    const { units, data, dataError: _why, ...link } = frame
    const afn = Number.parseInt(frame.afn, 16)
    if (units.length > MAX_UNITS) throw new EncodeError('units', `at most ${MAX_UNITS} data units`)
    units.forEach((unit, i) => writeUnit(w, unit, { afn, dir: frame.control.dir, open: data !== undefined && i === units.length - 1 }))
    if (data !== undefined) w.hex(data)
    return encodeLink({ ...link, data: w.finish() })
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', 'a frame as decodeUpward gives it', { cause: error })
  }
}
