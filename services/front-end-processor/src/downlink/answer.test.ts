import { apdu } from '../test-support/hex.js'
import { controlOutcome, readResults } from './answer.js'

const TSA = '0705222222222222'

test.each([
  ['done', '87 01 07 80008100 00 00 0000', { kind: 'done' }],
  ['done by proxy', `89 05 07 01 ${TSA} 01 80008100 00 00 0000`, { kind: 'done' }],
  ['denied', '87 01 07 80008100 03 00 0000', { kind: 'refused', dar: 3 }],
  ['denied by the meter', `89 05 07 01 ${TSA} 01 80008100 03 00 0000`, { kind: 'refused', dar: 3 }],
  ['its time tag had lapsed', '87 01 07 80008100 20 00 0000', { kind: 'refused', dar: 32 }],
  ['a code outside the table', '87 01 07 80008100 C8 00 0000', { kind: 'refused', dar: 200 }],
  ['the device itself says "timed out": it speaks of its own act', '87 01 07 80008100 21 00 0000', { kind: 'refused', dar: 33 }],
])('%s', (_what, hex, outcome) => expect(controlOutcome(apdu(hex))).toEqual(outcome))

test.each([
  ['a terminal that got no answer from its meter knows nothing', `89 05 07 01 ${TSA} 01 80008100 21 00 0000`],
  ['nor does one that could not read the request', 'EE 07 01 0000'],
  ['nor an answer without the meter', '89 05 07 00 0000'],
  ['nor one without the method', `89 05 07 01 ${TSA} 00 0000`],
  ['nor the answer to something else', '85 01 07 80008100 00 03 0000'],
])('%s: a doubt', (_what, hex) => expect(controlOutcome(apdu(hex)).kind).toBe('doubt'))

test('the attributes of a read, in whatever answer they came; reference §9.6: a silent meter gives 00 21 each', () => {
  const voltage = [{ oad: '20000200', data: { type: 'array', items: [{ type: 'long-unsigned', value: 2201 }] } }]
  expect(readResults(apdu('85 01 07 20000200 01 01 01 12 0899 0000'))).toEqual(voltage)
  expect(readResults(apdu('85 02 07 01 20000200 01 01 01 12 0899 0000'))).toEqual(voltage)
  expect(readResults(apdu(`89 01 07 01 ${TSA} 01 20000200 01 01 01 12 0899 0000`))).toEqual(voltage)
  expect(readResults(apdu(`89 01 07 01 ${TSA} 02 00100200 00 21 00200200 00 21 0000`))).toEqual([{ oad: '00100200', dar: 33 }, { oad: '00200200', dar: 33 }])
  expect(readResults(apdu('89 01 07 00 0000'))).toBeUndefined()
  expect(readResults(apdu('EE 07 01 0000'))).toBeUndefined()
})
