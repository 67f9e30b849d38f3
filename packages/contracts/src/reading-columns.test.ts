import fc from 'fast-check'
import { QUALITIES, SOURCES } from './readings.js'
import type { Reading } from './readings.js'
import { ReadingColumns, readingsOf, toColumns } from './reading-columns.js'

const readings: Reading[] = [
  { meter: '000000000001', item: 0x00100201, time: 1_790_000_000_000, value: '1234.56', quality: 'measured', source: 'report' },
  { meter: '000000000001', item: 0x20000201, time: 1_790_000_000_000, value: '220.1', quality: 'measured', source: 'report' },
  { meter: '000000000002', item: 0xffffffff, time: 0, value: '-0.0001', quality: 'terminal', source: 'poll', occurredAt: 5 },
]
/** As a job carries it. */
const wire = (of: readonly Reading[]): Record<string, unknown> => {
  const { values, ...columns } = toColumns(of, 1_790_000_000_001)
  return { ...columns, values: values.join(' ') }
}
const good = wire(readings)

const reading: fc.Arbitrary<Reading> = fc.record({
  meter: fc.constantFrom('000000000001', '000000000002'), item: fc.constantFrom(1, 2, 0xf0000001), time: fc.constantFrom(0, 900_000),
  value: fc.constantFrom('1', '2.50', '-0.001'), quality: fc.constantFrom(...QUALITIES), source: fc.constantFrom(...SOURCES), occurredAt: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
}).map(({ occurredAt, ...rest }) => (occurredAt === undefined ? rest : { ...rest, occurredAt }))

test('every reading comes back, in its order, also from a batch that says one thing several times', () => {
  fc.assert(fc.property(fc.array(reading, { minLength: 1, maxLength: 40 }), (some) => {
    expect(readingsOf(ReadingColumns.parse(wire(some)))).toEqual(some)
  }))
})

test('values of one meter and time are one row, and rows alike share their shape', () => {
  const { meter, shapes, shape } = toColumns(Array.from({ length: 10 }, (_, n) => ({ ...readings[n % 2] as Reading, time: Math.floor(n / 2) })), 5)
  expect([meter.length, shapes.length, shape]).toEqual([5, 1, [0, 0, 0, 0, 0]])
})

test('a very wide row is cut, and nothing of it is lost', () => {
  const wide = Array.from({ length: 1_000 }, (_, n) => ({ ...readings[0] as Reading, item: n }))
  expect(readingsOf(ReadingColumns.parse(wire(wide)))).toEqual(wide)
  expect(toColumns(wide, 5).meter.length).toBeGreaterThan(1)
})

test.each([
  ['meter', [0, 2], 'dictionary'], ['meter', [0], 'rows'], ['meter', [0, -1], 'whole numbers'], ['meter', '01', 'whole numbers'],
  ['time', [0, 2], 'dictionary'], ['time', [0], 'rows'], ['time', [0, Number.NaN], 'whole numbers'],
  ['shape', [0, 2], 'dictionary'], ['shape', [0], 'rows'], ['shape', [1, 1], 'values'],
  ['shapes', [{ item: [1], quality: [0], source: [0] }, { item: [1, 1], quality: [0, 0], source: [0, 0] }], 'twice'],
  ['shapes', [{ item: [1], quality: [0], source: [0] }, { item: [2 ** 32], quality: [0], source: [0] }], 'whole numbers'],
  ['shapes', [{ item: [1], quality: [0], source: [0] }, { item: [1, 2], quality: [0], source: [0, 0] }], 'differ'],
  ['shapes', [{ item: [1], quality: [QUALITIES.length], source: [0] }], 'whole numbers'], ['shapes', [{ item: [1], quality: [0], source: [SOURCES.length] }], 'whole numbers'],
  ['times', [1, 2 ** 53], 'milliseconds'], ['times', [1, null], 'milliseconds'],
  ['values', '1 2', 'values'], ['values', '1 2 3 4', 'values'], ['values', '1 2 ', 'decimal'], ['values', '1 2 1e5', 'decimal'], ['values', '1 2 1,2}', 'decimal'],
  ['values', '1  2', 'decimal'], ['values', '1 2 NaN', 'decimal'], ['values', ['1', '2', '3'], 'string'], ['values', '1 2 3\n', 'decimal'],
  ['occurred', { value: [3], at: [5] }, 'not there'], ['occurred', { value: [2], at: [] }, 'not there'], ['occurred', { value: [2], at: [null] }, 'milliseconds'],
  ['receivedAt', '5', 'number'], ['meters', ['000000000001', '2'], 'meter addresses'], ['version', 3, 'expected 2'],
])('%s = %j is refused', (name, value, why) => {
  expect(ReadingColumns.safeParse(good).success).toBe(true)
  const { error } = ReadingColumns.safeParse({ ...good, [name]: value })
  expect(error?.issues.map((issue) => issue.message).join()).toContain(why)
})

test('too many values are refused', () => {
  const many = Array.from({ length: 20_001 }, () => 0)
  expect(ReadingColumns.safeParse({ ...good, shapes: [{ item: [1], quality: [0], source: [0] }], meter: many, time: many, shape: many, values: many.join(' ') }).success).toBe(false)
})

describe('a job of the former form, which waited while the station was upgraded', () => {
  const former = {
    meters: ['000000000001', '000000000002'], meter: [0, 0, 1], item: [0x00100201, 0x20000201, 0xffffffff], time: [1_790_000_000_000, 1_790_000_000_000, 0], value: ['1234.56', '220.1', '-0.0001'],
    quality: [0, 0, 2], source: [0, 0, 1], occurredAt: [null, null, 5], receivedAt: 1_790_000_000_001,
  }

  // Switched off (only the present form is known), what was acknowledged before the upgrade ends among the dead letters.
  test('is read', () => expect(ReadingColumns.parse(former)).toEqual(ReadingColumns.parse(good)))

  test.each([
    ['item', [1, 2 ** 32, 3], 'whole numbers'], ['value', ['1', '', '2'], 'decimal'], ['time', [1, 2], 'rows'], ['meter', [0, 2, 0], 'dictionary'], ['occurredAt', [null, '5', null], 'milliseconds'],
  ])('%s = %j is refused', (name, value, why) => {
    const { error } = ReadingColumns.safeParse({ ...former, [name]: value })
    expect(error?.issues.map((issue) => issue.message).join()).toContain(why)
  })
})
