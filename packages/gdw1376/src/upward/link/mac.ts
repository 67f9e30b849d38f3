import { EncodeError, encode } from '@zhuzhan/codec'
import { settingOf } from '../../settings.js'
import { AUXILIARY } from './auxiliary.js'
import { DATA_AT, decodeLink } from './frame.js'

/** AFN stands right before SEQ and the data. */
const AFN_AT = DATA_AT - 2
const MAC_SIZE = 4
const PW_SIZE = 16

/**
 * What the MAC in PW covers under authentication scheme 255: AFN, SEQ, identifiers and data; whether Tp too is a setting
 * (`tpInMac`). From one firmware. Reference §A1.
 *
 * @throws DecodeError when these are not the bytes of a frame
 */
export function macInput(frame: Uint8Array, settings?: Readonly<Record<string, unknown>>): Buffer {
  const { data, tp } = decodeLink(frame, settings && { settings })
  const covered = Buffer.from(frame.subarray(AFN_AT, DATA_AT + data.length))
  const tag = settingOf(settings, 'tpInMac') === 'included' ? tp : undefined
  return tag === undefined ? covered : Buffer.concat([covered, encode(AUXILIARY[2].codec, tag)])
}

/** PW with the 4 bytes that the chip gave as MAC: reversed on the wire, the rest 0. @throws EncodeError */
export function pwWithMac(mac: Uint8Array): string {
  if (mac.length !== MAC_SIZE) throw new EncodeError('mac', `${MAC_SIZE} bytes`)
  return Buffer.from(mac).reverse().toString('hex').toUpperCase().padEnd(PW_SIZE * 2, '0')
}
