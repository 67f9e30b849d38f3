import { BuildError, RECIPES, analyse, build, recipesText } from '../index.js'
import type { Decoded } from '../index.js'
import { recordedFrame } from '../vectors/load.js'

/** 16:00 in China. */
const NOW = new Date('2026-11-22T08:00:00Z')
const words = (line: string) => [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!)
const built = (line: string) => {
  const { protocol, bytes } = build(words(line), NOW)
  return { protocol, hex: bytes.toString('hex').toUpperCase(), frame: (analyse(bytes) as Decoded).frame }
}

it.each<[string, string]>([
  ['read 00010000 --to 123456781012 --protocol dlt645', '6812107856341268110433333433E816'],
  ['address --to AAAAAAAAAAAA', '68AAAAAAAAAAAA681300DF16'],
  ['read 20000200 --to 000000000001 --client 16 --piid 0', '68170043050100000000001026F60501002000020000E5BE16'],
])('%s is byte by byte what was recorded', (line, hex) => {
  expect(built(line).hex).toBe(hex)
})

it('login of 1376.1 is the recorded one', () => {
  expect(built('link login --to 0200:4660 --pseq 1').hex).toBe(recordedFrame('login', 'gdw1376.1').hex)
})

it.each<[string, string, object]>([
  ['read 00100200,20000200 --to 1', 'dlt698', { address: { server: '000000000001' }, apdu: { apdu: 'get-request', choice: 'normal-list', oads: ['00100200', '20000200'] } }],
  ['read 20000200 --to AAAAAAAAAAAA', 'dlt698', { address: { type: 'wildcard', server: 'AAAAAAAAAAAA' } }],
  ['read-record 50040200 --columns 20210200,00100200 --last 3 --to 1', 'dlt698', { apdu: { choice: 'record', record: { oad: '50040200', rsd: { selector: 10, n: 3 }, rcsd: [{ oad: '20210200' }, { oad: '00100200' }] } } }],
  ["read-record 50020200 --columns 20210200 --from 2026-11-21 --until '2026-11-22 00:00' --interval 15min --to 1", 'dlt698', {
    apdu: { record: { rsd: { selector: 2, oad: '20210200', from: { value: { day: 21 } }, to: { value: { day: 22 } }, interval: { type: 'ti', value: { unit: 1, value: 15 } } } } },
  }],
  ['read-record 60120300 --columns 202A0200,50040200:20210200+00100200 --last 1 --meters 2 --to 1', 'dlt698', {
    apdu: { record: { rsd: { ms: { choice: 3, items: [{ flag: 5, address: '000000000002' }] } }, rcsd: [{ oad: '202A0200' }, { oad: '50040200', related: ['20210200', '00100200'] }] } },
  }],
  ['set 40000200 date-time-s:now --to 1', 'dlt698', { apdu: { apdu: 'set-request', data: { type: 'date-time-s', value: { year: 2026, month: 11, day: 22, hour: 16, minute: 0 } } } }],
  ['set 41000200 15 --to 1', 'dlt698', { apdu: { data: { type: 'unsigned', value: 15 } } }],
  ['action 80018000 --to 1', 'dlt698', { apdu: { apdu: 'action-request', omd: '80018000', parameter: { type: 'null' } } }],
  ['proxy 00100200 --meter 222222222222 --to 1', 'dlt698', { apdu: { apdu: 'proxy-request', targets: [{ tsa: { address: '222222222222' }, oads: ['00100200'] }] } }],
  ['link heartbeat --to 000000000001 --heartbeat 60', 'dlt698', { control: { dir: 1, prm: 0, fn: 1 }, apdu: { apdu: 'link-request', kind: 'heartbeat', heartbeatSeconds: 60 } }],
  ['time', 'dlt645', { message: { kind: 'broadcast-time', time: '2026-11-22T16:00:00' } }],
  ['trip --protocol dlt645 --to 111111111111', 'dlt645', { message: { kind: 'control-request', command: 'trip', validUntil: '2026-11-22T16:10:00' } }],
  ["freeze --at '99-99 00:00'", 'dlt645', { address: '999999999999', message: { kind: 'freeze-request', month: '99', hour: '00' } }],
  ['write 04000103 15 --to 1 --protocol dlt645 --password 123456', 'dlt645', { message: { kind: 'write-request', di: '04000103', password: '123456' } }],
  ['read 0C F25,F33 --pn 1,2 --to 1000:1', 'gdw1376.1', { afn: '0C', address: { district: '1000', terminal: 1 } }],
  ['read 0D F161 --pn 1 --day 2026-11-21 --to 10000001', 'gdw1376.1', { afn: '0D', units: [{ pn: [1], fn: [161], contents: [{ frozenDay: '2026-11-21' }] }] }],
  ["read 0D F81 --pn 1 --start '2026-11-21 00:00' --to 1000:1", 'gdw1376.1', { units: [{ contents: [{ points: 96, density: '15-minutes' }] }] }],
  ['command F33 --to 1000:1', 'gdw1376.1', { afn: '05', units: [{ fn: [33] }] }],
  ['forward 6812107856341268110433333433E816 --to 1000:1', 'gdw1376.1', { afn: '10', inside: [{ protocol: 'dlt645' }] }],
  ['read 10 F21 --start 1 --count 10 --protocol gdw1376.2', 'gdw1376.2', { afn: '10', fn: [21], data: { start: 1, count: 10 } }],
  ['route pause', 'gdw1376.2', { afn: '12', fn: [2] }],
  ['forward 6812107856341268110433333433E816 --to 123456781012 --from 1 --protocol gdw1376.2', 'gdw1376.2', { afn: '13', data: { protocol: 'dlt645-2007' }, inside: [{ protocol: 'dlt645' }] }],
  ['wrap 68170043050100000000001026F60501002000020000E5BE16 --to 1', 'ssal', { control: { dat: { protocol: 'dlt698' }, da: { terminal: '000000000001' } }, inside: [{ protocol: 'dlt698' }] }],
])('%s', (line, protocol, frame) => {
  const result = built(line)
  expect(result.protocol).toBe(protocol)
  expect(result.frame).toMatchObject(frame)
})

it('scales a plain decimal by the catalogue', () => {
  expect(built('set 401C0200 75.5 --to 1').frame).toMatchObject({ apdu: { data: { type: 'double-long-unsigned', value: 7550 } } })
  expect(() => built('set 401C0200 75.555 --to 1')).toThrow("more than 2 digits behind the point")
})

it.each<[string, RegExp]>([
  ['', /build what\?.*read/],
  ['red 20000200', /no request is called 'red'; There are read, /],
  ['read 20000200', /read needs --to, like --to 000000000001/],
  ['read 2000020 --to 1', /'2000020' is no OAD: 8 hex digits, like 20000200/],
  ['read 2000020 --to 1 --protocol dlt645', /no data identifier/],
  ['read 20000200 --too 1', /has no --too; there are --to, /],
  ['read 20000200 --to', /--to needs a value/],
  ['read 20000200 --to abc', /--to: an address of up to 12 decimal digits, not 'ABC'/],
  ['read 20000200 --to 1 --piid 64', /--piid: a whole number from 0 to 63/],
  ['read 20000200 --to 1 --protocol ssal', /ssal has no 'read'; it has wrap/],
  ['read 20000200 --to 1 --protocol x', /no protocol 'x'/],
  ['read-record 50040200 --columns 20210200 --to 1', /which rows\? --last N/],
  ['set 40000200 --to 1', /set 40000200 to what/],
  ['set 40000300 x:1 --to 1', /no short form for the type 'x'/],
  ['set F0010200 5 --to 1', /needs its type, like/],
  ['trip --to 1', /of which protocol\? --protocol dlt698 or dlt645/],
  ['read 0C F99 --to 1000:1', /no source names 0C F99; 'explain AFN 0C'/],
  ['read 0D F161 --pn 1 --to 1000:1', /frozen data: --day/],
  ['set 04 F1 --to 1000:1', /--data gives the members/],
  ['link hello --to 1', /link login or heartbeat or logout, not 'hello'/],
  ['time 2026-02-30', /there is no 2026-02-30/],
])('%s is refused with what to write', (line, message) => {
  expect(() => build(words(line), NOW)).toThrow(message)
  expect(() => build(words(line), NOW)).toThrow(BuildError)
})

it('lists every request with its options', () => {
  const text = recipesText()
  for (const { name, options } of RECIPES) for (const option of options) expect(text).toMatch(new RegExp(`  ${name} [\\s\\S]*--${option.name}`))
})
