import { DecodeError } from '@zhuzhan/codec'
import { HesError } from '@zhuzhan/core'
import fc from 'fast-check'
import { MAX_ITEMS, readDown, readUp, writeDown, writeUp } from './content.js'
import type { DownMessage, UpMessage } from './content.js'
import { KINDS, kindOf } from './kinds.js'
import type { Kind } from './kinds.js'
import { HEAD, readMessage } from './message.js'
import { ACCESS, OBJECTS, OBJECT_NAMES, fieldObject, objectOf } from './objects.js'
import { decodePairingCode, encodePairingCode } from './pairing-code.js'
import type { PairingCode } from './pairing-code.js'

const bytes = (min: number, max = min) => fc.uint8Array({ minLength: min, maxLength: max }).map((raw) => Buffer.from(raw))
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const value = fc.record({ object: fc.integer({ min: 0, max: 0xffff }), value: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }) })
const items = fc.array(value, { maxLength: MAX_ITEMS })
const up: fc.Arbitrary<UpMessage> = fc.oneof(
  fc.record({ service: fc.constant('confirm' as const), id: u32 }),
  fc.record({ service: fc.constant('report' as const), id: u32, at: u32, items }),
  fc.record({ service: fc.constant('read' as const), id: u32, objects: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: MAX_ITEMS }) }),
  fc.record({ service: fc.constant('result' as const), re: u32, result: fc.nat(255) }),
  fc.record({ service: fc.constant('frame' as const), id: u32, frame: bytes(0, 50) }),
  fc.record({ service: fc.constant('pairing-code' as const), id: u32, code: fc.string({ maxLength: 100 }).map((text) => text.replace(/[^ -~]/g, '')) }),
  fc.constant({ service: 'bye' as const }),
)
const down: fc.Arbitrary<DownMessage> = fc.oneof(
  fc.record({ service: fc.constant('answer' as const), re: u32, result: fc.nat(255), now: u32, items }),
  fc.record({ service: fc.constant('command' as const), id: u32, expires: u32, object: fc.integer({ min: 0, max: 0xffff }), value: fc.integer({ min: -9, max: 9 }) }),
  fc.record({ service: fc.constant('frame' as const), id: u32, frame: bytes(0, 50) }),
  fc.constant({ service: 'bye' as const }),
)

describe('content', () => {
  it('reads back what was written, and nothing with a byte more or less', () => {
    fc.assert(
      fc.property(up, (message) => {
        const content = writeUp(message)
        expect(readUp(content)).toEqual(message)
        if (message.service === 'frame') return
        expect(() => readUp(Buffer.concat([content, Buffer.of(0)]))).toThrow(DecodeError)
        expect(() => readUp(content.subarray(0, -1))).toThrow(DecodeError)
      }),
    )
    fc.assert(fc.property(down, (message) => expect(readDown(writeDown(message))).toEqual(message)))
  })
  it('any bytes are a message or a DecodeError', () => {
    fc.assert(
      fc.property(bytes(0, 60), (content) => {
        for (const read of [readUp, readDown]) {
          try {
            read(content)
          } catch (error) {
            expect(error).toBeInstanceOf(DecodeError)
          }
        }
      }),
      { numRuns: 2_000 },
    )
  })
  it('a count beyond the limit is refused before it is believed', () => {
    const most = writeUp({ service: 'report', id: 1, at: 1, items: Array.from({ length: MAX_ITEMS }, () => ({ object: 1, value: 1 })) })
    most[9] = MAX_ITEMS + 1
    expect(() => readUp(Buffer.concat([most, Buffer.alloc(6)]))).toThrow(DecodeError)
    expect(() => writeUp({ service: 'report', id: 1, at: 1, items: Array.from({ length: MAX_ITEMS + 1 }, () => ({ object: 1, value: 1 })) })).toThrow(RangeError)
  })
})

describe('messages', () => {
  it('have a head of 20 bytes; other magic and versions are none', () => {
    const head = Buffer.from(`f5010102${'11'.repeat(8)}${'22'.repeat(8)}`, 'hex')
    expect(head).toHaveLength(HEAD)
    expect(readMessage(Buffer.concat([head, Buffer.of(9)]))).toEqual({ magic: 0xf5, version: 1, type: 1, kind: 2, pid: '11'.repeat(8), mid: '22'.repeat(8), body: Buffer.of(9) })
    for (const [at, byte] of [[0, 0x68], [1, 2]] as const) {
      const other = Buffer.from(head)
      other[at] = byte
      expect(() => readMessage(other)).toThrow(DecodeError)
    }
    expect(() => readMessage(head.subarray(0, 19))).toThrow(DecodeError)
  })
})

describe('pairing codes', () => {
  const code: fc.Arbitrary<PairingCode> = fc.record({
    kind: fc.constantFrom(...(Object.keys(KINDS) as Kind[])), shownBy: fc.constantFrom('meter' as const, 'device' as const), id: bytes(8), secret: bytes(16), fingerprint: bytes(16),
  })
  it('read back, in the letters a QR code packs best', () => {
    fc.assert(
      fc.property(code, (one) => {
        const text = encodePairingCode(one)
        expect(text).toMatch(/^FSP1:[A-Z2-7]{72}$/)
        expect(decodePairingCode(text)).toEqual(one)
      }),
    )
  })
  it('one wrong letter is found, and nothing of the code is in the error', () => {
    fc.assert(
      fc.property(code, fc.integer({ min: 5, max: 76 }), fc.constantFrom('A', 'Q', '7', '1', ' '), (one, at, letter) => {
        const text = encodePairingCode(one)
        const wrong = text.slice(0, at) + letter + text.slice(at + 1)
        if (wrong === text) return
        expect(() => decodePairingCode(wrong)).toThrow(new HesError('BODY_INVALID', 'This is no pairing code.'))
      }),
    )
    for (const wrong of ['', 'FSP1:', 'FSP2:AAAA', 'x'.repeat(77)]) expect(() => decodePairingCode(wrong)).toThrow(HesError)
  })
})

describe('objects and access', () => {
  it('codes are unique, names in both languages, ranges in order', () => {
    expect(new Set(OBJECT_NAMES.map((name) => OBJECTS[name].code)).size).toBe(OBJECT_NAMES.length)
    for (const name of OBJECT_NAMES) {
      const { code, words, low, high } = fieldObject(name)
      expect(objectOf(code)).toBe(name)
      expect([words.zh, low < high]).toEqual([expect.stringMatching(/\p{Script=Han}/u), true])
    }
  })
  it('only breakers, appliances and piles are commanded; only phones and handhelds read; who reads does not report', () => {
    const kinds = Object.keys(ACCESS) as Kind[]
    expect(kinds.filter((kind) => ACCESS[kind].commands.length > 0)).toEqual(['breaker', 'appliance', 'charging-pile'])
    expect(kinds.filter((kind) => ACCESS[kind].reads.length > 0)).toEqual(['phone', 'handheld'])
    expect(kinds.filter((kind) => ACCESS[kind].reads.length > 0 && ACCESS[kind].reports.length > 0)).toEqual([])
    expect(kinds.filter((kind) => ACCESS[kind].pairingCodes.length > 0)).toEqual(['handheld'])
  })
  it('a kind has one code', () => {
    expect((Object.keys(KINDS) as Kind[]).map((kind) => kindOf(KINDS[kind].code))).toEqual(Object.keys(KINDS))
    expect(kindOf(0x05)).toBeUndefined()
  })
})
