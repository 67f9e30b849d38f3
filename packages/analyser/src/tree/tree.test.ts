import fc from 'fast-check'
import { PROTOCOL_NAMES, protocolOf, tree } from '../index.js'
import { recordedFrame, recordedFrames } from '../vectors/load.js'

const READ_645 = '6812107856341268110433333433E816'
const GET_698 = '68170043050100000000001026F60501002000020000E5BE16'
const linesOf = (...given: Parameters<typeof tree>) => tree(...given).trimEnd().split('\n')

it('shows a line a member: bytes, name, value, meaning', () => {
  expect(tree(READ_645)).toBe(`DL/T 645-2007, 16 bytes
0      68                       start
1-6    12 10 78 56 34 12        address: 123456781012
7      68                       start
8      11                       control code: read, request
9      04                       data length: 4
10-13                           data
10-13  33 33 34 33                data identifier: 00010000 Forward active energy, total
14     E8                       checksum
15     16                       end
`)
})

it('says it in Chinese, or in both languages', () => {
  expect(linesOf(READ_645, { language: 'zh' })[7]).toBe('10-13  33 33 34 33                数据标识: 00010000 正向有功电能 总')
  expect(linesOf(READ_645, { language: 'both' })[7]).toBe('10-13  33 33 34 33                data identifier 数据标识: 00010000 Forward active energy, total 正向有功电能 总')
})

it('puts the bits of a byte on one line and leaves silent flags out', () => {
  expect(linesOf(GET_698)[3]).toBe('3      43                       control C: direction DIR 0 client to server · initiator PRM 1 started by the client · function 3 user data')
})

it('lists scaled values with their units', () => {
  // Recorded by several authors, dlt645/vectors.
  expect(linesOf('686101000000006891063334343534431016').slice(-2)).toEqual(['values:', '  02010100  Voltage, phase A  100.1 V  000000000161'])
})

it('shows a frame inside at its place in the outer bytes', () => {
  const lines = linesOf(recordedFrame('carries GET-Request Normal 20010201').hex)
  const at = lines.findIndex((line) => line.includes('┌ DL/T 698.45 inside, 25 bytes'))
  expect(lines[at]).toMatch(/^31-55 /)
  expect(lines[at + 1]).toBe('31     68                           │ start')
  expect(lines).toContain('48-51  20 01 02 01                  │   object attribute OAD: 20010201 Current, phase A')
})

describe('a broken frame', () => {
  it('is shown up to the fault, with what should have stood there', () => {
    expect(linesOf(GET_698.replace('E5BE', 'E5BF')).slice(-4)).toEqual([
      '12-13  26 F6                    header checksum HCS',
      '14-21  05 01 00 20 00 02 00 00  not read',
      '22     E5 BF 16                 ◀ expected the FCS E5 BE',
      '       ^^',
    ])
  })

  it('that was cut off is shown as far as it goes', () => {
    const lines = linesOf(GET_698.slice(0, 22))
    expect(lines[0]).toBe('DL/T 698.45, 11 bytes, broken')
    expect(lines).toContain('1      17 00 43 05 01 … 00      ◀ expected L = 9')
    expect(lines).toContain('5-10   01 00 00 00 00 00          server address SA: 000000000001')
    expect(lines.at(-1)).toBe('! the length field says 25 bytes, 11 are here')
  })

  it('with an APDU that does not read says so', () => {
    const bytes = protocolOf('dlt698').fromJson({ control: { dir: 0, prm: 1, segmented: false, scrambled: false, fn: 3 }, address: { type: 'single', logical: 0, server: '000000000001', client: 0 }, data: '45010203' })
    expect(linesOf(bytes).at(-1)).toBe('! apduError not read further: byte 0, expected a known service')
  })
})

it('shows every byte of a frame exactly once', () => {
  const shown = recordedFrames.filter(({ hex }) => !tree(hex).includes('…'))
  expect(shown.length).toBeGreaterThan(150)
  for (const { hex } of shown) {
    const at = 2 * String(hex.length / 2 - 1).length + 3
    const lines = linesOf(hex).slice(1).filter((line) => /^\d/.test(line))
    expect(lines.map((line) => line.slice(at, at + 24).replaceAll(' ', '')).join('')).toBe(hex)
  }
})

it.each(['en', 'zh', 'both'] as const)('every recorded frame has a tree in %s, without undefined or object in it', (language) => {
  for (const { hex } of recordedFrames) expect(tree(hex, { language })).not.toMatch(/(?<!object )undefined|\[object|NaN/)
})

it('never throws, whatever the bytes are', () => {
  fc.assert(fc.property(fc.constantFrom([0x68], [0x98], []), fc.uint8Array({ maxLength: 80 }), fc.constantFrom('auto' as const, ...PROTOCOL_NAMES), (begin, bytes, protocol) => {
    expect(tree(Buffer.from([...begin, ...bytes]), { protocol })).toMatch(/\n$/)
  }), { numRuns: 1000 })
  fc.assert(fc.property(fc.constantFrom(...recordedFrames), fc.nat(), fc.nat(), (frame, at, byte) => {
    const broken = Buffer.from(frame.hex, 'hex')
    broken[at % broken.length] = byte & 0xff
    expect(tree(broken)).toMatch(/\n$/)
  }), { numRuns: 1000 })
})
