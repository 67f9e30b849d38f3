import { EncodeError, bits, encode, u8 } from '@zhuzhan/codec'
import type { ByteReader, ByteWriter } from '@zhuzhan/codec'

const TYPES = ['single', 'wildcard', 'group', 'broadcast'] as const

export interface LinkAddress {
  type: (typeof TYPES)[number]
  /** 0 the device, 1 the terminal's AC-sampling meter; 2 announces an extended logical address in newer devices. */
  logical: number
  /** The extended logical address, when `logical` is 2. */
  extended?: number
  /** Server address in display order, hex digits, e.g. `000000000001`; a nibble `A` of a wildcard stands for any digit. */
  server: string
  /** Which process of the master station; 0 not specified. A server echoes it. */
  client: number
}

const Flag = bits(u8, { type: [6, 2], logical: [4, 2], more: [0, 4] })

export interface AddressOptions {
  /** Take logical address 2 as "an extended logical address byte follows" (2021 revision). On unless said. Reference §1.2. */
  extendedLogical?: boolean
}

/** Flag, SA low byte first, CA. The extended logical address counts as the first SA byte. Reference §1.2. */
export function readAddress(r: ByteReader, options: AddressOptions = {}): LinkAddress {
  const flag = Flag.read(r)
  const hasExtended = flag.logical === 2 && flag.more > 0 && options.extendedLogical !== false
  const extended = hasExtended ? r.u8() : undefined
  const server = reversedHex(r.hex(flag.more + (hasExtended ? 0 : 1)))
  const address: LinkAddress = { type: TYPES[flag.type]!, logical: flag.logical, server, client: r.u8() }
  if (extended !== undefined) address.extended = extended
  return address
}

function writeServer(w: ByteWriter, { type, logical, extended, server }: LinkAddress): void {
  if (!/^[0-9A-Fa-f]{1,32}$/.test(server)) throw new EncodeError('address.server', '1 to 32 hex digits')
  if (extended !== undefined && logical !== 2) throw new EncodeError('address.extended', 'none unless the logical address is 2')
  const digits = server.length % 2 === 0 ? server : `${server}F` // UNSURE at which end the filler goes, reference §1.2
  const more = digits.length / 2 - (extended === undefined ? 1 : 0)
  Flag.write(w, { type: TYPES.indexOf(type), logical, more })
  if (extended !== undefined) w.u8(extended)
  w.hex(reversedHex(digits))
}

export function writeAddress(w: ByteWriter, address: LinkAddress): void {
  writeServer(w, address)
  w.u8(address.client)
}

/** Flag and SA as they stand on the wire, without CA: what OSP-1 authenticates. @throws EncodeError */
export function addressBytes(address: LinkAddress): Buffer {
  return encode({ read: readAddress, write: writeServer }, address)
}

/** The bytes of a hex text in reverse order. */
function reversedHex(hex: string): string {
  let text = ''
  for (let i = hex.length - 2; i >= 0; i -= 2) text += hex.slice(i, i + 2)
  return text.toUpperCase()
}
