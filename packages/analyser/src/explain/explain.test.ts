import { explain, explanationText, foundText, searchTerms } from '../index.js'

const said = (term: string) => explain(term).map(({ protocol, kind, term: canonical, name }) => [protocol, kind, canonical, name])

it.each<[string, unknown[][]]>([
  ['20000201', [['dlt698', 'OAD', '20000201', 'Voltage, phase A']]],
  ['0x00100200', [['dlt698', 'OAD', '00100200', 'Forward active energy']]],
  ['80008100', [['dlt698', 'OMD', '80008100', 'Remote control: Trip']]],
  ['02010100', [['dlt645', 'DI', '02010100', 'Voltage, phase A']]],
  ['0C F25', [['gdw1376.1', 'Fn', '0C F25', 'Instantaneous powers, power factors, voltages and currents']]],
  ['0cf25', [['gdw1376.1', 'Fn', '0C F25', 'Instantaneous powers, power factors, voltages and currents']]],
  ['04F10', [['gdw1376.1', 'Fn', '04 F10', 'Meter archive']]],
  ['10 F21', [['gdw1376.2', 'Fn', '10 F21', 'Topology']]],
  ['00F1', [['gdw1376.1', 'Fn', '00 F1', 'All confirmed'], ['gdw1376.2', 'Fn', '00 F1', 'Confirm']]],
  ['DAR 6', [['dlt698', 'DAR', 'DAR 6', 'object does not exist']]],
  ['dar=33', [['dlt698', 'DAR', 'DAR 33', 'request timed out']]],
  ['erc14', [['gdw1376.1', 'ERC', 'ERC 14', 'Terminal power off or on']]],
  ['C D1', [['dlt645', 'function', 'C 11', 'read']]],
  ['unit 33', [['dlt698', 'unit', 'UNIT 33', 'kWh']]],
  ['type 9', [['ssal', 'frame type', 'TYPE 9', 'link heartbeat of the gateway']]],
  ['no such term', []],
])('%s', (term, meanings) => {
  expect(said(term)).toEqual(meanings)
})

it('tells the meanings of a number in several protocols', () => {
  expect(explain('1003').map(({ protocol }) => protocol)).toContain('ssal')
  expect(explain('00F1', { protocol: 'gdw1376.2' })).toHaveLength(1)
})

it('gives unit, form, clause and how well it is known', () => {
  expect(explain('20000201')[0]).toMatchObject({
    unit: 'V', form: { en: 'array of long-unsigned × 10^-1 V [phases A, B, C]' }, access: 'read', clause: 'dlt698-45.md §8.2', confidence: { en: 'a recorded frame shows it' },
  })
  expect(explain('0001FF00')[0]).toMatchObject({ unit: 'kWh', form: { en: 'XXXXXX.XX, 4 bytes each' }, clause: 'dlt645-2007.md §4.1' })
})

it('lists the parts of an object and of an AFN', () => {
  expect(explain('8000')[0]!.notes!.map(({ en }) => en)).toContain('80008100 method 129: Trip')
  expect(explain('AFN 0C')[0]!.notes!.map(({ en }) => en)).toContain('0C F161 Relay state and record')
})

it('is readable', () => {
  expect(explanationText(explain('02010100')[0]!, 'both')).toBe(`02010100  Voltage, phase A 电压 A相  (DL/T 645-2007 DI)
  form 格式: XXX.X, 2 bytes XXX.X,2字节
  unit 单位: V
  access 访问: read
  clause 条文: dlt645-2007.md §4.3
  known from 依据: read in public sources 公开来源
`)
})

describe('a search', () => {
  it('finds terms by words of either language, the plainest first', () => {
    expect(searchTerms('voltage')[0]).toMatchObject({ term: '20000200', name: 'Voltage' })
    expect(searchTerms('电压').map(({ term }) => term)).toContain('20000200')
    expect(searchTerms('forward active', { protocol: 'dlt645', limit: 1 })).toHaveLength(1)
    expect(foundText(searchTerms('keep power'), 'en')).toContain('keep power')
  })

  it('finds nothing for nothing', () => {
    expect(searchTerms('')).toEqual([])
    expect(searchTerms('no such words here')).toEqual([])
  })
})
