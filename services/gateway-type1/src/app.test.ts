import { withPostgres } from '@zhuzhan/testing'
import { manualClock } from '@zhuzhan/core'
import { linkProof } from '@zhuzhan/contracts'
import { CONTROL, encodeApdu } from '@zhuzhan/dlt698'
import { openDatabase } from '@zhuzhan/persistence'
import type { Database } from '@zhuzhan/persistence'
import { frameOf, linkFrame, reportFrame, reportNumber } from './test-support/frames.js'
import { LINK_SECRET, startGateway } from './test-support/in-process.js'
import type { RunningGateway } from './test-support/in-process.js'
import { dialGateway } from './test-support/link-client.js'
import type { LinkClient } from './test-support/link-client.js'
import { dialTerminalPort } from './test-support/terminal-client.js'
import type { TerminalClient } from './test-support/terminal-client.js'
import { until } from './test-support/until.js'

const ONE = '000000000001'
const TWO = '000000000002'
const STRANGER = '000000000099'

let database: Database
afterAll(() => database.close())
const server = withPostgres()
let gateway: RunningGateway
let frontEnd: LinkClient
const terminals: TerminalClient[] = []
const clock = manualClock(Date.now())

beforeAll(async () => {
  database = openDatabase({ url: server.url })
  await database.pool.query(`INSERT INTO terminal (address, security_profile) VALUES ($1, 'plain'), ($2, 'plain')`, [ONE, TWO])
})
beforeEach(async () => {
  gateway = await startGateway({ url: server.url, clock, limits: { maxStrangers: 20, maxStrangersPerAddress: 20, linkFramesPerSecond: 3, maxViolations: 5 } })
  frontEnd = await dialGateway(gateway.linkUrl, { secret: LINK_SECRET })
})
afterEach(async () => {
  for (const terminal of terminals.splice(0)) terminal.hangUp()
  frontEnd.end()
  await gateway.stop()
})

const dial = async (address: string): Promise<TerminalClient> => {
  const terminal = await dialTerminalPort(gateway.port, address)
  terminals.push(terminal)
  return terminal
}
const loggedIn = async (address: string): Promise<TerminalClient> => {
  const terminal = await dial(address)
  expect(await terminal.link('login')).toBe(0)
  return terminal
}
const refusals = async (): Promise<string[]> => {
  await gateway.flushRefusals()
  const { rows } = await database.pool.query<{ said: string }>(`SELECT outcome || ': ' || (detail->>'what') AS said FROM audit_entry WHERE action = 'refuse' ORDER BY id`)
  return rows.map((row) => row.said)
}
/** Refusals that this makes come. */
const refused = async (act: () => Promise<unknown>, count = 1): Promise<string[]> => {
  const before = (await refusals()).length
  await act()
  await until(async () => (await refusals()).length >= before + count)
  return (await refusals()).slice(before)
}

test('a known terminal is let in, and its front end hears of it and of its frames', async () => {
  const terminal = await loggedIn(ONE)
  await until(() => frontEnd.heard.opened.length === 1)
  expect(frontEnd.heard.opened[0]?.open).toMatchObject({ address: ONE, remote: '127.0.0.1', heartbeatSeconds: 60 })
  terminal.send(reportFrame(ONE, 5))
  await until(() => frontEnd.heard.frames.length === 1)
  expect(reportNumber(frontEnd.heard.frames[0]!.frame)).toBe(5)
  const down = frameOf(ONE, Buffer.from('0501002000020000', 'hex'), CONTROL.clientRequest)
  frontEnd.send(frontEnd.heard.opened[0]!.connection, down)
  await until(() => terminal.received.length === 2)
  expect(terminal.received[1]).toEqual(down)
})

test('an unknown terminal is told so and shown out', async () => {
  const stranger = await dial(STRANGER)
  expect(await refused(async () => expect(await stranger.link('login')).toBe(2))).toEqual(['TERMINAL_UNKNOWN: login'])
  await until(() => stranger.closed)
  expect(frontEnd.heard.opened).toEqual([])
})

test('heartbeats are answered and keep a terminal, logout ends it', async () => {
  const terminal = await loggedIn(ONE)
  for (let n = 0; n < 3; n += 1) {
    clock.advance(100_000)
    expect(await terminal.link('heartbeat')).toBe(0)
  }
  expect(await terminal.link('logout')).toBe(0)
  await until(() => terminal.closed && frontEnd.heard.closed.length === 1)
  expect(frontEnd.heard.closed[0]?.reason).toBe('logout')
  expect(frontEnd.heard.frames).toEqual([])
})

test('who misses its heartbeats, or does not log in, is shown out by the sweep', async () => {
  const terminal = await loggedIn(ONE)
  const silent = await dial(TWO)
  clock.advance(21_000)
  await until(() => silent.closed)
  expect(terminal.closed).toBe(false)
  clock.advance(130_000)
  await until(() => terminal.closed)
  await until(() => frontEnd.heard.closed.some((one) => one.reason === 'silent'))
})

test('before the login nothing but a login is accepted', async () => {
  const terminal = await dial(ONE)
  const said = await refused(async () => {
    terminal.send(reportFrame(ONE, 1))
    terminal.send(linkFrame(ONE, 'heartbeat'))
  }, 2)
  expect(said.sort()).toEqual(['NOT_LOGGED_IN: REPORT-Notification', 'NOT_LOGGED_IN: heartbeat'])
  expect(await terminal.link('login')).toBe(0)
  await until(() => frontEnd.heard.opened.length === 1)
  expect(frontEnd.heard.frames).toEqual([])
})

test('an APDU of the wrong direction, another address: refused, not forwarded, and too many end the connection', async () => {
  const terminal = await loggedIn(ONE)
  const said = await refused(async () => {
    terminal.send(frameOf(ONE, Buffer.from('0501002000020000', 'hex')))
    terminal.send(reportFrame(TWO, 1))
    terminal.send(linkFrame(TWO, 'login'))
  }, 3)
  expect(said.sort()).toEqual(['ADDRESS_MISMATCH: LINK', 'ADDRESS_MISMATCH: another address than the login', 'SERVICE_ILLEGAL: APDU tag 05'])
  terminal.send(reportFrame(ONE, 2))
  await until(() => frontEnd.heard.frames.length === 1)
  for (let n = 0; n < 5; n += 1) terminal.send(reportFrame(TWO, n))
  await until(() => terminal.closed)
  expect(frontEnd.heard.frames.map(({ frame }) => reportNumber(frame))).toEqual([2])
})

test('a connection is one terminal, also when it logs in as two at once', async () => {
  const terminal = await dial(ONE)
  const said = await refused(async () => terminal.send(Buffer.concat([linkFrame(ONE, 'login'), linkFrame(TWO, 'login')])))
  expect(said).toEqual(['ADDRESS_MISMATCH: LINK'])
  await until(() => frontEnd.heard.opened.length === 1)
  expect(frontEnd.heard.opened[0]?.open.address).toBe(ONE)
  expect(terminal.received).toHaveLength(1)
})

test('a flood of LINK frames ends its connection', async () => {
  const terminal = await loggedIn(ONE)
  const said = await refused(async () => { for (let n = 0; n < 40; n += 1) terminal.send(linkFrame(ONE, 'heartbeat')) })
  expect(said).toEqual(['LIMIT_EXCEEDED: LINK frames a second'])
  await until(() => terminal.closed)
  expect(terminal.received).toHaveLength(30)
})

test('hundreds of silent connections do not keep a terminal out', async () => {
  const silent = await Promise.all(Array.from({ length: 300 }, () => dial(STRANGER)))
  const terminal = await loggedIn(ONE)
  await until(() => silent.filter((one) => one.closed).length >= 280)
  expect(silent.filter((one) => !one.closed).length).toBeLessThanOrEqual(20)
  expect(terminal.closed).toBe(false)
})

test('of two connections of one address the front end decides; the table shows the one that serves', async () => {
  const former = await loggedIn(ONE)
  await until(() => frontEnd.heard.opened.length === 1)
  frontEnd.bind(frontEnd.heard.opened[0]!.connection, 'plain')
  const latter = await loggedIn(ONE)
  await until(() => frontEnd.heard.opened.length === 2)
  const [first, second] = frontEnd.heard.opened.map((one) => one.connection) as [number, number]
  expect(former.closed).toBe(false)
  frontEnd.bind(second, 'plain')
  frontEnd.close(first, 'replaced')
  await until(() => former.closed)
  const routed = async (): Promise<unknown[]> => (await database.pool.query('SELECT connection_id, routed, frontend_id FROM terminal_session')).rows
  await until(async () => (await routed()).length === 1)
  expect(await routed()).toEqual([{ connection_id: second, routed: true, frontend_id: 'fep-1' }])
  expect(latter.closed).toBe(false)
})

test('a terminal that is struck off the register loses its connection', async () => {
  await database.pool.query(`INSERT INTO terminal (address, security_profile) VALUES ('000000000003', 'plain')`)
  const terminal = await loggedIn('000000000003')
  await database.pool.query(`DELETE FROM terminal WHERE address = '000000000003'`)
  await until(() => terminal.closed)
})

test('who does not know the link secret becomes no front end', async () => {
  const said = await refused(() => expect(dialGateway(gateway.linkUrl, { id: 'fep-9', secret: 'another secret of this test' })).rejects.toThrow('hung up'))
  expect(said).toEqual(['AUTH_FAILED: link secret is wrong'])
  const { accepted, welcome, nonce } = frontEnd
  expect(accepted.proof).toBe(linkProof(LINK_SECRET, 'gateway', welcome.nonce, nonce, 'gw-1', 'fep-1'))
  expect(frontEnd.gone).toBe(false)
})

test('a replayed hello is worth nothing: the nonce is fresh each time', async () => {
  const again = await dialGateway(gateway.linkUrl, { id: 'fep-2', secret: LINK_SECRET })
  expect(again.welcome.nonce).not.toBe(frontEnd.welcome.nonce)
  again.end()
})

test('a terminal may scramble; it is answered likewise', async () => {
  const terminal = await dial(ONE)
  const time = { year: 2026, month: 10, day: 5, weekday: 1, hour: 8, minute: 0, second: 0, millisecond: 0 }
  const data = encodeApdu({ apdu: 'link-request', piid: { number: 3, priority: false, acd: true }, kind: 'login', heartbeatSeconds: 60, time })
  terminal.send(frameOf(ONE, data, { ...CONTROL.serverLink, scrambled: true }))
  await until(() => terminal.received.length === 1)
  expect(terminal.received[0]![3]! & 0x08).toBe(0x08)
})
