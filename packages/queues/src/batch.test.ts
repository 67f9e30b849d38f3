import fc from 'fast-check'
import { ReadingColumns, toColumns } from '@zhuzhan/contracts'
import type { Reading } from '@zhuzhan/contracts'
import { decodeBatch, encodeBatch } from './batch.js'

const reading: fc.Arbitrary<Reading> = fc.record({
  meter: fc.integer({ min: 0, max: 999 }).map((n) => String(n).padStart(12, '0')),
  item: fc.integer({ min: 0, max: 0xffff_ffff }),
  time: fc.integer({ min: 0, max: 4_102_444_800_000 }),
  value: fc.tuple(fc.integer(), fc.integer({ min: 0, max: 9999 })).map(([whole, part]) => `${whole}.${part}`),
  quality: fc.constantFrom('measured' as const, 'terminal' as const),
  source: fc.constantFrom('report' as const, 'poll' as const),
  occurredAt: fc.option(fc.integer({ min: 0, max: 4_102_444_800_000 }), { nil: undefined }),
}).map(({ occurredAt, ...rest }) => (occurredAt === undefined ? rest : { ...rest, occurredAt }))

test('what goes in comes out and fits the schema', () => {
  fc.assert(fc.property(fc.array(reading, { minLength: 1, maxLength: 50 }), (readings) => {
    const columns = toColumns(readings, 1_790_000_000_000)
    expect(ReadingColumns.parse(decodeBatch(encodeBatch(columns)))).toEqual(columns)
  }))
})

test('a batch that lost or gained a character is refused, not shortened', () => {
  const text = encodeBatch(toColumns([{ meter: '000000000001', item: 1, time: 5, value: '1.0', quality: 'measured', source: 'report' }], 7))
  for (let at = 0; at < text.length; at++) {
    expect(() => decodeBatch(text.slice(0, at))).toThrow(RangeError)
    expect(() => decodeBatch(`${text.slice(0, at)}!${text.slice(at + 1)}`)).toThrow(RangeError)
  }
})
