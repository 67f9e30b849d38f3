import { DecodeError, EncodeError } from '@zhuzhan/codec'
import fc from 'fast-check'
import { CONTROL, encodeFrame } from '../link/index.js'
import { encodeApdu } from '../apdu/decode.js'
import { frameFromJson, frameToJson } from './frame.js'
import { anyApdu, data, linkFrame } from '../vectors/arbitraries.js'
import { frameVectors } from '../vectors/load.js'

const address = { type: 'single', logical: 0, server: '000000000001', client: 0 } as const
/** Through real JSON text, as the command line does it. */
const again = (bytes: Buffer) => frameFromJson(JSON.parse(JSON.stringify(frameToJson(bytes))) as object)

it.each(frameVectors.map((v, i) => [i, v.hex]))('recorded entry %i comes back byte by byte', (_, hex) => {
  expect(again(Buffer.from(hex as string, 'hex')).toString('hex').toUpperCase()).toBe(hex)
})

it('every recorded frame shows its APDU or segment', () => {
  const kinds = frameVectors.map((v) => Object.keys(frameToJson(Buffer.from(v.hex, 'hex')))[2])
  expect(kinds.filter((kind) => kind === 'apdu')).toHaveLength(133)
  expect(kinds.filter((kind) => kind === 'segment')).toHaveLength(11)
})

it('any APDU comes back byte by byte', () => {
  fc.assert(fc.property(anyApdu, (apdu) => {
    const bytes = encodeFrame({ control: CONTROL.serverResponse, address, data: encodeApdu(apdu) })
    return again(bytes).equals(bytes)
  }), { numRuns: 300 })
})

it('any value comes back byte by byte', () => {
  fc.assert(fc.property(data, (value) => {
    const apdu = encodeApdu({ apdu: 'set-request', choice: 'normal', piid: { number: 1, priority: false, acd: false }, oad: '40000200', data: value })
    const bytes = encodeFrame({ control: CONTROL.clientRequest, address, data: apdu })
    return again(bytes).equals(bytes)
  }), { numRuns: 300 })
})

it('any frame comes back byte by byte, also when it carries no APDU and no segment', () => {
  fc.assert(fc.property(linkFrame, (frame) => {
    const bytes = encodeFrame(frame)
    return again(bytes).equals(bytes)
  }), { numRuns: 300 })
})

it('shows what is inside a security wrapper', () => {
  const vector = frameVectors.find((v) => v.description.includes('verification SID_MAC'))!
  expect(frameToJson(Buffer.from(vector.hex, 'hex'))).toEqual({
    control: { dir: 0, prm: 1, segmented: false, scrambled: false, fn: 3 },
    address: { type: 'single', logical: 0, server: '000000000001', client: 16 },
    apdu: {
      apdu: 'security-request',
      form: 'plain',
      content: {
        apdu: 'set-request', choice: 'normal', piid: { number: 6, priority: false, acd: false }, oad: '40030200',
        data: { type: 'octet-string', hex: '000000000001' },
      },
      verification: { kind: 'sid-mac', sid: '801C3110', attach: '0014', mac: '738DEEC5' },
    },
  })
})

it('keeps numbers JSON has no word for', () => {
  const value = (hex: string) => {
    const bytes = encodeFrame({ control: CONTROL.serverResponse, address, data: Buffer.from(`850100 20000200 01 ${hex} 0000`.replaceAll(' ', ''), 'hex') })
    expect(again(bytes)).toEqual(bytes)
    return (JSON.parse(JSON.stringify(frameToJson(bytes))) as { apdu: { result: { data: { value: unknown } } } }).apdu.result.data.value
  }
  expect(value('14 8000000000000000')).toBe('-9223372036854775808')
  expect(value('15 FFFFFFFFFFFFFFFF')).toBe('18446744073709551615')
  expect(value('17 7FC12345')).toBe('NaN')
  expect(value('17 80000000')).toBe('-0')
  expect(value('18 FFF0000000000000')).toBe('-Infinity')
})

it('says why there is no APDU', () => {
  const bytes = encodeFrame({ control: CONTROL.clientRequest, address, data: Buffer.from('45010203', 'hex') })
  expect(frameToJson(bytes)).toMatchObject({ data: '45010203', apduError: { offset: 0, expected: 'a known service' } })
  expect(() => frameToJson(bytes.subarray(1))).toThrow(DecodeError)
})

it.each<[string, unknown]>([
  ['nothing', {}],
  ['no address', { control: CONTROL.clientRequest, data: '00' }],
  ['no data', { control: CONTROL.clientRequest, address }],
  ['no hex', { control: CONTROL.clientRequest, address, data: '0x' }],
  ['another service', { control: CONTROL.clientRequest, address, apdu: { apdu: 'get' } }],
  ['null', { control: CONTROL.clientRequest, address, apdu: null }],
  ['a number for 64 bits', { control: CONTROL.clientRequest, address, apdu: {
    apdu: 'set-request', choice: 'normal', piid: { number: 0, priority: false, acd: false }, oad: '40000200', data: { type: 'long64', value: 1 },
  } }],
  ['an unknown segment', { control: CONTROL.clientRequest, address, segment: { kind: 'half', number: 0, reserved: 0, slice: '' } }],
])('refuses %s', (_, json) => {
  expect(() => frameFromJson(json as object)).toThrow(EncodeError)
})
