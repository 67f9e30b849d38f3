import { decode, encode } from '@zhuzhan/codec'
import fc from 'fast-check'
import { formOf } from '../forms/index.js'
import { SETTINGS } from '../settings.js'
import { knownDi, settings } from '../vectors/arbitraries.js'
import { dataIdentifier, identifiers, identifiersFor } from './index.js'

it.each([
  ['00010000', 'Forward active energy, total', '正向有功电能 总', 'kWh', 'XXXXXX.XX'],
  ['00000100', 'Combined active energy, tariff 1', '组合有功电能 费率1', 'kWh', 'XXXXXX.XX signed'],
  ['0003000C', 'Combined reactive energy 1, total, settlement 12', '组合无功1电能 总 上12结算日', 'kvarh', 'XXXXXX.XX signed'],
  ['00153F00', 'Forward active energy of phase A, tariff 63', 'A相正向有功电能 费率63', 'kWh', 'XXXXXX.XX'],
  ['01020001', 'Reverse active maximum demand, total, settlement 1', '反向有功最大需量 总 上1结算日', 'kW', 'XX.XXXX YYMMDDhhmm'],
  ['01090000', 'Forward apparent maximum demand, total', '正向视在最大需量 总', 'kVA', 'XX.XXXX YYMMDDhhmm'],
  ['02010300', 'Voltage, phase C', '电压 C相', 'V', 'XXX.X'],
  ['02030000', 'Active power, total', '有功功率 总', 'kW', 'XX.XXXX signed'],
  ['020A0215', 'Voltage harmonic content, phase B, order 21', '电压谐波含有量 B相 21次', '%', 'XX.XX'],
  ['02800007', 'Temperature in the meter', '表内温度', '°C', 'XXX.X signed'],
  ['04000503', 'Run status word 3', '电表运行状态字3', '', 'status word 3'],
  ['04000504', 'Run status word, 4', '电表运行状态字 4', '', 'digits 2'],
  ['04000C0A', 'Password, level 9', '密码 9级', '', 'password'],
  ['04010008', 'First set, day table 8', '第一套 第8日时段表', '', 'hhmmNN[]'],
  ['05060101', 'Frozen forward active energy, daily, last 1', '冻结正向有功电能 日冻结 上1次', 'kWh', 'XXXXXX.XX[]'],
  ['05040102', 'Frozen forward active energy, hourly, last 2', '冻结正向有功电能 整点冻结 上2次', 'kWh', 'XXXXXX.XX[]'],
  ['05010901', 'Frozen forward active maximum demand, immediate, last 1', '冻结正向有功最大需量 瞬时冻结 上1次', 'kW', 'XX.XXXX YYMMDDhhmm[]'],
  ['06010002', 'Load records from a given time, class 1', '给定时间负荷记录块 第1类', '', 'load records'],
  ['03300000', 'Programming, count', '编程总次数', '', 'NNNNNN'],
  ['03300D00', 'Meter cover open, count', '开表盖总次数', '', 'NNNNNN'],
])('%s is %s', (di, name, nameZh, unit, form) => {
  const item = dataIdentifier(di)!
  expect({ di: item.di, name: item.name, nameZh: item.nameZh, unit: item.unit, form: item.form?.name }).toEqual({ di, name, nameZh, unit, form })
})

it.each([
  '00014000', '0001000D', '000B0000', '00510000', '00FF0000', '02010000', '02010400', '04001400', '05070101', '05060100', '06070000',
  '0330000B', 'FFFFFFFF', '0001000', 'what is it',
])('%s is not in the tables', (di) => expect(dataIdentifier(di)).toBeUndefined())

it('knows that other rows of the phases exist, but not what they count', () => {
  expect(dataIdentifier('00440000')).toMatchObject({ name: 'Energy of phase C, row 44H, total', unit: '', mark: 'G', form: { name: 'XXXXXX.XX' } })
})

it('FF is a block of what stands in its place', () => {
  const tariffs = dataIdentifier('0001FF00')!
  expect(tariffs.name).toBe('Forward active energy')
  expect([0, 1, 63, 64].map((i) => tariffs.block!.element(i)?.di)).toEqual(['00010000', '00010100', '00013F00', undefined])
  expect([0, 12, 13].map((i) => dataIdentifier('000100FF')!.block!.element(i)?.di)).toEqual(['00010000', '0001000C', undefined])
  expect([0, 1, 2, 3].map((i) => dataIdentifier('0201FF00')!.block!.element(i)?.name)).toEqual(['Voltage, phase A', 'Voltage, phase B', 'Voltage, phase C', undefined])
  expect([0, 3].map((i) => dataIdentifier('0206FF00')!.block!.element(i)?.name)).toEqual(['Power factor, total', 'Power factor, phase C'])
  expect([2, 6, 7].map((i) => dataIdentifier('040005FF')!.block!.element(i)?.form?.name)).toEqual(['status word 3', 'digits 2', undefined])
})

it('has no layout for two blocks at once, nor for what only has a name', () => {
  expect(dataIdentifier('0001FFFF')).toMatchObject({ name: 'Forward active energy' })
  expect(dataIdentifier('0001FFFF')!.form).toBeUndefined()
  expect(dataIdentifier('05061001')!.form).toBeUndefined()
  expect(dataIdentifier('10010001')!.form).toBeUndefined()
})

it('settings choose between readings', () => {
  expect(dataIdentifier('0280000B')!.form!.name).toBe('XXXX.XXXX')
  expect(dataIdentifier('0280000B', { price: 'absent' })).toBeUndefined()
  expect(dataIdentifier('02800001', { unmarkedSign: 'unsigned' })!.form!.name).toBe('XXX.XXX')
  expect(dataIdentifier('05040101', { hourlyFreeze: 'extension' })!.form).toBeUndefined()
  expect(dataIdentifier('05060101', { hourlyFreeze: 'extension' })!.form).toBeDefined()
  expect(dataIdentifier('06010001', { loadRecord: 'unread' })!.form).toBeUndefined()
  expect(dataIdentifier('03300D01', { coverEvents: '0D-terminal-cover' })!.name).toBe('Terminal cover open, record, last 1')
  expect(dataIdentifier('070201FF')!.name).toBe('Control key update')
  expect(dataIdentifier('070201FF', { keyUpdate: 'parameter-first' })!.name).toBe('Parameter key update')
  expect(() => dataIdentifier('00010000', { price: 'high' })).toThrow(RangeError)
  expect(dataIdentifier('00010000', { another: 'protocol' })!.name).toBe('Forward active energy, total')
})

it('every row leads to a form, and none hides another', () => {
  for (const { form } of identifiers) if (form !== undefined) expect(formOf(form).name).toBe(form)
  const keys = identifiers.map(({ di, when }) => `${di} ${JSON.stringify(when ?? [])}`)
  expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([])
  expect(() => formOf('XXX')).toThrow(RangeError)
  expect(() => formOf('furlongs')).toThrow(RangeError)
})

it('every identifier of a row is found under every setting in which one of its rows holds', () => {
  fc.assert(fc.property(knownDi, settings, (di, chosen) => {
    const item = identifiersFor(chosen).item(Number.parseInt(di, 16))
    return item.di === di && (item.known !== undefined || (di === '0280000B' && chosen['price'] === 'absent'))
  }), { numRuns: 2000 })
})

it('remembers no more items than it may', () => {
  const known = identifiersFor({})
  for (let i = 0; i < 20_000; i++) known.item(0x20000000 + i)
  expect(known.item(0x00010000).known!.name).toBe('Forward active energy, total')
  expect(known.item(0x20000000)).toEqual({ di: '20000000', known: undefined, codec: undefined, least: 0 })
})

describe('forms', () => {
  const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
  it.each<[string, string, unknown, unknown]>([
    ['XXXXXX.XX', '56341200', '1234.56', { value: '1234.56' }],
    ['XXXXXX.XX signed', '56341280', '-1234.56', { value: '-1234.56' }],
    ['XXXXXX.XX', 'FFFFFFFF', { missing: 'FFFFFFFF' }, { value: null }],
    ['XXX.X', 'EEEE', { missing: 'EEEE' }, { value: null }],
    ['XXX.X', '0E00', { notBcd: '000E' }, undefined],
    ['X.XXX signed', '9899', '-1.998', { value: '-1.998' }],
    ['XX.XXXX YYMMDDhhmm', '34 12 00 15 00 05 10 26', { demand: '0.1234', time: '2026-10-05T00:15' }, { value: '0.1234', time: '2026-10-05T00:15' }],
    ['XX.XXXX YYMMDDhhmm', 'FFFFFF FFFFFFFFFF', { demand: { missing: 'FFFFFF' }, time: 'FFFFFFFFFF' }, { value: null }],
    ['XX.XXXX YYMMDDhhmm', '000000 FFFFFFFFFF', { demand: '0.0000', time: 'FFFFFFFFFF' }, { value: '0.0000' }],
    ['YYMMDDhhmmss', '51 22 10 05 06 17', '2017-06-05T10:22:51', { value: '2017-06-05T10:22:51' }],
    ['YYMMDDWW', '01 05 10 26', { weekday: '1', date: '2026-10-05' }, { value: '2026-10-05' }],
    ['hhmmss', '56 34 12', '12:34:56', { value: '12:34:56' }],
    ['MMDDhhmm', '00 00 05 10', '10-05T00:00', { value: '10-05T00:00' }],
    ['DDhh', '00 01', '01T00', { value: '01T00' }],
    ['digits 6', '12 10 78 56 34 12', '123456781012', { value: '123456781012' }],
    ['digits 6', 'FFFFFFFFFFFF', 'FFFFFFFFFFFF', { value: null }],
    ['hex 12', '000102030405060708090A0B', '000102030405060708090A0B', { value: '000102030405060708090A0B' }],
    ['ASCII 6', '002056303232', '220V \u0000', { value: '220V' }],
    ['status word 3', '50 00', ['relay-open', 'relay-command-open'], { value: 'relay-open relay-command-open' }],
    ['status word 3', '00 00', [], { value: '' }],
    ['status word 3', '89 53', ['bit0', 'programming-enabled', 'pre-trip-alarm', 'meter-type-0', 'meter-type-1', 'keep-power', 'bit14'], expect.anything()],
    ['MMDDNN[]', '01 01 01 02 01 07', [{ table: '1', date: '01-01' }, { table: '2', date: '07-01' }], undefined],
    ['hhmmNN[]', '01 00 00 02 30 08', [{ tariff: '1', from: '00:00' }, { tariff: '2', from: '08:30' }], undefined],
    ['password', '04 123456', { level: '04', password: '123456' }, undefined],
    ['load records', 'A0A0 0C 15 00 05 10 26 2322 AA 0500 AA AA 77 E5', [{ time: '2026-10-05T00:15', groups: ['2322', '0500', ''], checksum: '77' }], undefined],
  ])('%s reads %s', (name, text, value, scalar) => {
    const form = formOf(name)
    expect(decode(form.codec, hex(text))).toEqual(value)
    expect(form.scalar(value)).toEqual(scalar)
    expect(encode(form.codec, value)).toEqual(hex(text))
  })

  it.each<[string, unknown]>([
    ['XXX.X', '1000.0'], ['XXX.X', '-1.0'], ['YYMMDDhhmm', '2026-10-05'], ['YYMMDDhhmm', '2610050015'], ['YYMMDDhhmm', '1926-10-05T00:15'], ['ASCII 6', '220V'], ['ASCII 4', '电力电力'],
    ['digits 2', '123'], ['status word 3', ['asleep']], ['MMDDNN[]', 'none'], ['load records', [{ time: '2026-10-05T00:15', groups: ['AA'], checksum: '77' }]],
    ['load records', [{ time: '2026-10-05T00:15', groups: [], checksum: '7777' }]],
  ])('%s does not write %p', (name, value) => {
    expect(() => encode(formOf(name).codec, value)).toThrow('expected')
  })

  it.each(['A0A1 05 1500051026 77 E5', 'A0A0 04 15000510 77 E5', 'A0A0 06 1500051026 01 77 E5', 'A0A0 05 1500051026 77 E6', 'A0A0 09 1500051026 77 E5', 'A0A0'])('%s is no load record', (text) => {
    expect(() => decode(formOf('load records').codec, hex(text))).toThrow('expected')
  })

  it('characters and keep power follow their settings, reading and writing', () => {
    const asSent = { textOrder: 'as-sent' }
    expect(decode(formOf('ASCII 4').codec, hex('322E3053'), { settings: asSent })).toBe('2.0S')
    expect(encode(formOf('ASCII 4').codec, '2.0S', { settings: asSent })).toEqual(hex('322E3053'))
    expect(decode(formOf('ASCII 4').codec, hex('322E3053'))).toBe('S0.2')
    const bit13 = { keepPowerBit: '13' }
    expect(decode(formOf('status word 3').codec, hex('0030'), { settings: bit13 })).toEqual(['bit12', 'keep-power'])
    expect(decode(formOf('status word 3').codec, hex('0030'))).toEqual(['keep-power', 'bit13'])
    expect(encode(formOf('status word 3').codec, ['keep-power'], { settings: bit13 })).toEqual(hex('0020'))
  })
})

it('lists its settings with a default among the readings', () => {
  expect(SETTINGS.filter((setting) => !Object.hasOwn(setting.readings, setting.default))).toEqual([])
  expect(new Set(SETTINGS.map((setting) => setting.name)).size).toBe(SETTINGS.length)
})
