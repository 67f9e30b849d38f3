import { HesError } from '@zhuzhan/core'

/** One captured packet. */
export interface Packet {
  /** Milliseconds since 1970; NaN where the file does not say. */
  time: number
  /** LINKTYPE of its interface. */
  link: number
  bytes: Buffer
}

export interface CaptureReader {
  /** @throws HesError BODY_INVALID for a file that is damaged beyond reading on */
  push(chunk: Buffer): void
}

/** Parses one unit from the front of the bytes; the number it took, or 0 when more must come first. */
type Step = (bytes: Buffer) => number

/** No link has larger packets; a length beyond it is damage. */
const LARGEST_PACKET = 1 << 20
const LARGEST_BLOCK = 1 << 24

const CLASSIC: Readonly<Record<string, { little: boolean; perMs: number }>> = {
  d4c3b2a1: { little: true, perMs: 1e3 }, a1b2c3d4: { little: false, perMs: 1e3 }, '4d3cb2a1': { little: true, perMs: 1e6 }, a1b23c4d: { little: false, perMs: 1e6 },
}
const SECTION = 0x0a0d0d0a

/** Does a file that begins with these four bytes hold packets? */
export function isCapture(start: Buffer): boolean {
  return start.length >= 4 && (Object.hasOwn(CLASSIC, start.toString('hex', 0, 4)) || start.readUInt32BE(0) === SECTION)
}

/** Reads pcap (four kinds of byte order and time) and pcapng as it comes. Holds at most one packet. */
export function createCaptureReader(onPacket: (packet: Packet) => void): CaptureReader {
  let held: Buffer = Buffer.alloc(0)
  let step: Step = (bytes) => {
    if (bytes.length < 24) return 0
    const classic = CLASSIC[bytes.toString('hex', 0, 4)]
    step = classic === undefined ? createBlockStep(onPacket) : classicStep(classic, bytes, onPacket)
    return classic === undefined ? step(bytes) : 24
  }
  return {
    push: (chunk) => {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk])
      for (let taken = step(held); taken > 0; taken = step(held)) held = held.subarray(taken)
    },
  }
}

function damaged(what: string): never {
  throw new HesError('BODY_INVALID', `the capture file is damaged: ${what}`)
}

function classicStep({ little, perMs }: { little: boolean; perMs: number }, header: Buffer, onPacket: (packet: Packet) => void): Step {
  const u32 = readerOf(little)
  const link = u32(header, 20) & 0xffff
  return (bytes) => {
    if (bytes.length < 16) return 0
    const size = u32(bytes, 8)
    if (size > LARGEST_PACKET) damaged(`a packet of ${size} bytes`)
    if (bytes.length < 16 + size) return 0
    onPacket({ time: u32(bytes, 0) * 1000 + Math.floor(u32(bytes, 4) / perMs), link, bytes: bytes.subarray(16, 16 + size) })
    return 16 + size
  }
}

const readerOf = (little: boolean) => (bytes: Buffer, at: number): number => (little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at))

interface Interface {
  link: number
  /** Ticks in a millisecond. */
  perMs: number
}

/** Blocks of pcapng: sections, interfaces, packets; others are stepped over. */
function createBlockStep(onPacket: (packet: Packet) => void): Step {
  let little = true
  let interfaces: Interface[] = []
  const u32 = (bytes: Buffer, at: number) => readerOf(little)(bytes, at)
  const u16 = (bytes: Buffer, at: number) => (little ? bytes.readUInt16LE(at) : bytes.readUInt16BE(at))
  const packet = (number: number, ticks: number, bytes: Buffer) => {
    const known = interfaces[number] ?? damaged(`no interface ${number}`)
    onPacket({ time: Math.floor(ticks / known.perMs), link: known.link, bytes })
  }
  const ticksAt = (body: Buffer, at: number) => u32(body, at) * 2 ** 32 + u32(body, at + 4)
  const cut = (body: Buffer, from: number, size: number) => (size > body.length - from ? damaged('a packet larger than its block') : body.subarray(from, from + size))

  return (bytes) => {
    if (bytes.length < 12) return 0
    if (bytes.readUInt32BE(0) === SECTION) {
      little = bytes.readUInt32LE(8) === 0x1a2b3c4d
      interfaces = []
    }
    const type = u32(bytes, 0)
    const size = u32(bytes, 4)
    if (size < 12 || size % 4 !== 0 || size > LARGEST_BLOCK) damaged(`a block of ${size} bytes`)
    if (bytes.length < size) return 0
    const body = bytes.subarray(8, size - 4)
    if (type === 1 && body.length >= 8) interfaces.push({ link: u16(body, 0), perMs: ticksPerMs(body.subarray(8), u16) })
    else if (type === 6 && body.length >= 20) packet(u32(body, 0), ticksAt(body, 4), cut(body, 20, u32(body, 12)))
    else if (type === 2 && body.length >= 20) packet(u16(body, 0), ticksAt(body, 4), cut(body, 20, u32(body, 12)))
    else if (type === 3 && body.length >= 4) packet(0, Number.NaN, cut(body, 4, Math.min(u32(body, 0), body.length - 4)))
    return size
  }
}

/** Option 9 of an interface: a power of ten, or of two with the top bit; a millionth unless said. */
function ticksPerMs(options: Buffer, u16: (bytes: Buffer, at: number) => number): number {
  for (let at = 0; at + 4 <= options.length;) {
    const code = u16(options, at)
    const size = u16(options, at + 2)
    if (code === 0) break
    const value = options[at + 4]
    if (code === 9 && size === 1 && value !== undefined) return (value & 0x80 ? 2 ** (value & 0x7f) : 10 ** value) / 1000
    at += 4 + Math.ceil(size / 4) * 4
  }
  return 1000
}
