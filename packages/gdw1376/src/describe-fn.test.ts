import { CATALOGUES, describeAfn, describeFn } from './describe-fn.js'
import { DENY_CODES, DEVICE_TYPES, PROTOCOLS } from './local/catalogue/codes.js'
import { ERCS } from './upward/catalogue/events.js'
import { wordsOf } from './wire/codes.js'

it.each([
  ['1376.1', 0x0c, 25, 'Instantaneous powers, power factors, voltages and currents'],
  ['1376.1', 0x0d, 161, 'Daily forward active energy, total and tariffs'],
  ['1376.1', 0x0d, 148, 'Curve: reactive energy, quadrant 3'],
  ['1376.1', 0x04, 10, 'Meter archive'],
  ['1376.1', 0x0a, 10, 'Meter archive'],
  ['1376.2', 0x10, 21, 'Topology'],
  ['1376.2', 0x13, 1, 'Read a slave node'],
  ['1376.2', 0xf1, 1, 'Concurrent read'],
] as const)('%s %i F%i is %s', (standard, afn, fn, name) => {
  expect(describeFn(standard, afn, fn)!.en).toBe(name)
})

it('does not know what the reference does not name', () => {
  expect(describeFn('1376.1', 0x0c, 23)).toBeUndefined()
  expect(describeFn('1376.2', 0x77, 1)).toBeUndefined()
  expect(describeAfn('1376.1', 0x07)).toBeUndefined()
})

it('has every AFN of the reference', () => {
  const afns = (standard: '1376.1' | '1376.2') => CATALOGUES[standard].afns.map(({ afn }) => afn)
  expect(afns('1376.1')).toEqual([0, 1, 2, 3, 4, 5, 6, 8, 9, 0xa, 0xb, 0xc, 0xd, 0xe, 0xf, 0x10])
  expect(afns('1376.2')).toEqual([0, 1, 2, 3, 4, 5, 6, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20, 0xf0, 0xf1])
  expect(describeAfn('1376.1', 0x0e)!.zh).toBe('请求3类数据(事件数据)')
})

it('every function is there once, with a name in both languages and a number that a DT can say', () => {
  for (const { afns } of Object.values(CATALOGUES)) {
    for (const { afn, en, zh, rows } of afns) {
      expect([en, zh]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\p{Script=Han}/u)])
      expect(rows.map(({ fn }) => fn)).toEqual([...new Set(rows.map(({ fn }) => fn))].sort((a, b) => a - b))
      for (const row of rows) {
        if (row.fn < 1 || row.fn > 248 || !/\w/.test(row.en) || !/\p{Script=Han}/u.test(row.zh)) throw new Error(`${afn} F${row.fn}: ${row.en} ${row.zh}`)
      }
    }
  }
})

it('codes of events, denials, devices, protocols', () => {
  expect(Object.keys(ERCS)).toHaveLength(29)
  expect(ERCS[14]!.en).toBe('Terminal power off or on')
  expect(wordsOf(DENY_CODES, 109)!.en).toBe('more concurrent requests than allowed')
  expect(wordsOf(DENY_CODES, 'busy')!.zh).toBe('主节点忙')
  expect(wordsOf(DEVICE_TYPES, 2)!.en).toContain('CCO')
  expect(wordsOf(PROTOCOLS, 3)!.en).toBe('DL/T 698.45')
  expect(wordsOf(PROTOCOLS, 99)).toBeUndefined()
})
