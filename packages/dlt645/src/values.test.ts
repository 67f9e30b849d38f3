import { DecodeError } from '@zhuzhan/codec'
import { controlOf } from './link/index.js'
import type { LinkFrame } from './link/index.js'
import { decodeMessage } from './message/index.js'
import { joinReplies, readingsOf, valuesOf } from './values.js'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const answer = (text: string, control = 0x91, address = '123456781012'): LinkFrame => ({ address, control: controlOf(control), data: hex(text) })
const brief = (frame: LinkFrame, settings = {}) => readingsOf(frame, settings).map(({ item, name, value, unit, time }) => [item, name, value, unit, ...(time === undefined ? [] : [time])])

it('a value with its name, unit and whose it is', () => {
  expect(readingsOf(answer('00000100 56341200'))).toEqual([
    { item: '00010000', name: 'Forward active energy, total', nameZh: '正向有功电能 总', value: '1234.56', unit: 'kWh', of: '123456781012' },
  ])
})

it.each<[string, string, unknown[]]>([
  ['a block, each value under its own identifier', '00FF0100 00040000 FFFFFFFF 00010000', [
    ['00010000', 'Forward active energy, total', '4.00', 'kWh'], ['00010100', 'Forward active energy, tariff 1', null, 'kWh'], ['00010200', 'Forward active energy, tariff 2', '1.00', 'kWh'],
  ]],
  ['settlements', 'FF000100 00040000 00030000', [
    ['00010000', 'Forward active energy, total', '4.00', 'kWh'], ['00010001', 'Forward active energy, total, settlement 1', '3.00', 'kWh'],
  ]],
  ['phases, one of them no BCD: a fault and no value', '00FF0102 0122 AB22 0322', [['02010100', 'Voltage, phase A', '220.1', 'V'], ['02010300', 'Voltage, phase C', '220.3', 'V']]],
  ['demand with its time', '00000101 341200 1500051026', [['01010000', 'Forward active maximum demand, total', '0.1234', 'kW', '2026-10-05T00:15']]],
  ['a freeze, elements told apart by their number', '01010605 00020000 00010000', [
    ['05060101.0', 'Frozen forward active energy, daily, last 1, total', '2.00', 'kWh'], ['05060101.1', 'Frozen forward active energy, daily, last 1, tariff 1', '1.00', 'kWh'],
  ]],
  ['frozen demands', '01090605 341200 1500051026', [['05060901.0', 'Frozen forward active maximum demand, daily, last 1, total', '0.1234', 'kW', '2026-10-05T00:15']]],
  ['the time of a freeze', '01000605 0000051026', [['05060001', 'Freeze time, daily, last 1', '2026-10-05T00:00', '']]],
  ['status words', 'FF050004 0100 0000 5000', [
    ['04000501', 'Run status word, 1', '0001', ''], ['04000502', 'Run status word, 2', '0000', ''], ['04000503', 'Run status word 3', 'relay-open relay-command-open', ''],
  ]],
  ['a value with a surplus byte', '00000000 00000000 03', [['00000000', 'Combined active energy, total', '0.00', 'kWh']]],
  ['nothing for what has no scalar', '01000104 010101', []],
  ['nothing for load records', '01000106 A0A0 05 1500051026 77 E5', []],
  ['nothing for a value that is too short', '00000100 5634', []],
  ['nothing for an item without layout', '00140004 0102', []],
  ['nothing for what is no load record', '01000106 A1', []],
])('%s', (_, text, expected) => expect(brief(answer(text))).toEqual(expected))

it('follows the settings', () => {
  expect(brief(answer('03008002 000080'))).toEqual([['02800003', 'One-minute mean active power', '-0.0000', 'kW']])
  expect(brief(answer('03008002 000080'), { unmarkedSign: 'unsigned' })).toEqual([['02800003', 'One-minute mean active power', '80.0000', 'kW']])
})

it('an address is a reading, too', () => {
  expect(brief(answer('121078563412', 0x93))).toEqual([['04000401', 'Communication address', '123456781012', '']])
})

it.each([[0x11, '00000100'], [0xd1, '02'], [0xb1, '00FF0100 00040000'], [0x92, '00FF0100 00040000 01'], [0x94, ''], [0x14, '02010004 02 123456 01000000 563412']])('control %i says nothing about quantities', (control, text) => {
  expect(readingsOf(answer(text, control))).toEqual([])
})

it('refuses an answer without an identifier', () => {
  expect(() => readingsOf(answer('000001'))).toThrow(DecodeError)
})

describe('parts of a long answer', () => {
  const first = answer('00FF0100 00040000 0002', 0xb1)
  const second = answer('00FF0100 0000 000100 01', 0xb2)
  const third = answer('00FF0100 00 00010000 02', 0x92)

  it('are joined to the whole', () => {
    const whole = joinReplies([first, second, third])
    expect(decodeMessage(whole)).toEqual({ kind: 'read-reply', di: '0001FF00', value: ['4.00', '2.00', '1.00', '1.00'] })
    expect(valuesOf(decodeMessage(whole), whole.address)).toHaveLength(4)
    expect(decodeMessage(joinReplies([first, answer('00FF0100 0000 01', 0x92)]))).toMatchObject({ value: ['4.00', '2.00'] })
  })

  it.each<[string, LinkFrame[]]>([
    ['none', []], ['the first alone', [first]], ['the last alone', [third]], ['one missing', [first, third]], ['the wrong order', [first, third, second]], ['no last one', [first, second]],
    ['another meter', [first, { ...second, address: '123456781013' }, third]], ['another item', [first, answer('00FF0200 0000 000100 01', 0xb2), third]],
    ['a refusal between', [first, answer('02', 0xd2), third]], ['two ends', [first, answer('00FF0100 0000 01', 0x92), answer('00FF0100 0000 02', 0x92)]],
  ])('%s is refused', (_, parts) => expect(() => joinReplies(parts)).toThrow(DecodeError))
})
