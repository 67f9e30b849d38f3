import { fromHex, manualClock } from '@zhuzhan/core'
import { CONTROL, cutSegments, decodeFrame, encodeFrame } from '@zhuzhan/dlt698'
import type { LinkFrame } from '@zhuzhan/dlt698'
import { fakeLink, uplink } from '../test-support/fake-link.js'
import type { FakeLink } from '../test-support/fake-link.js'
import { TERMINAL } from '../test-support/records.js'
import { terminalOn } from '../test-support/terminal.js'
import type { Terminal } from '../terminals/terminal.js'
import { createInbound } from './inbound.js'

const clock = manualClock()
let link: FakeLink
let terminal: Terminal
let refused: string[]
let reported: LinkFrame[]
const warnings: string[] = []
let inbound: (terminal: Terminal, body: Buffer) => Promise<void>

beforeEach(() => {
  link = fakeLink()
  refused = []
  reported = []
  warnings.length = 0
  terminal = terminalOn(link, clock)
  inbound = createInbound({
    reports: { plain: async (_terminal, frame) => { reported.push(frame) }, secured: async () => undefined },
    log: { warn: (_context, message) => warnings.push(message) }, onRefused: (_terminal, code, what) => refused.push(`${code} ${what}`),
  })
})
afterEach(() => terminal.end())

const apdu = (hex: string): Buffer => uplink(TERMINAL, fromHex(hex), CONTROL.serverResponse)
const REPORT = '88 01 27 04 20000201 01 12 0898 20000202 01 12 0898 20000203 01 12 0898 20010201 01 05 00000001 0000'

test.each([
  ['bytes that are no frame', Buffer.from('00681600', 'hex'), 'FRAME_INVALID frame'],
  ['nothing', Buffer.alloc(1), 'FRAME_INVALID frame'],
  ['an APDU cut off', apdu('85 01 07 001002'), 'APDU_INVALID APDU 85'],
  ['an unknown service', apdu('45 01 07'), 'APDU_INVALID APDU 45'],
  ['a CONNECT-Response nobody asked a plain terminal for', uplink(TERMINAL, Buffer.concat([fromHex('82 07'), Buffer.alloc(74), fromHex('00 00 0000')])), 'APDU 82'],
  ['a request', apdu('05 01 07 00100200 00'), 'SERVICE_ILLEGAL APDU 05'],
  ['a wrapped record', apdu('90 00 01 00 00'), 'SERVICE_ILLEGAL APDU 90'],
])('%s: refused with a code', async (_what, body, said) => {
  await inbound(terminal, body)
  expect(refused).toHaveLength(1)
  expect(refused[0]).toContain(said)
  expect([link.sent, warnings]).toEqual([[], []])
})

test('an answer goes to its request; one that nobody waits for goes nowhere', async () => {
  const asked = terminal.requests.ask({ lane: 'command', timeoutMs: 5_000, build: (piid) => ({ apdu: 'get-request', choice: 'normal', piid, oad: '00100200', timeTag: undefined }) })
  await new Promise((resolve) => setImmediate(resolve))
  expect(link.sent).toHaveLength(1)
  await inbound(terminal, apdu('85 01 01 00100200 00 04 0000'))
  await inbound(terminal, apdu('85 01 00 00100200 00 04 0000'))
  expect(await asked).toMatchObject({ apdu: 'get-response', result: { dar: 4 } })
  expect(refused).toEqual([])
})

test('segments are acknowledged each and joined; the last is answered by the application only', async () => {
  const whole: LinkFrame = { control: CONTROL.serverReport, address: { type: 'single', logical: 0, server: TERMINAL, client: 16 }, data: fromHex(REPORT) }
  const pieces = cutSegments(whole, 30)
  expect(pieces.length).toBeGreaterThan(2)
  for (const piece of pieces) await inbound(terminal, Buffer.concat([Buffer.from([0]), encodeFrame(piece)]))
  expect(reported.map((frame) => frame.data)).toEqual([fromHex(REPORT)])
  expect(link.sent.map(({ frame }) => [frame.control.dir, frame.control.segmented, frame.data.readUInt16LE(0)])).toEqual(pieces.slice(0, -1).map((_piece, number) => [0, true, 0x8000 | number]))
  expect(decodeFrame(encodeFrame(link.sent[0]!.frame)).address.server).toBe(TERMINAL)
})

test('a segment out of order ends its transfer with a code, not the connection', async () => {
  const [first, , third] = cutSegments({ control: CONTROL.serverReport, address: { type: 'single', logical: 0, server: TERMINAL, client: 16 }, data: fromHex(REPORT) }, 30)
  for (const piece of [first!, third!]) await inbound(terminal, Buffer.concat([Buffer.from([0]), encodeFrame(piece)]))
  expect(refused).toEqual(['FRAME_INVALID segment out-of-order'])
  await inbound(terminal, apdu(REPORT))
  expect(reported).toHaveLength(1)
})

test('our own segments go on when the terminal acknowledges them', async () => {
  terminal.end()
  terminal = terminalOn(link, clock, { frameBytes: 40 })
  const oads = Array.from({ length: 20 }, (_, n) => `2000020${(n % 9) + 1}`)
  terminal.requests.ask({ lane: 'command', timeoutMs: 5_000, build: (piid) => ({ apdu: 'get-request', choice: 'normal-list', piid, oads, timeTag: undefined }) }).catch(() => undefined)
  await new Promise((resolve) => setImmediate(resolve))
  expect(link.sent).toHaveLength(1)
  await inbound(terminal, uplink(TERMINAL, Buffer.from([0x00, 0x80]), { ...CONTROL.serverResponse, segmented: true }))
  await new Promise((resolve) => setImmediate(resolve))
  expect(link.sent).toHaveLength(2)
})
