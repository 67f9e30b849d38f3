import { ByteReader, DecodeError, EncodeError, encode } from '@zhuzhan/codec'
import type { Limits, Quirk, Tracer } from '@zhuzhan/codec'
import { ApduTable } from './apdu.js'
import type { Apdu, LeftOff } from './apdu.js'
import type { RoadReading } from './records.js'
import type { TailReading } from './tail.js'

/** How ROAD columns stand in rows: one cell a related OAD, one array cell a ROAD, or whichever ends exactly, flat first. */
export type RoadCells = 'auto' | 'flat' | 'nested'

export interface DecodeApduOptions {
  /** Accept missing FollowReport and TimeTag bytes and bytes after the end; `leftOff` tells. Reference §10.2. */
  tolerant?: boolean
  limits?: Partial<Limits>
  /** UNSURE in reference §3.4; `auto` unless said. */
  roadCells?: RoadCells
  /** Take verification choice 1 of a SECURITY-Response for SID_MAC, UNSURE in reference §5; it is refused unless said. */
  sidMacResponse?: boolean
  /** Collects where the members stand, in the reading that was taken; `origin` is the position of the first byte. */
  trace?: Tracer | undefined
  origin?: number
}

/**
 * One APDU from exactly these bytes. Record rows are read with flattened ROAD cells first, then, when that does not
 * end exactly, with one array cell a ROAD (reference §3.4). Only when both fail does tolerance apply.
 *
 * @throws DecodeError APDU_INVALID, whatever the bytes are
 */
export function decodeApdu(bytes: Uint8Array, options: DecodeApduOptions = {}): Apdu {
  const start = options.trace?.mark()
  try {
    return readings(bytes, options, false)
  } catch (error) {
    if (options.tolerant !== true || !(error instanceof DecodeError)) throw error
    if (start) options.trace!.rewind(start)
    return readings(bytes, options, true)
  }
}

function readings(bytes: Uint8Array, options: DecodeApduOptions, tolerant: boolean): Apdu {
  const { roadCells = 'auto', trace } = options
  const roads: RoadReading = { nested: roadCells === 'nested', seen: false }
  const start = trace?.mark()
  try {
    return read(bytes, options, roads, tolerant)
  } catch (error) {
    if (!roads.seen || roadCells !== 'auto' || !(error instanceof DecodeError)) throw error
    if (start) trace!.rewind(start)
    try {
      return read(bytes, options, { nested: true, seen: true }, tolerant)
    } catch {
      // Flattened cells are the rule: their error says more, and their spans.
      if (!start) throw error
      trace!.rewind(start)
      return read(bytes, options, { nested: false, seen: true }, tolerant)
    }
  }
}

function read(bytes: Uint8Array, options: DecodeApduOptions, roads: RoadReading, tolerant: boolean): Apdu {
  const { limits, trace, origin, sidMacResponse } = options
  const quirks: Quirk[] = []
  const tail: TailReading | undefined = tolerant ? { missing: 0 } : undefined
  const settings = { roads, tail, sidMacResponse }
  const reader = new ByteReader(bytes, trace || limits ? { quirks, settings, trace, origin: origin ?? 0, ...(limits && { limits }) } : { quirks, settings })
  const start = trace?.mark()
  try {
    const apdu = ApduTable.read(reader) as Apdu
    if (quirks.length > 0) apdu.quirks = quirks
    if (tail === undefined) reader.finish()
    else if (tail.missing > 0 || reader.remaining > 0) apdu.leftOff = leftOff(reader, tail)
    return apdu
  } catch (error) {
    if (start) trace!.stop(start, reader.origin + reader.offset)
    throw error
  }
}

function leftOff(reader: ByteReader, { missing }: TailReading): LeftOff {
  const at = reader.origin + reader.offset
  const trailing = reader.hex(reader.remaining)
  if (trailing !== '') reader.trace?.leaf('trailing', at, reader.origin + reader.offset, trailing)
  return { missing, trailing }
}

/** The bytes of an APDU; what decodeApdu gave comes back identical, `quirks` and `leftOff` included. @throws EncodeError */
export function encodeApdu(apdu: Apdu): Buffer {
  const whole = encode(ApduTable, apdu, apdu.quirks ? { quirks: apdu.quirks } : {})
  if (apdu.leftOff === undefined) return whole
  const { missing, trailing } = apdu.leftOff
  const end = whole.length - missing
  if (missing < 0 || missing > 2 || whole.subarray(end).some((byte) => byte !== 0)) throw new EncodeError('leftOff.missing', 'absent tail members')
  return Buffer.concat([whole.subarray(0, end), Buffer.from(trailing, 'hex')])
}
