import { CONTROL } from '@zhuzhan/dlt698'
import type { LinkAddress, LinkControl } from '@zhuzhan/dlt698'
import { inspect } from './protocol-filter.js'

const ME = '000000000001'
const address: LinkAddress = { type: 'single', logical: 0, server: ME, client: 16 }
const judge = (hex: string, loggedInAs: string | undefined, more: { address?: Partial<LinkAddress>; control?: LinkControl } = {}): string => {
  const verdict = inspect({ control: more.control ?? CONTROL.serverResponse, address: { ...address, ...more.address }, data: Buffer.from(hex, 'hex') }, loggedInAs)
  return 'pass' in verdict ? verdict.pass : `${verdict.refuse}: ${verdict.what}`
}

/** Every tag of DL/T 698.45 reference §4 and who sends it. */
const FROM_TERMINALS: [string, string][] = [
  ['82', 'CONNECT-Response'], ['83', 'RELEASE-Response'], ['84', 'RELEASE-Notification'], ['85', 'GET-Response'], ['86', 'SET-Response'], ['87', 'ACTION-Response'],
  ['88', 'REPORT-Notification'], ['89', 'PROXY-Response'], ['10', 'SECURITY-Request'], ['90', 'SECURITY-Response'], ['EE', 'ERROR-Response'],
]
const FROM_STATIONS = ['81', '02', '03', '05', '06', '07', '08', '09', '6E']
const COMPACT_AND_UNKNOWN = ['00', '45', '46', '49', 'C5', 'C6', 'C9', '11', 'FF']

test.each(FROM_TERMINALS)('%s (%s) passes after the login, and never before', (tag, name) => {
  expect(judge(`${tag}0100`, ME)).toBe('forward')
  expect(judge(`${tag}0100`, undefined)).toBe(`NOT_LOGGED_IN: ${name}`)
})

test.each(FROM_STATIONS)('%s travels the other way and is refused in any state', (tag) => {
  expect(judge(`${tag}0100`, ME)).toBe(`SERVICE_ILLEGAL: APDU tag ${tag}`)
  expect(judge(`${tag}0100`, undefined)).toBe(`SERVICE_ILLEGAL: APDU tag ${tag}`)
})

test.each(COMPACT_AND_UNKNOWN)('%s is no service of a terminal', (tag) => {
  expect(judge(`${tag}0100`, ME)).toBe(`SERVICE_ILLEGAL: APDU tag ${tag}`)
})

test('LINK-Request is for the gateway itself, before and after the login', () => {
  expect(judge('0100', undefined)).toBe('link')
  expect(judge('0100', ME)).toBe('link')
})

test('the tag decides, not the control byte: benches answer with 43, and a client byte opens no door', () => {
  expect(judge('850100', ME, { control: CONTROL.clientRequest })).toBe('forward')
  expect(judge('050100', ME, { control: CONTROL.serverReport })).toMatch('SERVICE_ILLEGAL')
})

test.each([
  ['group', { type: 'group' as const }, 'group address'], ['wildcard', { type: 'wildcard' as const, server: 'AAAAAAAAAAAA' }, 'wildcard address'],
  ['broadcast', { type: 'broadcast' as const, server: 'AA' }, 'broadcast address'], ['another', { server: '000000000002' }, 'another address than the login'],
])('%s address is not the terminal', (_what, change, what) => {
  expect(judge('850100', ME, { address: change })).toBe(`ADDRESS_MISMATCH: ${what}`)
})

test('a short address means the same terminal', () => {
  expect(judge('850100', ME, { address: { server: '01' } })).toBe('forward')
})

test('a segment is bound to login and address; what it carries the front end judges', () => {
  const control = { ...CONTROL.serverResponse, segmented: true }
  // The segment word 0005: its first byte would be a station's tag.
  expect(judge('05000501', ME, { control })).toBe('forward')
  expect(judge('05000501', undefined, { control })).toBe('NOT_LOGGED_IN: segment')
  expect(judge('05000501', ME, { control, address: { server: '02' } })).toMatch('ADDRESS_MISMATCH')
})

test('user data must not be empty', () => {
  expect(judge('', ME)).toBe('SERVICE_ILLEGAL: empty user data')
})
