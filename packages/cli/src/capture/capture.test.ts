import { HesError } from '@zhuzhan/core'
import fc from 'fast-check'
import { createCaptureDecoder } from './capture.js'
import type { Captured } from './capture.js'
import { ethernet, internet4, internet6, pcap, pcapng } from './made-captures.js'
import type { MadePacket } from './made-captures.js'

const GET = Buffer.from('68170043050100000000001026F60501002000020000E5BE16', 'hex')
const READ = Buffer.from('6812107856341268110433333433E816', 'hex')
const STATION = ['10.0.0.9', 9500] as const
const TERMINAL = ['10.1.2.3', 40000] as const

function decode(file: Buffer, cut = file.length) {
  const frames: [protocol: string | undefined, hex: string, captured: Captured][] = []
  const strangers: [string, number][] = []
  const decoder = createCaptureDecoder({
    onPiece: ({ protocol, bytes }, captured) => frames.push([protocol, bytes.toString('hex').toUpperCase(), captured]), onStranger: ({ from }, bytes) => strangers.push([from, bytes]),
  })
  for (let at = 0; at < file.length; at += cut) decoder.push(file.subarray(at, at + cut))
  decoder.end()
  return { frames, strangers, fragments: decoder.skippedFragments }
}

const hexes = (file: Buffer, cut?: number) => decode(file, cut).frames.map(([, hex]) => hex)
const hex = (...frames: Buffer[]) => frames.map((frame) => frame.toString('hex').toUpperCase())
const up = (payload: Buffer, sequence: number, more: Partial<MadePacket> = {}): MadePacket => ({ transport: 'tcp', from: TERMINAL, to: STATION, payload, sequence, ...more })
const down = (payload: Buffer, sequence: number, more: Partial<MadePacket> = {}): MadePacket => ({ transport: 'tcp', from: STATION, to: TERMINAL, payload, sequence, ...more })
const packetsOf = (...packets: MadePacket[]) => packets.map((packet) => ({ bytes: ethernet(internet4(packet)), ...(packet.time !== undefined && { time: packet.time }) }))
const TIME = Date.UTC(2026, 10, 22, 8, 5, 9, 123)

describe('a capture file', () => {
  const packet = up(GET, 1, { time: TIME })
  const at = { time: '2026-11-22T08:05:09.123Z', transport: 'tcp', from: '10.1.2.3:40000', to: '10.0.0.9:9500' }

  it.each<[string, Buffer]>([
    ['pcap', pcap(packetsOf(packet))],
    ['pcap, high byte first', pcap(packetsOf(packet), { little: false })],
    ['pcap with nanoseconds', pcap(packetsOf(packet), { nanoseconds: true })],
    ['pcapng', pcapng(packetsOf(packet))],
    ['pcapng, high byte first', pcapng(packetsOf(packet), { little: false })],
    ['pcapng with its own ticks', pcapng(packetsOf(packet), { millisecondTicks: true })],
    ['pcap of bare IP', pcap([{ bytes: internet4(packet), time: TIME }], { link: 101 })],
    ['pcap of a Linux cooked capture', pcap([{ bytes: Buffer.concat([Buffer.alloc(14), Buffer.from('0800', 'hex'), internet4(packet)]), time: TIME }], { link: 113 })],
    ['pcap of a loopback', pcap([{ bytes: Buffer.concat([Buffer.from('02000000', 'hex'), internet4(packet)]), time: TIME }], { link: 0 })],
    ['pcap with VLAN tags', pcap([{ bytes: ethernet(internet4(packet), 2), time: TIME }])],
  ])('%s gives its frames, with time and ends, however it is read', (_, file) => {
    for (const cut of [file.length, 7, 1]) expect(decode(file, cut).frames).toEqual([['dlt698', GET.toString('hex').toUpperCase(), at]])
  })

  it('without times', () => {
    expect(decode(pcapng(packetsOf(packet), { simple: true })).frames).toEqual([['dlt698', GET.toString('hex').toUpperCase(), { ...at, time: null }]])
  })

  it('over IPv6', () => {
    const [frame] = decode(pcap([{ bytes: ethernet(internet6(packet)), time: TIME }])).frames
    expect(frame![2]).toEqual({ ...at, from: '[::ffff:a01:203]:40000', to: '[::ffff:a00:9]:9500' })
  })

  it('that is damaged ends with an error, not with a wait for more', () => {
    const file = pcap(packetsOf(packet))
    file.writeUInt32LE(0x7fffffff, 24 + 8)
    expect(() => decode(file)).toThrow(HesError)
    const blocks = pcapng(packetsOf(packet))
    blocks.writeUInt32LE(13, 4)
    expect(() => decode(blocks)).toThrow('damaged')
  })

  it('with any bytes gives frames or such an error', () => {
    fc.assert(fc.property(fc.constantFrom(pcap(packetsOf(packet, up(READ, 26))), pcapng(packetsOf(packet, up(READ, 26)))), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }), (file, changes) => {
      const broken = Buffer.from(file)
      for (const [where, byte] of changes) broken[4 + where % (broken.length - 4)] = byte
      try {
        decode(broken)
      } catch (error) {
        expect(error).toBeInstanceOf(HesError)
      }
    }), { numRuns: 1000 })
  })
})

describe('TCP', () => {
  it('follows each direction on its own', () => {
    const half = 10
    expect(hexes(pcap(packetsOf(up(GET.subarray(0, half), 1), down(READ.subarray(0, 4), 500), up(GET.subarray(half), 1 + half), down(READ.subarray(4), 504))))).toEqual(hex(GET, READ))
  })

  it('puts segments in order and takes each byte once, whatever the order, the repeats and the overlaps', () => {
    const stream = Buffer.concat([GET, READ, GET, READ, READ])
    const cuts = fc.array(fc.tuple(fc.nat(stream.length - 1), fc.integer({ min: 1, max: 40 })), { maxLength: 12 })
    const start = fc.constantFrom(1000, 0xffffffe0)
    fc.assert(fc.property(cuts, start, fc.integer({ min: 1, max: 30 }), (extra, first, step) => {
      const whole = Array.from({ length: Math.ceil(stream.length / step) }, (_, i) => [i * step, step] as [number, number])
      const pieces = [...extra, ...whole].sort(([a, sizeA], [b, sizeB]) => ((a * 7919 + sizeA) % 101) - ((b * 7919 + sizeB) % 101))
      const segments = pieces.map(([at, size]) => up(stream.subarray(at, at + size), (first + 1 + at) >>> 0))
      expect(hexes(pcap(packetsOf(up(Buffer.alloc(0), first, { flags: 0x02 }), ...segments)))).toEqual(hex(GET, READ, GET, READ, READ))
    }), { numRuns: 200 })
  })

  it('goes on behind bytes that were not captured', () => {
    const { frames } = decode(pcap(packetsOf(up(GET, 1), up(READ, 1 + GET.length + 100))))
    expect(frames.map(([protocol]) => protocol)).toEqual(['dlt698', 'dlt645'])
  })

  it('starts anew with a new connection on the same ports', () => {
    const open = (sequence: number) => up(Buffer.alloc(0), sequence, { flags: 0x02 })
    expect(hexes(pcap(packetsOf(open(5), up(GET, 6), up(Buffer.alloc(0), 6 + GET.length, { flags: 0x11 }), open(900_000), up(READ, 900_001))))).toEqual(hex(GET, READ))
  })

  it('tells bytes between frames, and those of a direction without any frame apart', () => {
    const { frames, strangers } = decode(pcap(packetsOf(up(Buffer.concat([Buffer.from('0102', 'hex'), GET, Buffer.from('0304', 'hex'), READ]), 1), down(Buffer.from('GET / HTTP/1.1\r\n\r\n'), 1))))
    expect(frames.map(([protocol, bytes]) => [protocol, bytes])).toEqual([[undefined, '0102'], ['dlt698', ...hex(GET)], [undefined, '0304'], ['dlt645', ...hex(READ)]])
    expect(strangers).toEqual([['10.0.0.9:9500', 18]])
  })
})

it('UDP: one frame a datagram', () => {
  const datagram = (payload: Buffer): MadePacket => ({ transport: 'udp', from: TERMINAL, to: STATION, payload })
  expect(hexes(pcap(packetsOf(datagram(GET), datagram(READ))))).toEqual(hex(GET, READ))
})

it('leaves out what it does not join, and says how much', () => {
  const { frames, fragments } = decode(pcap([{ bytes: ethernet(internet4(up(GET, 1), 0x2000)) }, { bytes: ethernet(Buffer.from('6000', 'hex')) }, { bytes: Buffer.alloc(3) }]))
  expect(frames).toEqual([])
  expect(fragments).toBe(1)
})
