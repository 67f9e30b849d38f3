import { apdu } from '../test-support/hex.js'
import { expectation } from './expect.js'

const TSA = '0705222222222222'
const OTHER = '0705333333333333'

/** Request, its answer, and answers of the same PIID that are another's. Layouts of the reference §4. */
const rows: { name: string; request: string; answer: string; others: Record<string, string> }[] = [
  {
    name: 'GET Normal', request: '05 01 07 00100200 00', answer: '85 01 07 00100200 01 06 00000001 0000',
    others: { 'another OAD': '85 01 07 00200200 01 06 00000001 0000', 'another choice': '85 02 07 01 00100200 00 04 0000', 'another service': '86 01 07 00100200 00 0000', 'a report': '88 01 07 01 00100200 01 06 00000001 0000' },
  },
  {
    name: 'GET Normal refused by DAR', request: '05 01 07 00100200 00', answer: '85 01 07 00100200 00 04 0000', others: {},
  },
  {
    name: 'GET NormalList', request: '05 02 07 02 00100200 00200200 00', answer: '85 02 07 02 00100200 00 04 00200200 00 04 0000',
    others: { 'turned round': '85 02 07 02 00200200 00 04 00100200 00 04 0000', shorter: '85 02 07 01 00100200 00 04 0000', 'one of them': '85 01 07 00100200 00 04 0000' },
  },
  {
    name: 'GET Record', request: '05 03 07 50040200 09 01 01 00 00100200 00', answer: '85 03 07 50040200 01 00 00100200 01 00 0000',
    others: { 'another table': '85 03 07 50020200 01 00 00100200 01 00 0000' },
  },
  {
    name: 'GET Record in blocks', request: '05 03 07 50040200 09 01 01 00 00100200 00', answer: '85 05 07 00 0001 02 01 50040200 01 00 00100200 01 00 0000', others: {},
  },
  {
    name: 'GET MD5', request: '05 06 07 00100200 00', answer: '85 06 07 00100200 00 04 0000', others: { 'a block': '85 05 07 00 0001 00 04 0000' },
  },
  {
    name: 'SET Normal', request: '06 01 07 40030200 09 01 00 00', answer: '86 01 07 40030200 00 0000', others: { 'another OAD': '86 01 07 40020200 00 0000', 'a list': '86 02 07 01 40030200 00 0000' },
  },
  {
    name: 'ACTION Normal', request: '07 01 07 80008100 00 00', answer: '87 01 07 80008100 00 00 0000',
    others: { 'closing instead of opening': '87 01 07 80008200 00 00 0000', 'a list': '87 02 07 01 80008100 00 00 0000' },
  },
  {
    name: 'PROXY GetList', request: `09 01 07 0064 01 ${TSA} 0000 02 00100200 00200200 00`, answer: `89 01 07 01 ${TSA} 02 00100200 00 21 00200200 00 21 0000`,
    others: {
      'another meter': `89 01 07 01 ${OTHER} 02 00100200 00 21 00200200 00 21 0000`, 'other OADs': `89 01 07 01 ${TSA} 02 00100200 00 21 00300200 00 21 0000`,
      'no meter': '89 01 07 00 0000', 'a record': `89 02 07 ${TSA} 50040200 00 00 04 0000`,
    },
  },
  {
    name: 'PROXY GetRecord', request: `09 02 07 0064 ${TSA} 50020200 09 01 01 00 00100200 00`, answer: `89 02 07 ${TSA} 50020200 01 00 00100200 00 21 0000`,
    others: { 'another meter': `89 02 07 ${OTHER} 50020200 01 00 00100200 00 21 0000`, 'another table': `89 02 07 ${TSA} 50040200 01 00 00100200 00 21 0000` },
  },
  {
    name: 'PROXY ActionList', request: `09 05 07 0064 01 ${TSA} 0000 01 80008100 00 00`, answer: `89 05 07 01 ${TSA} 01 80008100 00 00 0000`,
    others: { 'another meter': `89 05 07 01 ${OTHER} 01 80008100 00 00 0000`, 'another method': `89 05 07 01 ${TSA} 01 80008200 00 00 0000`, 'its GET': `89 01 07 01 ${TSA} 01 80008100 00 21 0000` },
  },
  { name: 'RELEASE', request: '03 07 00', answer: '83 07 00 0000', others: { 'a GET': '85 01 07 00100200 00 04 0000' } },
]

describe.each(rows)('$name', ({ request, answer, others }) => {
  const expects = expectation(apdu(request))
  test('takes its answer', () => expect(expects(apdu(answer))).toBe(true))
  test('takes an ERROR-Response', () => expect(expects(apdu('EE 07 01 0000'))).toBe(true))
  if (Object.keys(others).length > 0) test.each(Object.entries(others))('not %s', (_what, hex) => expect(expects(apdu(hex))).toBe(false))
})
