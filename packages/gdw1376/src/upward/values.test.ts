import { Tracer } from '@zhuzhan/codec'
import type { Span } from '@zhuzhan/codec'
import { recorded, upwardVectors } from '../vectors/load.js'
import { encodeLink } from './link/frame.js'
import { gdw1376_1 } from './protocol.js'
import type { UpwardJson } from './protocol.js'

/** A reply with these data units, read. */
function read(afn: string, units: string, settings?: Record<string, string>): UpwardJson {
  return gdw1376_1.toJson(replyOf(afn, units), settings && { settings }) as UpwardJson
}

function replyOf(afn: string, units: string): Buffer {
  return encodeLink({
    protocolId: 2, control: { dir: 1, prm: 0, acd: false, fcv: false, function: 8 }, address: { district: '0200', terminal: 1, group: false, msa: 1 },
    afn, seq: { tpv: false, fir: true, fin: true, con: false, rseq: 3 }, data: Buffer.from(units.replaceAll(' ', ''), 'hex'),
  })
}

const short = ({ values = [] }: UpwardJson) => values.map(({ item, name, value, unit, of, time }) => [item, name, value, unit, of, time])

it('instantaneous values by phase, with their units', () => {
  const power = '56 34 92 11 00 00 12 00 00 13 00 00'
  const json = read('0C', `01 01 01 03 05 00 22 05 22 ${power} ${power} 00 10 00 10 00 10 FF FF 01 22 02 22 03 22 00 05 00 99 49 80 EE EE EE 00 00 00 ${power}`)
  expect(json).not.toHaveProperty('dataError')
  const at = ['p1', '2022-05-22T00:05']
  expect(short(json)).toEqual([
    ['0C F25 activePower.total', 'Active power, total', '-12.3456', 'kW', ...at],
    ['0C F25 activePower.a', 'Active power, phase A', '0.0011', 'kW', ...at],
    ['0C F25 activePower.b', 'Active power, phase B', '0.0012', 'kW', ...at],
    ['0C F25 activePower.c', 'Active power, phase C', '0.0013', 'kW', ...at],
    ['0C F25 reactivePower.total', 'Reactive power, total', '-12.3456', 'kvar', ...at],
    ['0C F25 reactivePower.a', 'Reactive power, phase A', '0.0011', 'kvar', ...at],
    ['0C F25 reactivePower.b', 'Reactive power, phase B', '0.0012', 'kvar', ...at],
    ['0C F25 reactivePower.c', 'Reactive power, phase C', '0.0013', 'kvar', ...at],
    ['0C F25 powerFactor.total', 'Power factor, total', '100.0', '%', ...at],
    ['0C F25 powerFactor.a', 'Power factor, phase A', '100.0', '%', ...at],
    ['0C F25 powerFactor.b', 'Power factor, phase B', '100.0', '%', ...at],
    ['0C F25 powerFactor.c', 'Power factor, phase C', null, '%', ...at],
    ['0C F25 voltage.a', 'Voltage, phase A', '220.1', 'V', ...at],
    ['0C F25 voltage.b', 'Voltage, phase B', '220.2', 'V', ...at],
    ['0C F25 voltage.c', 'Voltage, phase C', '220.3', 'V', ...at],
    ['0C F25 current.a', 'Current, phase A', '0.500', 'A', ...at],
    ['0C F25 current.b', 'Current, phase B', '-4.999', 'A', ...at],
    ['0C F25 current.c', 'Current, phase C', null, 'A', ...at],
    ['0C F25 current.zero', 'Current, zero sequence', '0.000', 'A', ...at],
    ['0C F25 apparentPower.total', 'Apparent power, total', '-12.3456', 'kVA', ...at],
    ['0C F25 apparentPower.a', 'Apparent power, phase A', '0.0011', 'kVA', ...at],
    ['0C F25 apparentPower.b', 'Apparent power, phase B', '0.0012', 'kVA', ...at],
    ['0C F25 apparentPower.c', 'Apparent power, phase C', '0.0013', 'kVA', ...at],
  ])
})

it('registers with their tariffs, in both languages', () => {
  const json = read('0C', '02 01 01 10 05 00 22 05 22 02 00 78 56 34 12 00 00 01 00 00 EE EE EE EE EE')
  expect(json.values!.map(({ item, name, nameZh, value, of }) => [item, name, nameZh, value, of])).toEqual([
    ['0C F129 forwardActiveEnergy.total', 'Forward active energy, total', '正向有功电能示值 总', '123456.7800', 'p2'],
    ['0C F129 forwardActiveEnergy.tariffs.1', 'Forward active energy, tariff 1', '正向有功电能示值 费率1', '1.0000', 'p2'],
    ['0C F129 forwardActiveEnergy.tariffs.2', 'Forward active energy, tariff 2', '正向有功电能示值 费率2', null, 'p2'],
  ])
})

it('points of a curve in the density\'s interval, also past midnight', () => {
  const json = read('0D', '01 01 01 0B 45 23 21 05 22 01 03 01 22 02 22 03 22')
  expect(short(json)).toEqual([
    ['0D F89 voltage.a', 'Voltage, phase A', '220.1', 'V', 'p1', '2022-05-21T23:45'],
    ['0D F89 voltage.a', 'Voltage, phase A', '220.2', 'V', 'p1', '2022-05-22T00:00'],
    ['0D F89 voltage.a', 'Voltage, phase A', '220.3', 'V', 'p1', '2022-05-22T00:15'],
  ])
})

it('points of a curve whose density nobody knows, by number', () => {
  expect(short(read('0D', '01 01 01 0B 45 23 21 05 22 09 02 01 22 02 22'))).toEqual([
    ['0D F89 voltage.a.1', 'Voltage, phase A, number 1', '220.1', 'V', 'p1', undefined],
    ['0D F89 voltage.a.2', 'Voltage, phase A, number 2', '220.2', 'V', 'p1', undefined],
  ])
})

it('frozen readings have the day or the month they were frozen for', () => {
  expect(short(read('0D', '01 01 01 16 05 22 05 00 01 06 22 00 00 00 01 00 00'))).toEqual([
    ['0D F177 forwardActiveEnergy.total', 'Forward active energy, total', '1.0000', 'kWh', 'p1', '2022-05'],
  ])
})

it('a day that never was is no time', () => {
  expect(short(read('0D', '01 01 01 14 00 00 00 00 05 01 06 22 00 00 00 01 00 00'))[0]!.at(-1)).toBeUndefined()
})

it('the relay: its state with a meaning, when it switched', () => {
  const json = read('0C', '01 01 01 14 05 00 22 05 22 11 01 10 20 05 22 00 00 00 00 00')
  expect(json.units[0]!.contents![0]).toMatchObject({ relayState: 'on', lastSwitchOn: '2022-05-20 10:01', lastSwitchOff: '2000-00-00 00:00' })
  expect(json.values!.map(({ name, value, meaning }) => [name, value, meaning])).toEqual([
    ['Relay state', 'on', { en: 'power on', zh: '通电' }], ['Last remote switch-on', '2022-05-20 10:01', undefined], ['Last remote switch-off', '2000-00-00 00:00', undefined],
  ])
})

it('the clock of the terminal', () => {
  expect(short(gdw1376_1.toJson(recorded(upwardVectors, 'reply: terminal clock')) as UpwardJson)).toEqual([['0C F2 clock', 'Clock', '2015-12-15 11:48:49', '', 'p0', undefined]])
})

it('events by name, with their bodies as hex', () => {
  const { units } = read('0E', '00 00 01 00 05 02 03 05 0E 02 AABB 63 01 CC')
  expect(units[0]!.contents![0]).toEqual({
    pn: 0, fn: 1, importantEvents: 5, generalEvents: 2, firstPointer: 3, lastPointer: 5,
    records: [{ erc: 14, body: 'AABB', name: 'Terminal power off or on', nameZh: '终端停/上电事件' }, { erc: 99, body: 'CC' }],
  })
})

describe('settings', () => {
  const registers = '05 22 05 00 00 00 01 00 00 00 00 00 01 00 00 00 00 00 00'.replace('05 22 05', '21 05 22 05 00 22 05 22')

  it('leave layouts of siblings as hex', () => {
    const units = `01 01 01 00 ${registers} ${'00 '.repeat(20)}`
    expect(read('0D', units.slice(0, units.length), { siblingLayouts: 'hex' })).toMatchObject({ units: [{ fn: [1] }], dataError: { offset: 18, expected: 'a known layout of 0D F1 up' } })
    expect(read('0D', '01 01 01 00 21 05 22 05 00 22 05 22 00 00 00 01 00 00 00 00 00 02 00 00 00 03 00 00 00 04').units[0]!.contents![0]).toEqual({
      pn: 1, fn: 1, frozenDay: '2022-05-21', readingTime: '2022-05-22 00:05',
      forwardActiveEnergy: { total: '1.0000', tariffs: [] }, forwardReactiveEnergy: { total: '20000.00', tariffs: [] },
      reactiveEnergyQ1: { total: '30000.00', tariffs: [] }, reactiveEnergyQ4: { total: '40000.00', tariffs: [] },
    })
  })

  it('leave AFN 06 as hex', () => {
    const units = `00 00 04 01 ${'11 '.repeat(37)}`
    expect(read('06', units).units[0]!.contents![0]).toMatchObject({ chipSerial: '11'.repeat(8), certificateState: '11', keyVersion: '11'.repeat(8) })
    expect(read('06', units, { authenticationLayouts: 'hex' })).toMatchObject({ data: '11'.repeat(37) })
  })

  it('that leave a layout out let a unit without data come back', () => {
    const bytes = replyOf('06', '00 00 04 01')
    expect(gdw1376_1.fromJson(gdw1376_1.toJson(bytes, { settings: { authenticationLayouts: 'hex' } }))).toEqual(bytes)
    expect(gdw1376_1.fromJson(gdw1376_1.toJson(bytes))).toEqual(bytes)
  })

  it('take PW from AFN 06', () => {
    const request = recorded(upwardVectors, '2013 hardware authentication')
    const json = gdw1376_1.toJson(request) as UpwardJson
    const withPw = gdw1376_1.fromJson({ ...json, pw: 'AB'.repeat(16) })
    expect(gdw1376_1.toJson(withPw, { settings: { pwInAuthentication: 'present' } })).toMatchObject({ pw: 'AB'.repeat(16), units: [{ fn: [11] }] })
    expect(gdw1376_1.toJson(withPw)).toMatchObject({ data: 'AB'.repeat(16) })
  })

  it('accept frames of 130-2005, without reading their data', () => {
    const old = recorded(upwardVectors, 'heartbeat with terminal clock')
    old[1] = old[3] = (old[1]! & ~3) | 1
    expect(() => gdw1376_1.toJson(old)).toThrow('protocol identification 2')
    expect(gdw1376_1.toJson(old, { settings: { accept130: 'true' } })).toMatchObject({ protocolId: 1, units: [], data: '0000040033301412D220' })
  })

  it('say of themselves what they are', () => {
    for (const { name, words, clause, readings, default: usual } of gdw1376_1.settings!) {
      expect(Object.keys(readings)).toContain(usual)
      expect([name, words.en, words.zh, clause]).toEqual([expect.any(String), expect.stringMatching(/\w/), expect.stringMatching(/\p{Script=Han}/u), expect.stringMatching(/^gdw1376\.md §A\d+$/)])
    }
  })
})

describe('words', () => {
  /** What is said of every span of a frame, by name; the last one where a name comes more than once. */
  function wordsIn(bytes: Buffer): Record<string, string> {
    const trace = new Tracer('frame')
    gdw1376_1.toJson(bytes, { trace })
    const said: Record<string, string> = {}
    const visit = (span: Span, parents: readonly Span[]) => {
      const words = gdw1376_1.describe!(span, parents)
      if (words !== undefined) said[span.name] = words.en
      for (const child of span.children) visit(child, [...parents, span])
    }
    for (const child of trace.root.children) visit(child, [trace.root])
    return said
  }

  it('of a login', () => {
    expect(wordsIn(recorded(upwardVectors, 'login (AFN 02 F1)'))).toEqual({
      dir: 'from the terminal', prm: 'begins the exchange', function: 'link test', afn: 'Link test', pn: 'the terminal', fn: 'Login',
    })
  })

  it('of a confirmation, whose units are those of the frame it confirms', () => {
    expect(wordsIn(recorded(upwardVectors, 'front end answers the login'))).toMatchObject({ afn: 'Confirm or deny', confirmedAfn: 'Link test', fn: 'Login', function: 'link status' })
  })

  it('of values', () => {
    expect(wordsIn(replyOf('0C', '01 01 01 10 05 00 22 05 22 01 00 78 56 34 12 EE EE EE EE EE'))).toMatchObject({
      pn: 'p1', fn: 'Present forward active energy, total and tariffs', total: '123456.7800 kWh', 0: 'no value',
    })
    expect(wordsIn(replyOf('0C', '01 01 01 14 05 00 22 05 22 00 0A 10 20 05 22 00 00 00 00 00'))).toMatchObject({ relayState: 'power off', lastSwitchOn: 'not BCD' })
    expect(wordsIn(recorded(upwardVectors, 'heartbeat with terminal clock'))).toMatchObject({ clock: '2020-12-12 14:30:33, weekday 6' })
    expect(wordsIn(replyOf('0C', '00 00 02 00 51 20 23 07 10 18'))).toMatchObject({ clock: '2018-10-07 23:20:51, weekday 0: none, or Sunday' })
    expect(wordsIn(replyOf('0E', '00 00 01 00 05 02 03 05 0E 01 AA'))).toMatchObject({ erc: 'Terminal power off or on' })
  })
})
