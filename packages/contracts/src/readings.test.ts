import { QUALITIES, ReadingColumns, SOURCES, toColumns } from './readings.js'

const good = toColumns([
  { meter: '000000000001', item: 0x00100201, time: 1_790_000_000_000, value: '1234.56', quality: 'measured', source: 'report' },
  { meter: '000000000002', item: 0xffffffff, time: 0, value: '-0.0001', quality: 'terminal', source: 'poll', occurredAt: 5 },
], 1_790_000_000_001)

test('what toColumns makes is accepted as it is', () => expect(ReadingColumns.parse(good)).toEqual(good))

test.each([
  ['meter', [0, 2], 'dictionary'], ['meter', [0], 'rows'], ['meter', [0, -1], 'whole numbers'], ['meter', '01', 'whole numbers'],
  ['item', [1, 2 ** 32], 'whole numbers'], ['item', [1, 1.5], 'whole numbers'], ['item', [1, '2'], 'whole numbers'],
  ['time', [1, Number.NaN], 'milliseconds'], ['time', [1, 2 ** 53], 'milliseconds'], ['time', [1, null], 'milliseconds'],
  ['value', ['1', ''], 'decimal'], ['value', ['1', '1e5'], 'decimal'], ['value', ['1', '1,2}'], 'decimal'], ['value', ['1', ' 1'], 'decimal'], ['value', ['1', 'NaN'], 'decimal'], ['value', ['1', 1], 'decimal'], ['value', ['1', '1\n'], 'decimal'],
  ['quality', [0, QUALITIES.length], 'whole numbers'], ['source', [0, SOURCES.length], 'whole numbers'],
  ['occurredAt', [null, undefined], 'milliseconds'], ['occurredAt', [null, '5'], 'milliseconds'],
  ['receivedAt', '5', 'number'], ['meters', ['000000000001', '2'], 'match'],
])('%s = %j is refused', (name, value, why) => {
  const { error } = ReadingColumns.safeParse({ ...good, [name]: value })
  expect(error?.issues.map((issue) => issue.message).join()).toContain(why)
})

test('too many rows are refused', () => {
  const many = Array.from({ length: 20_001 }, () => 0)
  expect(ReadingColumns.safeParse({ ...good, meter: many }).success).toBe(false)
})
