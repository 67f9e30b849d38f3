import { isDeepStrictEqual } from 'node:util'
import { DecodeError, decode, encode } from '@zhuzhan/codec'
import fc from 'fast-check'
import { Data } from '../data/data.js'
import { decodeFrame } from '../link/index.js'
import { anyApdu, apdus, data, nestedRecord } from '../vectors/arbitraries.js'
import { frameVectors } from '../vectors/load.js'
import { leafRows } from './columns.js'
import { decodeApdu, encodeApdu } from './decode.js'
import type { Apdu, DecodeApduOptions } from './index.js'

/** The APDU, or undefined when it is refused as it should be. */
function decoded(bytes: Buffer, options?: DecodeApduOptions): Apdu | undefined {
  try {
    return decodeApdu(bytes, options)
  } catch (error) {
    if (error instanceof DecodeError && error.code === 'APDU_INVALID' && error.offset <= bytes.length) return undefined
    throw error
  }
}

/** Decodes only to what gives the same bytes again. */
function holds(bytes: Buffer): boolean {
  const strict = decoded(bytes)
  const tolerant = decoded(bytes, { tolerant: true })
  return (strict === undefined || (encodeApdu(strict).equals(bytes) && isDeepStrictEqual(strict, tolerant)))
    && (tolerant === undefined || encodeApdu(tolerant).equals(bytes))
}

/** A few bytes changed, put in or taken out. */
const mutations = fc.array(fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), byte: fc.nat(255), kind: fc.nat(2) }), { minLength: 1, maxLength: 3 })
function mutate(bytes: Buffer, changes: { at: number; byte: number; kind: number }[]): Buffer {
  return changes.reduce((b, { at, byte, kind }) => {
    const i = Math.floor(at * b.length)
    return Buffer.concat([b.subarray(0, i), kind === 0 ? Buffer.alloc(0) : Buffer.from([byte]), b.subarray(kind === 1 ? i : i + 1)])
  }, bytes)
}

it('any Data comes back', () => {
  fc.assert(fc.property(data, (value) => isDeepStrictEqual(decode(Data, encode(Data, value)), value)), { numRuns: 2000 })
})

describe.each(Object.entries(apdus))('%s', (_, arbitrary) => {
  it('comes back as it was', () => {
    fc.assert(fc.property(arbitrary, (apdu) => isDeepStrictEqual(decodeApdu(encodeApdu(apdu)), apdu)), { numRuns: 200 })
  })

  it('is refused when cut short, never fails otherwise', () => {
    fc.assert(fc.property(arbitrary, (apdu) => {
      const bytes = encodeApdu(apdu)
      for (let size = 0; size < bytes.length; size++) if (!holds(bytes.subarray(0, size))) return false
      return true
    }), { numRuns: 10 })
  })

  it('with wrong bytes in it is refused or means exactly those bytes', () => {
    fc.assert(fc.property(arbitrary, mutations, (apdu, changes) => holds(mutate(encodeApdu(apdu), changes))), { numRuns: 200 })
  })
})

it('recorded APDUs with wrong bytes in them are refused or mean exactly those bytes', () => {
  const recorded = frameVectors.filter((v) => v.kind === 'frame').map((v) => decodeFrame(Buffer.from(v.hex, 'hex')).data)
  fc.assert(fc.property(fc.constantFrom(...recorded), mutations, (bytes, changes) => holds(mutate(bytes, changes))), { numRuns: 3000 })
})

it('random bytes are refused or mean exactly those bytes', () => {
  const tags = [0x01, 0x02, 0x03, 0x05, 0x06, 0x07, 0x08, 0x09, 0x10, 0x6e, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x90, 0xee, 0x45]
  const bytes = fc.tuple(fc.constantFrom(...tags), fc.nat(7), fc.uint8Array({ maxLength: 60 }))
  fc.assert(fc.property(bytes, ([tag, choice, rest]) => holds(Buffer.from([tag, choice, ...rest]))), { numRuns: 3000 })
})

it('tolerant decoding takes what strict decoding takes, and tail bytes that are missing or too many', () => {
  const tailed = fc.oneof(apdus['get-response']!, apdus['set-request']!, apdus['report-notification']!)
  fc.assert(fc.property(tailed, fc.uint8Array({ maxLength: 3 }), (apdu, extra) => {
    const bare = { ...apdu, timeTag: undefined, followReport: undefined } as Apdu
    const bytes = encodeApdu(bare)
    const short = bytes.subarray(0, bytes.length - (apdu.apdu === 'set-request' ? 1 : 2))
    const long = Buffer.concat([bytes, extra])
    const fromShort = decoded(short, { tolerant: true })
    return fromShort !== undefined && encodeApdu(fromShort).equals(short) && encodeApdu(decodeApdu(long, { tolerant: true })).equals(long)
  }), { numRuns: 200 })
})

it('ROAD cells that stand in one array are found, marked and spread', () => {
  fc.assert(fc.property(nestedRecord, (record) => {
    const apdu: Apdu = { apdu: 'get-response', choice: 'record', piid: { number: 1, priority: false, acd: false }, record }
    const back = decodeApdu(encodeApdu(apdu))
    if (!isDeepStrictEqual(back, apdu)) return false
    const flat = 'rows' in record ? record.rows.map(([first, cell]) => [first, ...(cell!.type === 'array' ? cell!.items : [])]) : []
    return isDeepStrictEqual(leafRows(record), flat)
  }), { numRuns: 300 })
})

it('a changed value does not take the unusual form of the old one', () => {
  const bytes = Buffer.from('850101FFFF0200010A8200074E4F20544553540000', 'hex')
  const apdu = decodeApdu(bytes)
  expect(apdu.quirks).toEqual([{ at: 9, hex: '820007' }])
  if (apdu.apdu !== 'get-response' || apdu.choice !== 'normal') throw new Error('another service')
  expect(encodeApdu({ ...apdu, result: { oad: 'FFFF0200', data: { type: 'visible-string', text: 'YES' } } }).toString('hex'))
    .toBe('850101ffff0200010a035945530000')
})

it('every service is in the table once', () => {
  fc.assert(fc.property(anyApdu, (apdu) => encodeApdu(apdu).length > 1), { numRuns: 50 })
  expect(Object.keys(apdus)).toHaveLength(21)
})
