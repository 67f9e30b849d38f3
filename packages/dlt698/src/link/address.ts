import { EncodeError, bits, encode, reversedHex, u8 } from '@zhuzhan/codec'
import type { ByteReader, ByteWriter, Codec } from '@zhuzhan/codec'

const TYPES = ['single', 'wildcard', 'group', 'broadcast'] as const

export interface LinkAddress {
  type: (typeof TYPES)[number]
  /** 0 the device, 1 the terminal's AC-sampling meter; 2 announces an extended logical address in newer devices. */
  logical: number
  /** The extended logical address, when `logical` (2, or 3 where bit 5 alone counts) announces one. */
  extended?: number
  /** Server address in display order, hex digits, e.g. `000000000001`; a nibble `A` of a wildcard stands for any digit. */
  server: string
  /** Which process of the master station; 0 not specified. A server echoes it. */
  client: number
}

const Flag = bits(u8, { type: [6, 2], logical: [4, 2], more: [0, 4] })

/**
 * Which logical address announces an extended one (2021 revision), UNSURE in reference §1.2: the value 2, every value
 * with bit 5 of the flag (2 and 3), or none.
 */
export type ExtendedLogical = 'value-2' | 'bit-5' | 'none'

export interface AddressOptions {
  /** `value-2` unless said; true and false stand for `value-2` and `none`. */
  extendedLogical?: ExtendedLogical | boolean
}

function announces(logical: number, reading: ExtendedLogical | boolean = true): boolean {
  return logical === 2 ? reading !== false && reading !== 'none' : logical === 3 && reading === 'bit-5'
}

/** By the number of bytes: the flag counts up to 16. */
const SERVERS = Array.from({ length: 17 }, (_, size) => reversedHex(size))

/** Flag, SA low byte first, CA. The extended logical address counts as the first SA byte. Reference §1.2. */
export function readAddress(r: ByteReader, options: AddressOptions = {}): LinkAddress {
  const flag = Flag.read(r)
  const hasExtended = flag.logical >= 2 && flag.more > 0 && announces(flag.logical, options.extendedLogical)
  const extended = hasExtended ? part(r, 'extended', u8) : undefined
  const server = part(r, 'server', SERVERS[flag.more + (hasExtended ? 0 : 1)]!)
  const address: LinkAddress = { type: TYPES[flag.type]!, logical: flag.logical, server, client: part(r, 'client', u8) }
  if (extended !== undefined) address.extended = extended
  return address
}

function part<T>(r: ByteReader, name: string, codec: Codec<T>): T {
  return r.trace === undefined ? codec.read(r) : r.traced(name, codec)
}

/** Where the F goes that fills an odd number of digits, UNSURE in reference §1.2: behind the last digit, or before the first. */
export type FillerDigit = 'last' | 'first'

function writeServer(w: ByteWriter, { type, logical, extended, server }: LinkAddress, filler: FillerDigit = 'last'): void {
  if (!/^[0-9A-Fa-f]{1,32}$/.test(server)) throw new EncodeError('address.server', '1 to 32 hex digits')
  if (extended !== undefined && logical !== 2 && logical !== 3) throw new EncodeError('address.extended', 'none unless the logical address is 2 or 3')
  const digits = server.length % 2 === 0 ? server : filler === 'last' ? `${server}F` : `F${server}`
  const more = digits.length / 2 - (extended === undefined ? 1 : 0)
  Flag.write(w, { type: TYPES.indexOf(type), logical, more })
  if (extended !== undefined) w.u8(extended)
  w.hexReversed(digits)
}

export function writeAddress(w: ByteWriter, address: LinkAddress, filler?: FillerDigit): void {
  writeServer(w, address, filler)
  w.u8(address.client)
}

/** Flag and SA as they stand on the wire, without CA: what OSP-1 authenticates. @throws EncodeError */
export function addressBytes(address: LinkAddress): Buffer {
  return encode({ read: readAddress, write: writeServer }, address)
}
