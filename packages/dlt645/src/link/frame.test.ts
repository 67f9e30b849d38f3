import { isDeepStrictEqual } from 'node:util'
import { DecodeError, EncodeError } from '@zhuzhan/codec'
import fc from 'fast-check'
import { linkFrame } from '../vectors/arbitraries.js'
import { addressKind, addressMatches, controlCode, controlOf, decodeFrame, encodeFrame } from './index.js'
import type { LinkFrame } from './index.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const energy = 'FEFE 68 121078563412 68 91 08 33333433 89674533 D4 16'
const frame: LinkFrame = { address: '123456781012', control: controlOf(0x91), data: hex('00000100 56341200') }

describe('frame', () => {
  it('takes +33H off and counts the wake-up bytes', () => {
    expect(decodeFrame(hex(energy))).toEqual({ ...frame, leading: 2 })
    expect(decodeFrame(hex(energy.slice(5)))).toEqual(frame)
    expect(encodeFrame({ ...frame, leading: 2 })).toEqual(hex(energy))
  })

  it('comes back as it was', () => {
    fc.assert(fc.property(linkFrame, (given) => isDeepStrictEqual(decodeFrame(encodeFrame(given)), given)), { numRuns: 1000 })
  })

  it('with a wrong byte is refused, or means exactly those bytes', () => {
    fc.assert(fc.property(linkFrame, fc.nat(), fc.nat(255), (given, at, byte) => {
      const bytes = encodeFrame(given)
      bytes[at % bytes.length] = byte
      try {
        return encodeFrame(decodeFrame(bytes)).equals(bytes)
      } catch (error) {
        return error instanceof DecodeError && error.code === 'FRAME_INVALID'
      }
    }), { numRuns: 2000 })
  })

  it('is refused with one DecodeError, whatever the bytes are', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(12), (bytes, length) => {
      const given = Buffer.concat([hex('68 121078563412 68 91'), Buffer.of(length), bytes])
      try {
        return encodeFrame(decodeFrame(given)).equals(given)
      } catch (error) {
        return error instanceof DecodeError && error.code === 'FRAME_INVALID'
      }
    }), { numRuns: 1000 })
  })

  it.each([
    ['', 'at byte 0: expected one more byte'],
    ['FEFE', 'at byte 2: expected one more byte'],
    ['67', 'at byte 0: expected 68'],
    ['FE 68 1210', 'at byte 2: expected 6 more bytes'],
    ['68 121078563412 69 91 00 00 16', 'at byte 7: expected 68'],
    ['68 121078563412 68 91 08 33333433 89674533 D4', 'at byte 9: expected L = 7'],
    ['68 121078563412 68 91 08 33333433 89674533 D5 16', 'at byte 18: expected checksum D4'],
    ['68 121078563412 68 91 08 33333433 89674533 D4 17', 'at byte 19: expected 16'],
    ['68 121078563412 68 91 08 33333433 89674533 D4 16 16', 'at byte 9: expected L = 9'],
  ])('%s is refused: %s', (text, message) => {
    expect(() => decodeFrame(hex(text))).toThrow(message)
  })

  it.each<[string, Partial<LinkFrame>]>([
    ['256 bytes of data', { data: Buffer.alloc(256) }], ['a short address', { address: '1234' }], ['no digits', { address: '12345678101G' }],
    ['a half wake-up byte', { leading: 0.5 }], ['a function of 6 bits', { control: { fromMeter: true, abnormal: false, followUp: false, function: 32 } }],
  ])('is not written with %s', (_, wrong) => {
    expect(() => encodeFrame({ ...frame, ...wrong })).toThrow(EncodeError)
  })
})

it('every control code is its bits', () => {
  const codes = Array.from({ length: 256 }, (_, code) => code)
  expect(codes.map((code) => controlCode(controlOf(code)))).toEqual(codes)
  expect(controlOf(0xb1)).toEqual({ fromMeter: true, abnormal: false, followUp: true, function: 0x11 })
  expect(controlOf(0xd1)).toEqual({ fromMeter: true, abnormal: true, followUp: false, function: 0x11 })
})

describe('address', () => {
  it.each([
    ['123456781012', 'meter'], ['AAAAAAAAAAAA', 'wildcard'], ['AAAA56781012', 'wildcard'], ['999999999999', 'broadcast'],
    ['CCCCCCCCCCCC', 'other'], ['1234AAAA1012', 'other'], ['1234', 'other'], ['AAA456781012', 'other'],
  ])('%s is a %s', (address, kind) => expect(addressKind(address)).toBe(kind))

  it.each([
    ['123456781012', '123456781012', true], ['123456781012', '123456781013', false], ['AAAAAAAAAAAA', '123456781012', true],
    ['AAAA56781012', '123456781012', true], ['AAAA56781013', '123456781012', false], ['999999999999', '123456781012', true],
    ['CCCC56781012', '123456781012', false],
  ])('%s means %s: %p', (pattern, address, expected) => expect(addressMatches(pattern, address)).toBe(expected))
})
