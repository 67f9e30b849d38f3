/** What one packet carries between two ends. */
export interface Segment {
  transport: 'tcp' | 'udp'
  /** `10.0.0.1:9500`, `[fe80::1]:9500` */
  from: string
  to: string
  payload: Buffer
  /** TCP only. */
  sequence: number
  syn: boolean
  /** FIN or RST: nothing more comes from this side. */
  last: boolean
}

/** `fragment`: a piece of an IP packet, which is not joined. */
export type Unpacked = Segment | 'fragment' | undefined

const IPV4 = 0x0800
const IPV6 = 0x86dd
const VLAN = new Set([0x8100, 0x88a8, 0x9100])
const PPPOE = 0x8864
const TCP = 6
const UDP = 17

/** The TCP or UDP payload of a packet of that LINKTYPE; `undefined` for anything else, whatever the bytes are. */
export function unpack(link: number, bytes: Buffer): Unpacked {
  try {
    return network(link, bytes)
  } catch (error) {
    // A packet that was cut short by the capture.
    if ((error as NodeJS.ErrnoException).code === 'ERR_OUT_OF_RANGE' || (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_OUT_OF_BOUNDS') return undefined
    throw error
  }
}

function network(link: number, bytes: Buffer): Unpacked {
  switch (link) {
    case 1: return ethernet(bytes)
    case 0: case 108: return internet(bytes.subarray(4))
    case 12: case 14: case 101: case 228: case 229: return internet(bytes)
    case 113: return byType(bytes.readUInt16BE(14), bytes.subarray(16))
    case 276: return byType(bytes.readUInt16BE(0), bytes.subarray(20))
    default: return undefined
  }
}

function ethernet(bytes: Buffer): Unpacked {
  let at = 12
  while (VLAN.has(bytes.readUInt16BE(at))) at += 4
  return byType(bytes.readUInt16BE(at), bytes.subarray(at + 2))
}

function byType(type: number, bytes: Buffer): Unpacked {
  if (type === IPV4 || type === IPV6) return internet(bytes)
  // 6 bytes of PPPoE, then the PPP protocol: 0021 IPv4, 0057 IPv6.
  return type === PPPOE && [0x21, 0x57].includes(bytes.readUInt16BE(6)) ? internet(bytes.subarray(8)) : undefined
}

function internet(bytes: Buffer): Unpacked {
  const version = bytes.readUInt8(0) >> 4
  if (version === 4) return internet4(bytes)
  return version === 6 ? internet6(bytes) : undefined
}

function internet4(bytes: Buffer): Unpacked {
  const header = (bytes[0]! & 0x0f) * 4
  const size = bytes.readUInt16BE(2)
  const fragment = bytes.readUInt16BE(6) & 0x3fff
  const protocol = bytes.readUInt8(9)
  if (protocol !== TCP && protocol !== UDP) return undefined
  if (fragment !== 0) return 'fragment'
  // Ethernet pads short packets; offloading leaves the size 0.
  return transport(protocol, bytes.subarray(header, size >= header ? size : bytes.length), [...bytes.subarray(12, 16)].join('.'), [...bytes.subarray(16, 20)].join('.'))
}

/** Extension headers that say how long they are: hop-by-hop, routing, destination options. */
const EXTENSIONS = new Set([0, 43, 60])
const FRAGMENT = 44

function internet6(bytes: Buffer): Unpacked {
  let next = bytes.readUInt8(6)
  let at = 40
  while (EXTENSIONS.has(next)) {
    next = bytes.readUInt8(at)
    at += (bytes.readUInt8(at + 1) + 1) * 8
  }
  if (next === FRAGMENT) return 'fragment'
  const size = bytes.readUInt16BE(4)
  return transport(next, bytes.subarray(at, size === 0 ? bytes.length : 40 + size), address6(bytes, 8), address6(bytes, 24))
}

function address6(bytes: Buffer, at: number): string {
  return `[${Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i).toString(16)).join(':').replace(/(?:^|:)0(?::0)+(?::|$)/, '::')}]`
}

function transport(protocol: number, bytes: Buffer, source: string, destination: string): Segment | undefined {
  if (protocol !== TCP && protocol !== UDP) return undefined
  const ends = { from: `${source}:${bytes.readUInt16BE(0)}`, to: `${destination}:${bytes.readUInt16BE(2)}` }
  if (protocol === UDP) {
    const size = bytes.readUInt16BE(4)
    return { transport: 'udp', ...ends, payload: bytes.subarray(8, size >= 8 ? size : bytes.length), sequence: 0, syn: false, last: false }
  }
  const flags = bytes.readUInt8(13)
  return {
    transport: 'tcp', ...ends, payload: bytes.subarray((bytes[12]! >> 4) * 4), sequence: bytes.readUInt32BE(4), syn: (flags & 0x02) !== 0, last: (flags & 0x05) !== 0,
  }
}
