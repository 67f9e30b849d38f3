import { ByteWriter, EncodeError } from '@zhuzhan/codec'
import type { FrameReading } from '@zhuzhan/codec'
import { restOf } from '../wire/rest.js'
import type { Rest } from '../wire/rest.js'
import type { UpwardAddress } from './link/address.js'
import type { Auxiliary } from './link/auxiliary.js'
import type { UpwardControl } from './link/control.js'
import { DATA_AT, PROTOCOL_ID, decodeLink, encodeLink } from './link/frame.js'
import type { UpwardLink } from './link/frame.js'
import type { Seq } from './link/seq.js'
import type { DataUnit } from './units/data-unit.js'
import { readUnits } from './units/read-units.js'
import { writeUnit } from './units/write-units.js'

/** A frame of Q/GDW 1376.1 with its data units. */
export interface UpwardFrame extends Auxiliary {
  /** 2; see UpwardLink. */
  protocolId: number
  control: UpwardControl
  address: UpwardAddress
  /** Two hex digits. */
  afn: string
  seq: Seq
  units: DataUnit[]
  /** What stands behind the last unit, or the last content of it, and could not be read. */
  rest?: Rest
}

/** One whole frame. @throws DecodeError FRAME_INVALID; data that cannot be read are no error but `rest` */
export function decodeUpward(bytes: Uint8Array, reading: FrameReading = {}): UpwardFrame {
  let data: Pick<UpwardFrame, 'units' | 'rest'> = { units: [] }
  const { protocolId, control, address, afn, seq, data: _bytes, auxiliaryMissing: _why, ...auxiliary } = decodeLink(bytes, reading, (link) => {
    data = readData(link, reading)
  })
  return { protocolId, control, address, afn, seq, ...data, ...auxiliary }
}

function readData({ protocolId, control, afn, data, auxiliaryMissing }: UpwardLink, reading: FrameReading): Pick<UpwardFrame, 'units' | 'rest'> {
  const unread = auxiliaryMissing ?? (protocolId === PROTOCOL_ID['1376.1'] ? undefined : 'no layouts are known for 130-2005')
  if (unread === undefined) return readUnits(data, { ...reading, afn: Number.parseInt(afn, 16), dir: control.dir, origin: DATA_AT })
  const rest = restOf(data, DATA_AT, unread)
  reading.trace?.leaf('rest', DATA_AT, DATA_AT + data.length, rest.hex)
  return { units: [], rest }
}

/** The bytes of a frame, also of what decodeUpward gave. @throws EncodeError */
export function encodeUpward(frame: UpwardFrame): Buffer {
  try {
    const w = new ByteWriter(256)
    const { units, rest, ...link } = frame
    const afn = Number.parseInt(frame.afn, 16)
    units.forEach((unit, i) => writeUnit(w, unit, { afn, dir: frame.control.dir, open: rest !== undefined && i === units.length - 1 }))
    if (rest !== undefined) w.hex(rest.hex)
    return encodeLink({ ...link, data: w.finish() })
  } catch (error) {
    throw error instanceof EncodeError ? error : new EncodeError('', 'a frame as decodeUpward gives it', { cause: error })
  }
}
