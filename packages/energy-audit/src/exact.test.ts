import fc from 'fast-check'
import { exact, exactText, rounded, sum, times, toNumber } from './exact.js'

test.each([['0', '0'], ['1234.56', '1234.56'], ['-0.0001', '-0.0001'], ['7.10', '7.1'], ['100', '100'], ['0.000000000001', '0.000000000001']])('%s is %s', (text, shortest) => expect(exactText(exact(text))).toBe(shortest))

test('what no double holds stays exact', () => {
  expect(exactText(sum([exact('0.1'), exact('0.2')]))).toBe('0.3')
  expect(exactText(times(exact('42949672.9501'), exact('8000.1234')))).toBe('343602683590.44204234')
})

test('rounds half up, away from zero', () => {
  expect(exactText(rounded(exact('1.005'), 2))).toBe('1.01')
  expect(exactText(rounded(exact('-1.005'), 2))).toBe('-1.01')
  expect(exactText(rounded(exact('1.0049'), 2))).toBe('1')
})

test('text and number are inverse', () => {
  fc.assert(fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (count) => {
    expect(exact(exactText(count))).toBe(count)
  }))
  expect(toNumber(exact('-2.5'))).toBe(-2.5)
  expect(() => exact('1e5')).toThrow(SyntaxError)
})
