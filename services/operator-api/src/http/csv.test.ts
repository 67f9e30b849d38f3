import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { csvLine, csvText } from './csv.js'

test('any text comes back as it was', () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: 'grapheme' }), { minLength: 2, maxLength: 6 }), (fields) => {
    // The apostrophe marks a formula; a text that has both itself is the one thing that cannot be told apart.
    fc.pre(fields.every((field) => !/^'[=+\-@]/.test(field) && !/^[\t\r]/.test(field) && !/^\uFEFF/.test(field)))
    const [back] = parse(csvLine(fields), { record_delimiter: '\r\n' }) as string[][]
    expect(back?.map(csvText)).toEqual(fields)
  }))
})

test.each(['=1+1', '+1', '-1', '@SUM(A1)'])('%s is no formula any more, unless it is a number', (text) => {
  expect(csvLine([text])).toBe(`'${text}\r\n`)
  expect(csvLine([text], new Set([0]))).toBe(`${text}\r\n`)
})
