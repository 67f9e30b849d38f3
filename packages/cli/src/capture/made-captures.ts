/** Capture files for tests, byte by byte from the formats' definitions. */

export interface MadePacket {
  transport: 'tcp' | 'udp'
  from: readonly [ip: string, port: number]
  to: readonly [ip: string, port: number]
  payload: Buffer
  sequence?: number
  /** TCP flags; 18 acknowledged data unless said. */
  flags?: number
  time?: number
}

const u16 = (value: number) => Buffer.from([value >> 8, value & 0xff])
const u32 = (value: number) => Buffer.from([value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff])
const ip4 = (text: string) => Buffer.from(text.split('.').map(Number))

function transport({ transport: kind, from, to, payload, sequence = 0, flags = 0x18 }: MadePacket): Buffer {
  if (kind === 'udp') return Buffer.concat([u16(from[1]), u16(to[1]), u16(8 + payload.length), u16(0), payload])
  return Buffer.concat([u16(from[1]), u16(to[1]), u32(sequence), u32(0), Buffer.from([0x50, flags]), u16(1024), u16(0), u16(0), payload])
}

/** An IPv4 packet; `fragment`: more of it follows elsewhere. */
export function internet4(packet: MadePacket, fragment = 0): Buffer {
  const inner = transport(packet)
  return Buffer.concat([
    Buffer.from([0x45, 0]), u16(20 + inner.length), u16(1), u16(fragment), Buffer.from([64, packet.transport === 'tcp' ? 6 : 17]), u16(0), ip4(packet.from[0]), ip4(packet.to[0]), inner,
  ])
}

/** An IPv6 packet with a hop-by-hop header, its addresses those of the IPv4 form mapped. */
export function internet6(packet: MadePacket): Buffer {
  const inner = transport(packet)
  const address = (text: string) => Buffer.concat([Buffer.alloc(10), u16(0xffff), ip4(text)])
  return Buffer.concat([
    Buffer.from([0x60, 0, 0, 0]), u16(8 + inner.length), Buffer.from([0, 64]), address(packet.from[0]), address(packet.to[0]),
    Buffer.from([packet.transport === 'tcp' ? 6 : 17, 0, 1, 4, 0, 0, 0, 0]), inner,
  ])
}

/** In Ethernet with that many VLAN tags, padded as short packets are. */
export function ethernet(packet: Buffer, tags = 0): Buffer {
  const type = packet[0]! >> 4 === 6 ? 0x86dd : 0x0800
  const whole = Buffer.concat([Buffer.alloc(12, 2), ...Array.from({ length: tags }, () => Buffer.concat([u16(0x8100), u16(7)])), u16(type), packet])
  return whole.length < 60 ? Buffer.concat([whole, Buffer.alloc(60 - whole.length)]) : whole
}

const number = (little: boolean, size: 2 | 4) => (value: number) => {
  const bytes = size === 2 ? u16(value) : u32(value)
  return little ? bytes.reverse() : bytes
}

/** Classic pcap. */
export function pcap(packets: readonly { bytes: Buffer; time?: number }[], { little = true, nanoseconds = false, link = 1 } = {}): Buffer {
  const [w2, w4] = [number(little, 2), number(little, 4)]
  const header = Buffer.concat([w4(nanoseconds ? 0xa1b23c4d : 0xa1b2c3d4), w2(2), w2(4), w4(0), w4(0), w4(65535), w4(link)])
  return Buffer.concat([header, ...packets.flatMap(({ bytes, time = 0 }) =>
    [w4(Math.floor(time / 1000)), w4((time % 1000) * (nanoseconds ? 1e6 : 1e3)), w4(bytes.length), w4(bytes.length), bytes])])
}

/** pcapng: a section, an interface, a name block that is stepped over, then the packets. */
export function pcapng(packets: readonly { bytes: Buffer; time?: number }[], { little = true, simple = false, millisecondTicks = false, link = 1 } = {}): Buffer {
  const [w2, w4] = [number(little, 2), number(little, 4)]
  const block = (type: number, body: Buffer) => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - body.length % 4) % 4)])
    return Buffer.concat([w4(type), w4(12 + padded.length), padded, w4(12 + padded.length)])
  }
  const option = millisecondTicks ? Buffer.concat([w2(9), w2(1), Buffer.from([3, 0, 0, 0]), w2(0), w2(0)]) : Buffer.alloc(0)
  const ticks = (time: number) => BigInt(time) * (millisecondTicks ? 1n : 1000n)
  return Buffer.concat([
    block(0x0a0d0d0a, Buffer.concat([w4(0x1a2b3c4d), w2(1), w2(0), Buffer.alloc(8, 0xff)])),
    block(1, Buffer.concat([w2(link), w2(0), w4(0), option])), block(4, Buffer.alloc(12)),
    ...packets.map(({ bytes, time = 0 }) => simple ? block(3, Buffer.concat([w4(bytes.length), bytes]))
      : block(6, Buffer.concat([w4(0), w4(Number(ticks(time) >> 32n)), w4(Number(ticks(time) & 0xffffffffn)), w4(bytes.length), w4(bytes.length), bytes]))),
  ])
}
