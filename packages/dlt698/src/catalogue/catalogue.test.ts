import { decodeApdu } from '../apdu/decode.js'
import { leafColumns, leafRows } from '../apdu/columns.js'
import type { Data } from '../data/index.js'
import { decodeFrame } from '../link/index.js'
import { frameVectors } from '../vectors/load.js'
import { catalogue, catalogueRow, describeItem, objects, readings } from './catalogue.js'
import { CLASSES } from './classes.js'
import { COLUMN } from './columns.js'
import { DARS, darName } from './dar.js'
import { decimal } from '@zhuzhan/codec'
import { elements } from './elements.js'
import { freezes } from './freezes.js'
import { METHODS } from './methods.js'
import { attributeKey } from './row.js'
import { UNITS } from './units.js'

const u32 = (value: number): Data => ({ type: 'double-long-unsigned', value })
const u16 = (value: number): Data => ({ type: 'long-unsigned', value })
const NULL: Data = { type: 'null' }
const noon = { year: 2026, month: 10, day: 5, hour: 12, minute: 30, second: 0 }

/** Every attribute and value of the recorded frames, also inside the security wrapper. */
function recordedValues(): { oad: string; data: Data }[] {
  return frameVectors.filter((v) => v.kind === 'frame').flatMap((v) => {
    const outer = decodeApdu(decodeFrame(Buffer.from(v.hex, 'hex')).data)
    const apdu = 'content' in outer && Buffer.isBuffer(outer.content) ? decodeApdu(outer.content, { tolerant: true }) : outer
    const results = 'results' in apdu && apdu.apdu === 'get-response' ? apdu.results : 'result' in apdu && apdu.apdu === 'get-response' ? [apdu.result] : []
    const records = 'records' in apdu && apdu.apdu === 'report-notification' ? apdu.records : 'record' in apdu && apdu.apdu === 'get-response' ? [apdu.record] : []
    const sets = apdu.apdu === 'set-request' ? ('items' in apdu ? apdu.items : [apdu]) : []
    const cells = records.flatMap((r) => leafRows(r).flatMap((row) => leafColumns(r.rcsd).map(({ oad }, i) => ({ oad, data: row[i]! }))))
    return [...results.flatMap((r) => 'data' in r ? [{ oad: r.oad, data: r.data }] : []), ...sets, ...cells]
  })
}

describe('catalogue', () => {
  it('has one row an attribute, with a unit the standard knows', () => {
    expect(new Set(catalogue.map(attributeKey)).size).toBe(catalogue.length)
    expect(new Set(catalogue.map((row) => row.name)).size).toBe(catalogue.length)
    // The unit table has one entry for every currency.
    const units = new Set([...Object.values(UNITS), 'yuan'])
    expect(catalogue.filter((row) => !units.has(row.unit))).toEqual([])
    expect(catalogue.filter((row) => !/^[0-9A-F]{4}$/.test(row.oi))).toEqual([])
  })

  it('calls recorded what a recorded frame shows with a value, and nothing else', () => {
    const seen = new Set(recordedValues().map(({ oad }) => oad.slice(0, 6)))
    const attributes = objects.flatMap(({ oi, attributes: rows }) => Object.entries(rows).map(([n, row]) => ({ key: attributeKey({ oi, attribute: Number(n) }), row })))
    expect(attributes.filter(({ key, row }) => (row.confidence === 'recorded') !== seen.has(key)).map(({ key }) => key)).toEqual([])
    expect(catalogue.filter((row) => row.sure !== (row.confidence === 'recorded'))).toEqual([])
    const asked = new Set(frameVectors.map((v) => JSON.stringify(v.decoded.apdu ?? {})).flatMap((text) => text.match(/[0-9A-F]{8}/g) ?? []))
    expect(freezes.filter((row) => row.sure !== asked.has(row.oad)).map((row) => row.oad)).toEqual([])
    const called = new Set(frameVectors.flatMap((v) => [...JSON.stringify(v.decoded.apdu ?? {}).matchAll(/"omd":"([0-9A-F]{8})"/g)].map(([, omd]) => omd)))
    const methods = objects.flatMap(({ oi, methods: rows }) => Object.entries(rows).map(([n, row]) => ({ omd: `${attributeKey({ oi, attribute: Number(n) })}00`, row })))
    expect(methods.filter(({ omd, row }) => (row.confidence === 'recorded') !== called.has(omd)).map(({ omd }) => omd)).toEqual([])
    expect(Object.values(METHODS).filter((row) => row.sure !== asked.has(row.omd))).toEqual([])
  })

  it('knows every object once, with names in both languages and a class that is described', () => {
    expect(new Set(objects.map(({ oi }) => oi)).size).toBe(objects.length)
    expect(new Set(objects.map(({ name }) => name)).size).toBe(objects.length)
    expect(new Set(objects.map(({ nameZh }) => nameZh)).size).toBe(objects.length)
    expect(objects.filter((row) => row.class !== undefined && CLASSES[row.class] === undefined)).toEqual([])
    expect(Object.keys(CLASSES)).toHaveLength(26)
    expect(objects.length).toBeGreaterThan(220)
  })

  it('gives the type of every recorded value of a row', () => {
    const wrong = recordedValues().filter(({ oad, data }) => {
      const row = catalogueRow(oad)
      if (row === undefined || data.type === 'null' || data.type === 'array') return false
      return data.type !== (row.shape === 'demand-tariffs' ? 'structure' : row.type)
    })
    expect(wrong).toEqual([])
  })
})

describe('describeItem', () => {
  it.each([
    ['00100201', 'Forward active energy, total', '正向有功电能 总', 'kWh', -2],
    ['00100203', 'Forward active energy, tariff 2', '正向有功电能 费率2', 'kWh', -2],
    ['00100401', 'Forward active energy (high precision), total', '正向有功电能(高精度) 总', 'kWh', -4],
    ['20000201', 'Voltage, phase A', '电压 A相', 'V', -1],
    ['20040201', 'Active power, total', '有功功率 总', 'W', -1],
    ['20040204', 'Active power, phase C', '有功功率 C相', 'W', -1],
    ['200F0200', 'Frequency', '电网频率', 'Hz', -2],
    ['10100202', 'Maximum forward active demand, tariff 1', '正向有功最大需量 费率1', 'kW', -4],
    ['20210200', 'Freeze time', '数据冻结时间', '', 0],
  ])('%s is %s', (oad, name, nameZh, unit, scaler) => {
    expect(describeItem(oad)).toEqual({ oad, name, nameZh, unit, scaler })
  })

  it.each(['20000204', '200F0201', '00100241', 'FFFF0200', '00100500', '', 'x'])('knows nothing of %p', (oad) => {
    expect(describeItem(oad)).toBeUndefined()
  })
})

describe('elements', () => {
  it('numbers the elements of a whole attribute from 1', () => {
    expect(elements('00100200', { type: 'array', items: [u32(590000), u32(120000)] })).toEqual([
      { item: '00100201', value: '5900.00', unit: 'kWh' },
      { item: '00100202', value: '1200.00', unit: 'kWh' },
    ])
  })

  it('takes a single element under its own number', () => {
    expect(elements('20000201', u16(2201))).toEqual([{ item: '20000201', value: '220.1', unit: 'V' }])
    expect(elements('200F0200', u16(5001))).toEqual([{ item: '200F0200', value: '50.01', unit: 'Hz' }])
    expect(elements('00110200', u32(5))).toEqual([{ item: '00110200', value: '0.05', unit: 'kWh' }])
  })

  it('tells when a demand occurred', () => {
    const cell: Data = { type: 'structure', items: [u32(12345), { type: 'date-time-s', value: noon }] }
    const reading = { value: '1.2345', unit: 'kW', at: noon }
    expect(elements('10100201', cell)).toEqual([{ item: '10100201', ...reading }])
    expect(elements('10100200', { type: 'array', items: [NULL, cell, { type: 'structure', items: [u32(7), NULL] }] })).toEqual([
      { item: '10100202', ...reading }, { item: '10100203', value: '0.0007', unit: 'kW' },
    ])
  })

  it('leaves out what is missing and keeps the numbers of the others', () => {
    const items: Data[] = [u16(0xffff), NULL, u16(2203)]
    expect(elements('20000200', { type: 'array', items }).map((e) => e.item)).toEqual(['20000203'])
    expect(elements('00100200', { type: 'array', items: [u32(0xffffffff)] })).toEqual([])
    expect(elements('00100400', { type: 'array', items: [{ type: 'long64-unsigned', value: 2n ** 64n - 1n }] })).toEqual([])
    expect(elements('10100200', { type: 'array', items: [{ type: 'structure', items: [u32(0xffffffff), NULL] }, { type: 'structure', items: [] }] })).toEqual([])
  })

  it('keeps -1 in signed types, which is a reading', () => {
    expect(elements('20010201', { type: 'double-long', value: -1 })).toEqual([{ item: '20010201', value: '-0.001', unit: 'A' }])
  })

  it('gives nothing for what is no reading or has no such element', () => {
    expect(elements('20210200', { type: 'date-time-s', value: noon })).toEqual([])
    expect(elements('FFFF0200', u16(1))).toEqual([])
    expect(elements('20000209', u16(1))).toEqual([])
    expect(elements('20000200', { type: 'array', items: [u16(1), u16(2), u16(3), u16(4)] })).toHaveLength(3)
    expect(elements('20000201', { type: 'visible-string', text: '220.1' })).toEqual([])
    expect(elements('20000201', { type: 'array', items: [u16(1)] })).toEqual([])
  })

  it('describes every item it gives', () => {
    for (const row of readings) {
      const cell: Data = row.shape === 'demand-tariffs' ? { type: 'structure', items: [u32(1)] } : u32(1)
      const given = elements(`${attributeKey(row)}00`, { type: 'array', items: Array<Data>(255).fill(cell) })
      expect(given.filter(({ item, unit }) => describeItem(item)?.unit !== unit)).toEqual([])
      expect(given).toHaveLength({ 'scalar': 0, 'phases': 3, 'total-phases': 4, 'tariffs': 64, 'demand-tariffs': 64 }[row.shape])
    }
  })

  it('reads the recorded curve of frame 9.3', () => {
    const found = recordedValues().flatMap(({ oad, data }) => elements(oad, data))
    expect(found).toContainEqual({ item: '00200205', value: '2000.00', unit: 'kWh' })
    expect(found).toContainEqual({ item: '20170200', value: '1.2345', unit: 'kW' })
    expect(found).toContainEqual({ item: '20000201', value: '241.3', unit: 'V' })
    expect(found).toContainEqual({ item: '200A0201', value: '0.894', unit: '' })
  })
})

describe('decimal', () => {
  it.each([
    [123456, -2, '1234.56'], [0, -2, '0.00'], [5, -3, '0.005'], [-5, -3, '-0.005'], [-123, -2, '-1.23'], [7, 0, '7'], [7, 2, '700'], [0, 2, '0'],
    [18446744073709551614n, -4, '1844674407370955.1614'], [-9223372036854775808n, -4, '-922337203685477.5808'], [4294967294, -4, '429496.7294'],
  ])('%p x 10^%p is %s', (raw, scaler, text) => {
    expect(decimal(raw, scaler)).toBe(text)
  })
})

it('names result codes, and keeps the number of unknown ones', () => {
  expect(darName(33)).toEqual({ en: 'request timed out', zh: '请求超时' })
  expect(darName(99)).toEqual({ en: 'code 99', zh: '代码99' })
  expect(Object.keys(DARS)).toHaveLength(37)
})

it('names the columns by their OADs', () => {
  expect(COLUMN).toMatchObject({ freezeTime: '20210200', targetServer: '202A0200', meterAddress: '40010200', taskStored: '60420200' })
})
