import { ByteReader, DecodeError, EncodeError, encode } from '@zhuzhan/codec'
import type { Limits, Quirk } from '@zhuzhan/codec'
import { ApduTable } from './apdu.js'
import type { Apdu } from './apdu.js'
import type { RoadReading } from './records.js'
import type { TailReading } from './tail.js'

export interface DecodeApduOptions {
  /** Accept missing FollowReport and TimeTag bytes and bytes after the end; `leftOff` tells. Reference §10.2. */
  tolerant?: boolean
  limits?: Partial<Limits>
}

/**
 * One APDU from exactly these bytes. Record rows are read with flattened ROAD cells first, then, when that does not
 * end exactly, with one array cell a ROAD (reference §3.4). Only when both fail does tolerance apply.
 *
 * @throws DecodeError APDU_INVALID, whatever the bytes are
 */
export function decodeApdu(bytes: Uint8Array, options: DecodeApduOptions = {}): Apdu {
  try {
    return readings(bytes, options.limits, undefined)
  } catch (error) {
    if (options.tolerant !== true || !(error instanceof DecodeError)) throw error
    return readings(bytes, options.limits, { missing: 0 })
  }
}

function readings(bytes: Uint8Array, limits: Partial<Limits> | undefined, tail: TailReading | undefined): Apdu {
  const roads: RoadReading = { nested: false, seen: false }
  try {
    return read(bytes, limits, roads, tail)
  } catch (error) {
    if (!roads.seen || !(error instanceof DecodeError)) throw error
    if (tail) tail.missing = 0
    try {
      return read(bytes, limits, { nested: true, seen: true }, tail)
    } catch {
      // Flattened cells are the rule: their error says more.
      throw error
    }
  }
}

function read(bytes: Uint8Array, limits: Partial<Limits> | undefined, roads: RoadReading, tail: TailReading | undefined): Apdu {
  const quirks: Quirk[] = []
  const reader = new ByteReader(bytes, { quirks, settings: { roads, tail }, ...(limits && { limits }) })
  const apdu = ApduTable.read(reader) as Apdu
  if (quirks.length > 0) apdu.quirks = quirks
  if (tail === undefined) reader.finish()
  else if (tail.missing > 0 || reader.remaining > 0) apdu.leftOff = { missing: tail.missing, trailing: reader.hex(reader.remaining) }
  return apdu
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
