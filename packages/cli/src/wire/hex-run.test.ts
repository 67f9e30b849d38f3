import { hexRun } from './hex-run.js'

const GET = '68170043050100000000001026F60501002000020000E5BE16'
const pairs = GET.match(/../g)!

it.each<[string, string]>([
  ['hex as it is', GET],
  ['lower case', GET.toLowerCase()],
  ['blanks between the bytes', pairs.join(' ')],
  ['blanks between words of two bytes', `${GET.match(/.{4}/g)!.join(' ')} 16`],
  ['colons', pairs.join(':')],
  ['dashes', pairs.join('-')],
  ['0x before it', `0x${GET}`],
  ['0x before each byte', pairs.map((pair) => `0x${pair}`).join(', ')],
  ['a time and a direction before it', `2026-11-22 16:05:09.123 [rx] ${GET}`],
  ['a time right before bytes in blanks', `16:05:09 ${pairs.join(' ')}`],
  ['a date right before bytes in blanks', `2026-11-22 ${pairs.join(' ')}`],
  ['words with hex letters before it', `dead feed: ${GET} (25 bytes)`],
  ['quotes and brackets around it', `{"msg":"frame","hex":"${GET}","len":25}`],
  ['an address and a port before it', `10.0.0.1:9500 -> ${GET}`],
  ['colons in a log', `INFO <- [${pairs.join(':')}]`],
])('finds %s', (_, line) => {
  expect(hexRun(line)?.bytes.toString('hex').toUpperCase()).toBe(GET)
})

it('tells a log from a line that is all hex', () => {
  expect(hexRun(pairs.join(' '))?.amongWords).toBe(false)
  expect(hexRun(pairs.join(':'))?.amongWords).toBe(false)
  expect(hexRun(`rx ${GET}`)?.amongWords).toBe(true)
})

it.each(['', 'no bytes here', 'xyz', GET.slice(1), '12 3', 'a'])('finds none in %s', (line) => {
  expect(hexRun(line)).toBeUndefined()
})
