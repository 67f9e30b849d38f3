import { isDeepStrictEqual } from 'node:util'
import { DecodeError, EncodeError } from '@zhuzhan/codec'
import fc from 'fast-check'
import { linkFrame } from '../vectors/arbitraries.js'
import { addressBytes } from './address.js'
import { CONTROL } from './control.js'
import { decodeFrame, encodeFrame } from './frame.js'
import type { LinkFrame } from './frame.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex').toUpperCase()
const address = { type: 'single', logical: 0, server: '000000000001', client: 0x10 } as const

describe('frame', () => {
  it('comes back as it was', () => {
    fc.assert(fc.property(linkFrame, (frame) => isDeepStrictEqual(decodeFrame(encodeFrame(frame)), frame)), { numRuns: 1000 })
  })

  it('with wrong bytes is refused, or means exactly those bytes', () => {
    fc.assert(fc.property(linkFrame, fc.nat(), fc.nat(255), (frame, at, byte) => {
      const bytes = encodeFrame(frame)
      bytes[at % bytes.length] = byte
      try {
        return encodeFrame(decodeFrame(bytes)).equals(bytes)
      } catch (error) {
        return error instanceof DecodeError && error.code === 'FRAME_INVALID'
      }
    }), { numRuns: 2000 })
  })

  it('is refused with one DecodeError, whatever the bytes are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.boolean(), (bytes, start) => {
      const given = start ? Buffer.from([0x68, bytes.length + 1, 0, ...bytes]) : Buffer.from(bytes)
      expect(() => decodeFrame(given)).toThrow(DecodeError)
    }), { numRuns: 500 })
  })

  it('keeps the reserved control bit when a device sets it', () => {
    const bytes = encodeFrame({ control: { ...CONTROL.clientRequest, reserved: true }, address, data: hex('0501') })
    expect(bytes[3]).toBe(0x53)
    expect(encodeFrame(decodeFrame(bytes))).toEqual(bytes)
  })

  it('refuses the kilobyte unit and lengths that do not fit', () => {
    const bytes = hex('6817004305010000000000 1026F60501002000020000E5BE16')
    for (const [at, value] of [[2, 0x40], [2, 0x80], [1, 0x18], [1, 0x16]] as const) {
      const wrong = Buffer.from(bytes)
      wrong[at] = value
      expect(() => decodeFrame(wrong)).toThrow('at byte 1')
    }
  })

  it('does not encode more than L can say', () => {
    const frame: LinkFrame = { control: CONTROL.clientRequest, address, data: Buffer.alloc(16_400) }
    expect(() => encodeFrame(frame)).toThrow(EncodeError)
  })
})

describe('control', () => {
  it.each([
    ['clientRequest', 0x43], ['serverResponse', 0xc3], ['serverLink', 0x81], ['clientLink', 0x01], ['serverReport', 0x83], ['clientReportAnswer', 0x03],
  ] as const)('%s is %i', (name, byte) => {
    expect(encodeFrame({ control: CONTROL[name], address, data: Buffer.alloc(0) })[3]).toBe(byte)
  })
})

describe('address', () => {
  it('sends the server address low byte first, without the client address when OSP-1 asks', () => {
    expect(toHex(addressBytes({ ...address, server: '123456789012' }))).toBe('05129078563412')
    expect(toHex(addressBytes({ type: 'wildcard', logical: 0, server: 'AAAAAAAAAAAA', client: 0 }))).toBe('45AAAAAAAAAAAA')
    expect(toHex(addressBytes({ type: 'broadcast', logical: 0, server: 'AA', client: 0 }))).toBe('C0AA')
    expect(toHex(addressBytes({ type: 'single', logical: 1, server: '000000000001', client: 0 }))).toBe('15010000000000')
  })

  it('fills an odd number of digits with F', () => {
    expect(toHex(addressBytes({ ...address, server: '12345' }))).toBe('025F3412')
  })

  it('takes logical address 2 as an extended one, unless told not to', () => {
    const bytes = hex('68180043 26 01 300100000000 A1 83EE 0501022000020100 6BAF 16')
    expect(decodeFrame(bytes).address).toEqual({ type: 'single', logical: 2, extended: 1, server: '000000000130', client: 0xa1 })
    const plain = decodeFrame(bytes, { extendedLogical: false })
    expect(plain.address).toEqual({ type: 'single', logical: 2, server: '00000000013001', client: 0xa1 })
    expect(encodeFrame(plain)).toEqual(bytes)
  })

  it.each([{ server: '' }, { server: '12G4' }, { server: '0'.repeat(33) }, { extended: 1 }, { client: 256 }, { logical: 4 }])('refuses %p', (wrong) => {
    expect(() => encodeFrame({ control: CONTROL.clientRequest, address: { ...address, ...wrong }, data: Buffer.alloc(0) })).toThrow(EncodeError)
  })
})
