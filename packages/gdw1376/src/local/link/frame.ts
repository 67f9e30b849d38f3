import { ByteReader, ByteWriter, EncodeError, hexOctets, u16le } from '@zhuzhan/codec'
import type { Codec, FrameReading } from '@zhuzhan/codec'
import { Dt } from '../../wire/dt.js'
import { START, endByte, readChecksum, startByte, writeEnd } from '../../wire/ends.js'
import { addressOf, relaysOf } from './address.js'
import type { LocalAddress } from './address.js'
import { LocalControl } from './control.js'
import { informationOf } from './information.js'
import type { LocalInformation } from './information.js'

/** A whole frame without A and data: 68, L, C, R, AFN, DT, CS, 16. */
export const SHORTEST = 15
export const MAX_SIZE = 0xffff

/** Offset of C, where the sum begins. */
const CONTROL_AT = 3

const Afn = hexOctets(1)
const checksum = { read: (r: ByteReader) => readChecksum(r, CONTROL_AT) }

/** The link layer of one frame. */
export interface LocalLink {
  control: LocalControl
  information: LocalInformation
  address?: LocalAddress
  /** Application function, two hex digits. */
  afn: string
  /** Functions of the DT: one, as every frame of the reference has. */
  fn: readonly number[]
  data: Buffer
}

/**
 * Exactly one frame, 68 to 16. L counts all of it. Reference §B1.
 *
 * @param readData called with the link once its checks are made, while a tracer stands before the data
 * @throws DecodeError FRAME_INVALID
 */
export function decodeLink(bytes: Uint8Array, { trace }: FrameReading = {}, readData?: (link: LocalLink, at: number) => void): LocalLink {
  const r = new ByteReader(bytes, { code: 'FRAME_INVALID', trace })
  const part = <T>(name: string, codec: Pick<Codec<T>, 'read'>): T => trace === undefined ? codec.read(r) : r.traced(name, codec)
  part('start', startByte)
  const size = part('length', u16le)
  if (size < SHORTEST) r.fail(`L of at least ${SHORTEST}`, 1)
  if (size !== bytes.length) r.fail(`L = ${Math.max(SHORTEST, bytes.length)}`, 1)
  const control = part('control', LocalControl)
  const information = part('information', informationOf(control.dir))
  const address = information.module ? part('address', addressOf(control.dir, information.relayLevel)) : undefined
  const afn = part('afn', Afn)
  const fn = part('fn', Dt)

  const at = r.offset
  if (r.remaining < 2) r.fail('CS and 16')
  const data = r.bytes(r.remaining - 2)
  const link: LocalLink = { control, information, ...(address && { address }), afn, fn, data }
  readData?.(link, at)
  part('checksum', checksum)
  part('end', endByte)
  return link
}

/** The whole frame. @throws EncodeError */
export function encodeLink({ control, information, address, afn, fn, data }: LocalLink): Buffer {
  if (information.module !== (address !== undefined)) throw new EncodeError('address', 'an address when the module flag is set, and only then')
  const relays = relaysOf(control.dir, information.relayLevel)
  if (address !== undefined && (address.relays ?? []).length !== relays) throw new EncodeError('address.relays', `${relays} relays`)
  const w = new ByteWriter(data.length + 64)
  w.u8(START)
  w.u16le(0)
  LocalControl.write(w, control)
  informationOf(control.dir).write(w, information)
  if (address !== undefined) addressOf(control.dir, information.relayLevel).write(w, address)
  Afn.write(w, afn)
  Dt.write(w, [...fn])
  w.bytes(data)
  const size = w.length + 2
  if (size > MAX_SIZE) throw new EncodeError('data', `a frame of at most ${MAX_SIZE} bytes`)
  w.finish().writeUInt16LE(size, 1)
  writeEnd(w, CONTROL_AT)
  return w.finish()
}
