import type { FrameValue } from '@zhuzhan/codec'
import fc from 'fast-check'
import { encodeApdu } from '../apdu/decode.js'
import { elements } from '../catalogue/elements.js'
import { CONTROL, encodeFrame } from '../link/index.js'
import { anyApdu } from '../vectors/arbitraries.js'
import { frameVectors } from '../vectors/load.js'
import { frameFromJson, frameToJson } from './frame.js'

const address = { type: 'single', logical: 0, server: '000000000001', client: 0 } as const
const frameOf = (apdu: string) => encodeFrame({ control: CONTROL.serverResponse, address, data: Buffer.from(apdu.replaceAll(' ', ''), 'hex') })
const valuesOf = (bytes: Buffer) => (frameToJson(bytes) as { values?: FrameValue[] }).values
/** Item, value and unit, with whose and when. */
const short = (apdu: string) => valuesOf(frameOf(apdu))?.map(({ item, value, unit, of, time }) => [item, value, unit, of, time].filter((x) => x !== undefined))

it('gives each element its name in both languages, scaled, with its unit', () => {
  expect(valuesOf(frameOf('8501 01 20000200 01 01 02 12 08C1 12 FFFF 0000'))).toEqual([
    { item: '20000201', name: 'Voltage, phase A', nameZh: '电压 A相', value: '224.1', unit: 'V' },
    { item: '20000202', name: 'Voltage, phase B', nameZh: '电压 B相', value: null, unit: 'V' },
  ])
})

it('says when a row was and whose it is, by the columns reference §13 names', () => {
  const columns = '03 00 60420200 00 202A0200 00 00100201'
  const row = '1C 07EA0A05001E00 55 07 05 000000000012 06 000900B0'
  expect(short(`8503 01 60120300 ${columns} 01 01 ${row} 0000`)).toEqual([['00100201', '5900.00', 'kWh', '000000000012', '2026-10-05T00:30:00']])
  // The freeze time goes before the storage time, which is then a value like others; 4001 stands in for 202A.
  expect(short(`8803 01 ${'45000200'} 00 0000`)).toBeUndefined()
  expect(short('8802 01 01 60120300 03 00 60420200 00 20210200 00 40010200 01 01 1C 07EA0A05001E00 1C 07EA0A05000000 0906000000000013 0000')).toEqual([
    ['60420200', '2026-10-05T00:30:00', '', '000000000013', '2026-10-05T00:00:00'],
  ])
})

it('does not take a time that cannot be for one', () => {
  expect(short('8503 01 50040200 02 00 20210200 00 00100201 01 01 1C 07EAFFFF000000 06 00000001 0000')).toEqual([
    ['20210200', '2026------T00:00:00', ''], ['00100201', '0.01', 'kWh'],
  ])
})

it('reads both ways of writing ROAD columns', () => {
  const head = '8503 01 60120300 02 00 40010200 01 50040200 02 00100200 00200200 01 01 0906000000000014'
  const expected = [['00100201', '0.01', 'kWh', '000000000014'], ['00200201', '0.02', 'kWh', '000000000014']]
  expect(short(`${head} 0101 06 00000001 0101 06 00000002 0000`)).toEqual(expected)
  expect(short(`${head} 0102 0101 06 00000001 0101 06 00000002 0000`)).toEqual(expected)
})

it('tells when a maximum demand occurred', () => {
  const demand = '02 02 06 00003039 1C 07EA0A050C1E00'
  expect(short(`8501 01 10100201 01 ${demand} 0000`)).toEqual([['10100201', '1.2345', 'kW', '2026-10-05T12:30:00']])
  expect(short(`8503 01 50060200 02 00 20210200 00 10100201 01 01 1C 07EA0B01000000 ${demand} 0000`)).toEqual([
    ['10100201', '1.2345', 'kW', '2026-11-01T00:00:00'], ['10100201.2', '2026-10-05T12:30:00', '', '2026-11-01T00:00:00'],
  ])
})

it('says whose a proxied answer is, and reads blocks, follow reports and then-get services', () => {
  expect(short('8901 01 01 07 05 222222222222 02 200F0200 01 12 1389 20000200 00 21 0000')).toEqual([['200F0200', '50.01', 'Hz', '222222222222']])
  expect(short('8902 01 07 05 222222222222 50020200 01 00 200F0200 01 01 12 1389 0000')).toEqual([['200F0200', '50.01', 'Hz', '222222222222']])
  expect(short('8505 01 01 0001 01 01 200F0200 01 12 1389 0000')).toEqual([['200F0200', '50.01', 'Hz']])
  expect(short('8501 01 FFFF0200 00 04 01 01 01 200F0200 01 12 1389 00')).toEqual([['200F0200', '50.01', 'Hz']])
  expect(short('8603 01 01 40000200 00 200F0200 01 12 1389 0000')).toEqual([['200F0200', '50.01', 'Hz']])
  expect(short('8701 01 F1000300 00 01 09 02 1234 0000')).toEqual([['F1000300', '1234', '']])
})

it('names the members of structures, and what codes stand for', () => {
  const values = valuesOf(frameOf('8501 01 45000200 01 0201 16 01 0000'))
  expect(values).toEqual([{
    item: '45000201', name: 'Communication configuration, working mode', nameZh: '通信配置 工作模式', value: '1', unit: '', meaning: { en: 'client', zh: '客户机模式' },
  }])
})

it('looks into a wrapper whose content can be read', () => {
  const inner = '8501 01 200F0200 01 12 1389 0000'.replaceAll(' ', '')
  expect(short(`9000 ${(inner.length / 2).toString(16).padStart(2, '0')} ${inner} 01 00 04 00000000`)).toEqual([['200F0200', '50.01', 'Hz']])
})

it('lists nothing of what a client sets or asks for, of what is not known, of what failed', () => {
  for (const apdu of ['0601 01 40000200 1C 07EA0A050C1E00 00', '8501 01 FFFF0200 01 12 0001 0000', '8501 01 20000200 00 04 0000', '0501 01 20000200 00']) {
    expect(frameToJson(frameOf(apdu))).not.toHaveProperty('values')
  }
})

it('agrees with what the station takes for readings', () => {
  const read = frameVectors.filter((v) => v.kind === 'frame').flatMap((v) => valuesOf(Buffer.from(v.hex, 'hex')) ?? [])
  expect(read.length).toBeGreaterThan(90)
  const u32 = (value: number) => ({ type: 'double-long-unsigned' as const, value })
  expect(elements('00100200', { type: 'array', items: [u32(590000)] })[0]).toEqual({ item: '00100201', value: '5900.00', unit: 'kWh' })
  expect(read).toContainEqual(expect.objectContaining({ item: '00100201', value: '5900.00', unit: 'kWh', time: '2017-04-25T00:15:00' }))
})

it('changes nothing of what is written again', () => {
  fc.assert(fc.property(anyApdu, (apdu) => {
    const bytes = encodeFrame({ control: CONTROL.serverResponse, address, data: encodeApdu(apdu) })
    const json = JSON.parse(JSON.stringify(frameToJson(bytes))) as { values?: FrameValue[] }
    for (const value of json.values ?? []) if (value.name === '' || value.nameZh === '') return false
    return frameFromJson(json).equals(bytes)
  }), { numRuns: 300 })
})
