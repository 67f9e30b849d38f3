import { DecodeError, EncodeError, Tracer } from '@zhuzhan/codec'
import type { Span } from '@zhuzhan/codec'
import { fromHex, toHex } from '@zhuzhan/core'
import fc from 'fast-check'
import { frameFromJson, frameToJson } from './json.js'
import { encodeFrame } from './link/index.js'
import { linkFrame, settings } from './vectors/arbitraries.js'
import { frameVectors } from './vectors/load.js'

/** Through real JSON text, as the command line does it. */
const again = (json: object) => frameFromJson(JSON.parse(JSON.stringify(json)) as object)

it.each(frameVectors.map((v, i) => [i, v.hex]))('recorded frame %i comes back byte by byte', (_, hex) => {
  expect(toHex(again(frameToJson(fromHex(hex as string))))).toBe(hex)
})

it('any frame comes back byte by byte, under any settings', () => {
  fc.assert(fc.property(linkFrame, settings, (frame, chosen) => {
    const bytes = encodeFrame(frame)
    return again(frameToJson(bytes, { settings: chosen })).equals(bytes)
  }), { numRuns: 1500 })
})

it('what is derived does not matter when a frame is written', () => {
  const { values: _values, item: _item, ...rest } = frameToJson(fromHex('681210785634126891083333343389674533D416'))
  expect(toHex(again({ ...rest, control: { ...rest.control, code: '00' } }))).toBe('681210785634126891083333343389674533D416')
})

it('shows what a frame says', () => {
  expect(frameToJson(fromHex('FEFE681210785634126891083333343389674533D416'))).toEqual({
    leading: 2,
    address: '123456781012',
    control: { code: '91', fromMeter: true, abnormal: false, followUp: false, function: '11' },
    message: { kind: 'read-reply', di: '00010000', value: '1234.56' },
    item: { name: 'Forward active energy, total', nameZh: '正向有功电能 总', unit: 'kWh' },
    values: [{ item: '00010000', name: 'Forward active energy, total', nameZh: '正向有功电能 总', value: '1234.56', unit: 'kWh', of: '123456781012' }],
  })
  expect(frameToJson(fromHex('68AAAAAAAAAAAA681F0113FF16'))).toEqual({
    address: 'AAAAAAAAAAAA', control: { code: '1F', fromMeter: false, abnormal: false, followUp: false, function: '1F' },
    data: 'E0', dataError: { offset: 0, expected: 'a control code whose data have a known layout' },
  })
})

it('keeps the settings it was read with, as far as they are not the defaults', () => {
  const bytes = encodeFrame({ address: '123456781012', control: { fromMeter: true, abnormal: false, followUp: false, function: 0x11 }, data: fromHex('01008002 000080'.replace(' ', '')) })
  expect(frameToJson(bytes)).toMatchObject({ message: { value: '-0.000' } })
  const json = frameToJson(bytes, { settings: { unmarkedSign: 'unsigned', price: 'XXXX.XXXX', of: 'another protocol' } })
  expect(json).toMatchObject({ message: { value: '800.000' }, settings: { unmarkedSign: 'unsigned' } })
  expect(Object.keys(json.settings!)).toEqual(['unmarkedSign'])
  expect(again(json)).toEqual(bytes)
  expect(() => again({ ...json, settings: {} })).toThrow(EncodeError)
  expect(() => frameToJson(bytes, { settings: { price: 'high' } })).toThrow(RangeError)
})

const control = { fromMeter: true, abnormal: false, followUp: false, function: '11' }
it.each<[string, unknown]>([
  ['nothing', {}], ['no control', { address: '123456781012', data: '' }], ['no data', { address: '123456781012', control }], ['half a byte', { address: '123456781012', control, data: '0' }],
  ['a flag that is a number', { address: '123456781012', control: { ...control, abnormal: 1 }, data: '' }], ['no function', { address: '123456781012', control: { ...control, function: '' }, data: '' }],
  ['a function of 6 bits', { address: '123456781012', control: { ...control, function: '20' }, data: '' }],
  ['the message of another control code', { address: '123456781012', control, message: { kind: 'read-request', di: '00010000' } }],
  ['no kind', { address: '123456781012', control, message: { di: '00010000' } }], ['null', { address: '123456781012', control, message: null }],
  ['settings that do not exist', { address: '123456781012', control, message: { kind: 'read-reply', di: '00010000', value: '1.00' }, settings: { price: 'high' } }],
])('refuses %s', (_, json) => expect(() => frameFromJson(json as object)).toThrow(EncodeError))

describe('spans', () => {
  const spans = (bytes: Buffer) => {
    const trace = new Tracer('frame')
    try {
      frameToJson(bytes, { trace })
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
    }
    return trace.root.children
  }
  const flat = (span: Span): unknown[] => [span.name, span.from, span.to, ...span.children.map(flat)]

  it('say where everything stands', () => {
    expect(spans(fromHex('FE681210785634126891083333343389674533D416')).map(flat)).toEqual([
      ['wakeUp', 0, 1], ['start', 1, 2], ['address', 2, 8], ['start', 8, 9], ['control', 9, 10], ['length', 10, 11],
      ['data', 11, 19, ['di', 11, 15], ['value', 15, 19]], ['checksum', 19, 20], ['end', 20, 21],
    ])
  })

  it('go into blocks, and forget a reading that failed', () => {
    const block = encodeFrame({ address: '123456781012', control: { ...control, function: 0x11 }, data: fromHex('00FF010200220121') })
    expect(flat(spans(block)[5]!)).toEqual(['data', 10, 18, ['di', 10, 14], ['value', 14, 18, ['0', 14, 16], ['1', 16, 18]]])
    const record = encodeFrame({ address: '123456781012', control: { ...control, function: 0x11 }, data: fromHex('01000106A0A00500') })
    expect(flat(spans(record)[5]!)).toEqual(['data', 10, 18, ['di', 10, 14], ['data', 14, 18]])
  })

  it('show what there is of a frame that is refused', () => {
    expect(spans(fromHex('6812107856341268')).map(flat)).toEqual([['start', 0, 1], ['address', 1, 7], ['start', 7, 8]])
    expect(spans(fromHex('681210785634126891083333')).map(flat)).toEqual([
      ['start', 0, 1], ['address', 1, 7], ['start', 7, 8], ['control', 8, 9], ['length', 9, 10], ['data', 10, 12],
    ])
    expect(spans(fromHex('FEFE'))).toEqual([{ name: 'wakeUp', from: 0, to: 2, value: 2, children: [] }])
  })

  it('lie within the bytes and within each other, and what they say is what is said without them', () => {
    fc.assert(fc.property(linkFrame, settings, (frame, chosen) => {
      const bytes = encodeFrame(frame)
      const trace = new Tracer('frame')
      expect(frameToJson(bytes, { trace, settings: chosen })).toEqual(frameToJson(bytes, { settings: chosen }))
      const check = (children: readonly Span[], from: number, to: number): void => {
        for (const child of children) {
          expect(child.from >= from && child.to <= to && child.from <= child.to).toBe(true)
          check(child.children, child.from, child.to)
        }
      }
      check(trace.root.children, 0, bytes.length)
    }), { numRuns: 500 })
  })
})
