import { DecodeError, EncodeError } from '@zhuzhan/codec'
import { dlt698 } from './protocol.js'
import { SETTINGS } from './settings.js'
import { CONTROL, encodeFrame } from './link/index.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const address = { type: 'single', logical: 0, server: '000000000001', client: 0 } as const
const frameOf = (apdu: string) => encodeFrame({ control: CONTROL.serverResponse, address, data: hex(apdu) })
const read = (bytes: Buffer, settings?: Record<string, unknown>) => dlt698.toJson(bytes, settings && { settings }) as Record<string, Record<string, unknown>>
/** Every reading comes back byte by byte. */
const comesBack = (bytes: Buffer, settings: Record<string, unknown>) => expect(dlt698.fromJson(read(bytes, settings))).toEqual(bytes)

it('lists readings in both languages and a default that is one of them', () => {
  for (const { name, words, readings, default: usual, clause } of SETTINGS) {
    expect(Object.keys(readings)).toContain(usual)
    expect([name, words.en, words.zh, clause, ...Object.values(readings).flatMap(({ en, zh }) => [en, zh])]).not.toContain('')
  }
})

it('takes the default for what is no reading', () => {
  const bytes = hex('68180043 26 01 300100000000 A1 83EE 0501022000020100 6BAF 16')
  expect(read(bytes, { extendedLogical: 'perhaps', nonsense: 1 })).toEqual(read(bytes))
})

it('extendedLogical', () => {
  const two = hex('68180043 26 01 300100000000 A1 83EE 0501022000020100 6BAF 16')
  expect(read(two)['address']).toMatchObject({ logical: 2, extended: 1, server: '000000000130' })
  expect(read(two, { extendedLogical: 'none' })['address']).toEqual({ type: 'single', logical: 2, server: '00000000013001', client: 0xa1 })
  const three = encodeFrame({ control: CONTROL.clientRequest, address: { ...address, logical: 3 }, data: hex('0501002000020000') })
  expect(read(three)['address']).toEqual({ ...address, logical: 3 })
  expect(read(three, { extendedLogical: 'bit-5' })['address']).toEqual({ type: 'single', logical: 3, extended: 1, server: '0000000000', client: 0 })
  for (const reading of ['value-2', 'bit-5', 'none']) for (const bytes of [two, three]) comesBack(bytes, { extendedLogical: reading })
})

it('kilobyteLength', () => {
  const bytes = encodeFrame({ control: CONTROL.clientRequest, address, kilobytes: true, data: Buffer.alloc(2048 - 15, 0x45) })
  expect([bytes.length, bytes.readUInt16LE(1)]).toEqual([2050, 0x4002])
  expect(() => read(bytes)).toThrow(DecodeError)
  expect(read(bytes, { kilobyteLength: 'true' })).toMatchObject({ kilobytes: true })
  comesBack(bytes, { kilobyteLength: 'true' })
  expect(() => encodeFrame({ control: CONTROL.clientRequest, address, kilobytes: true, data: Buffer.alloc(5) })).toThrow(EncodeError)
  const both = Buffer.from(bytes)
  both.writeUInt16LE(0xc002, 1)
  expect(() => read(both, { kilobyteLength: 'true' })).toThrow(DecodeError)
})

it('fillerDigit', () => {
  const json = { ...read(frameOf('0501002000020000')), address: { ...address, server: '12345' } }
  const written = (settings?: Record<string, unknown>) => (dlt698.fromJson as (json: object, reading?: object) => Buffer)(json, { settings }).subarray(5, 8).toString('hex')
  expect([written(), written({ fillerDigit: 'last' }), written({ fillerDigit: 'first' })]).toEqual(['5f3412', '5f3412', '4523f1'])
})

it('roadCells', () => {
  const head = '8503 01 60120300 02 00 40010200 01 50040200 02 00100200 00200200 01 01 0906000000000014'
  const flat = frameOf(`${head} 0600000001 0600000002 0000`)
  const nested = frameOf(`${head} 0102 0600000001 0600000002 0000`)
  const cells = (bytes: Buffer, roadCells?: string) => {
    const json = read(bytes, { ...(roadCells && { roadCells }), tail: 'strict' })
    return json['apdu'] === undefined ? 'refused' : (json['apdu']['record'] as { roadCells?: string }).roadCells ?? 'flat'
  }
  expect(['auto', 'flat', 'nested'].map((reading) => [cells(flat, reading), cells(nested, reading)])).toEqual([['flat', 'nested'], ['flat', 'refused'], ['refused', 'nested']])
  for (const reading of ['auto', 'flat', 'nested']) for (const bytes of [flat, nested]) comesBack(bytes, { roadCells: reading })
})

it('securityResponseChoice1', () => {
  const bytes = frameOf('9000 08 0501002000020000 01 01 801C0011 02 0014 04 738DEEC5')
  expect(read(bytes)['apdu']).toMatchObject({ sidMac: { sid: '801C0011', attach: '0014', mac: '738DEEC5' } })
  expect(read(bytes, { securityResponseChoice1: 'refuse' })).toMatchObject({ apduError: { offset: 12, expected: 'byte 0' } })
  for (const reading of ['sid-mac', 'refuse']) comesBack(bytes, { securityResponseChoice1: reading })
})

it('tail', () => {
  const short = frameOf('8501 01 20000201 01 12 08C1')
  const long = frameOf('8501 01 20000201 01 12 08C1 0000 AB')
  expect(read(short)['apdu']).toMatchObject({ leftOff: { missing: 2, trailing: '' } })
  expect(read(long)['apdu']).toMatchObject({ leftOff: { missing: 0, trailing: 'AB' } })
  for (const bytes of [short, long]) {
    expect(read(bytes, { tail: 'strict' })).toHaveProperty('apduError')
    for (const reading of ['tolerant', 'strict']) comesBack(bytes, { tail: reading })
  }
})

it('keeps wake-up bytes, however many, and counts them in positions', () => {
  for (const count of [1, 4, 300]) {
    const bytes = Buffer.concat([Buffer.alloc(count, 0xfe), frameOf('0501002000020000')])
    expect(read(bytes)).toMatchObject({ wakeUp: count, apdu: { apdu: 'get-request' } })
    comesBack(bytes, {})
    bytes[bytes.length - 1] = 0
    expect(() => read(bytes)).toThrow(`at byte ${bytes.length - 1}`)
  }
  expect(() => read(Buffer.alloc(10, 0xfe))).toThrow('at byte 10')
  expect(() => dlt698.fromJson({ ...read(frameOf('0501002000020000')), wakeUp: -1 })).toThrow(EncodeError)
})
