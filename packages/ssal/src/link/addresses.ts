import { EncodeError, bits, convert, u8 } from '@zhuzhan/codec'
import type { ByteReader, Codec } from '@zhuzhan/codec'
import { numberOf, wordOf } from '../catalogue/table.js'
import { CHANNELS } from '../catalogue/tables.js'

/** What D3-D0 of the DA length byte hold: UNSURE, reference §2 (setting `terminalLength`). */
export type TerminalLength = 'minus-one' | 'length'

/** DA. Sent low byte first; addresses stand here in reading order. */
export interface DestinationAddress {
  /** Hex digits, or `10.0.0.1` where the device type has an IP address. */
  terminal: string
  /** Hex digits, empty when absent. */
  master: string
  terminalLength: TerminalLength
  /** D7 of the length byte, when it is 1. */
  reserved?: true
}

/** SA and TA: an IP address with a port. Both low byte first. */
export interface Endpoint {
  /** `10.0.0.1` when it has 4 bytes, hex digits otherwise; empty when absent. */
  ip: string
  /** A number when it has 2 bytes, hex digits otherwise; empty when absent. */
  port: number | string
}

/** CI: the channel, and as many bytes of it as the low nibble says; what they mean is not described. */
export interface ChannelInformation {
  /** A word of CHANNELS, or the number. */
  channel: string | number
  /** Hex. */
  data: string
}

const DestinationLength = bits(u8, { reserved: [7], master: [4, 3], terminal: [0, 4] })

/** So many bytes, low byte first, as a member of their own. */
function reversedMember(r: ByteReader, name: string, size: number, text: (hex: string) => string | number = (hex) => hex): string | number {
  const from = r.origin + r.offset
  const value = text(r.hexReversed(size))
  r.trace?.leaf(name, from, from + size, value)
  return value
}

/** A length byte; its parts would only disturb the tree. */
function lengthByte<T>(r: ByteReader, codec: Codec<T>): T {
  const mark = r.trace?.mark()
  const from = r.origin + r.offset
  const value = codec.read(r)
  if (mark !== undefined) {
    r.trace!.rewind(mark)
    r.trace!.leaf('lengths', from, from + 1, value)
  }
  return value
}

/** `ip`: the device type has an IP address as its terminal address. Reference §2. */
export function destinationAddress(terminalLength: TerminalLength, ip: boolean): Codec<DestinationAddress> {
  return {
    read: (r) => {
      const length = lengthByte(r, DestinationLength)
      const terminal = reversedMember(r, 'terminal', length.terminal + (terminalLength === 'minus-one' ? 1 : 0), ip ? addressText : String) as string
      const address: DestinationAddress = { terminal, master: reversedMember(r, 'master', length.master) as string, terminalLength }
      if (length.reserved) address.reserved = true
      return address
    },
    write: (w, { terminal, master, terminalLength: form, reserved = false }) => {
      const digits = addressDigits(terminal)
      DestinationLength.write(w, { reserved, master: master.length / 2, terminal: digits.length / 2 - (form === 'minus-one' ? 1 : 0) })
      w.hexReversed(digits)
      w.hexReversed(master)
    },
  }
}

const EndpointLength = bits(u8, { port: [5, 3], ip: [0, 5] })

export const Endpoint: Codec<Endpoint> = {
  read: (r) => {
    const length = lengthByte(r, EndpointLength)
    const ip = reversedMember(r, 'ip', length.ip, addressText) as string
    return { ip, port: reversedMember(r, 'port', length.port, (hex) => hex.length === 4 ? Number.parseInt(hex, 16) : hex) }
  },
  write: (w, { ip, port }) => {
    const digits = addressDigits(ip)
    const portDigits = typeof port === 'number' ? hexNumber(port) : port
    EndpointLength.write(w, { ip: digits.length / 2, port: portDigits.length / 2 })
    w.hexReversed(digits)
    w.hexReversed(portDigits)
  },
}

const ChannelHead = bits(u8, { channel: [4, 4], length: [0, 4] })

export const ChannelInformation: Codec<ChannelInformation> = {
  read: (r) => {
    const { channel, length } = ChannelHead.read(r)
    return { channel: wordOf(CHANNELS, channel), data: r.hex(length) }
  },
  write: (w, { channel, data }) => {
    ChannelHead.write(w, { channel: numberOf(CHANNELS, channel), length: data.length / 2 })
    w.hex(data)
  },
}

/** GA: the gateway's IP address behind its length. */
export const GatewayAddress: Codec<string> = convert(
  {
    read: (r) => r.hexReversed(r.u8()),
    write: (w, hex) => {
      w.u8(hex.length / 2)
      w.hexReversed(hex)
    },
  },
  addressText, addressDigits,
)

/** Four bytes as an IP address. */
function addressText(hex: string): string {
  return hex.length === 8 ? [...Buffer.from(hex, 'hex')].join('.') : hex
}

function addressDigits(text: string): string {
  if (!text.includes('.')) return text
  const parts = text.split('.')
  if (parts.length !== 4 || parts.some((part) => !/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255)) throw new EncodeError('', 'an IP address or hex digits')
  return Buffer.from(parts.map(Number)).toString('hex').toUpperCase()
}

function hexNumber(port: number): string {
  if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw new EncodeError('port', 'a port number')
  return port.toString(16).toUpperCase().padStart(4, '0')
}
