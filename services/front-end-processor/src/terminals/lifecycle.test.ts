import { pino } from 'pino'
import { manualClock } from '@zhuzhan/core'
import type { LinkOpen } from '@zhuzhan/contracts'
import type { TerminalRecord } from '@zhuzhan/persistence'
import { createTurnstile } from '../secure/turnstile.js'
import { fakeLink } from '../test-support/fake-link.js'
import { fakeMachine } from '../test-support/fake-machine.js'
import { TERMINAL, terminalRecord } from '../test-support/records.js'
import { until } from '../test-support/until.js'
import { createDirectory } from './directory.js'
import type { Directory } from './directory.js'
import { createLifecycle } from './lifecycle.js'
import type { Lifecycle } from './lifecycle.js'
import type { Terminal } from './terminal.js'

const clock = manualClock()
let records: Map<string, TerminalRecord>
let lookUp: () => Promise<void>
let directory: Directory
let lifecycle: Lifecycle
let bound: Terminal[]

beforeEach(() => {
  records = new Map([[TERMINAL, terminalRecord()]])
  lookUp = async () => undefined
  directory = createDirectory()
  bound = []
  lifecycle = createLifecycle({
    directory, log: pino({ level: 'silent' }), onBound: (terminal) => bound.push(terminal),
    registry: { terminal: async (address) => { await lookUp(); return records.get(address) }, close: async () => undefined },
    terminalDeps: { clock, clientAddress: 16, frameBytes: 1_024, secure: { clientAddress: 16, machine: fakeMachine({ connectOpen: () => new Promise(() => undefined) }), clock, turnstile: createTurnstile(4), onRefused: () => undefined } },
  })
})
afterEach(() => { for (const terminal of directory.all()) terminal.end() })

const login = (address = TERMINAL): LinkOpen => ({ address, remote: '10.0.0.1', heartbeatSeconds: 60, loggedInAt: clock.now() - 5_000 })
const serving = (): string | undefined => {
  const terminal = directory.serving(TERMINAL)
  return terminal && `${terminal.gateway.name}/${terminal.connection}`
}
/** Lookups that go on when the test says so. */
const heldLookUps = (): (() => void) => {
  let go!: () => void
  const gate = new Promise<void>((resolve) => { go = resolve })
  lookUp = () => gate
  return go
}

test('a plain terminal serves its address by its login; who waits for it gets it', async () => {
  const link = fakeLink()
  const go = heldLookUps()
  lifecycle.open(link, 7, login())
  const waiting = lifecycle.terminal(link, 7)
  go()
  expect(await waiting).toBe(directory.serving(TERMINAL))
  expect(bound.map((terminal) => [terminal.connection, terminal.loggedInAt])).toEqual([[7, clock.now() - 5_000]])
  expect([link.bound, serving()]).toEqual([[[7, 'plain']], 'gw-1/7'])
  expect(await lifecycle.terminal(link, 8)).toBeUndefined()
})

test('a second login takes over, at whichever gateway, and the first connection is closed', async () => {
  const [first, second] = [fakeLink('gw-1'), fakeLink('gw-2')]
  lifecycle.open(first, 1, login())
  await lifecycle.terminal(first, 1)
  lifecycle.open(second, 1, login())
  await lifecycle.terminal(second, 1)
  expect([serving(), first.closed, second.closed]).toEqual(['gw-2/1', [[1, 'replaced']], []])
  // The end of the former does not take the address from the latter.
  lifecycle.closed(first, 1)
  expect([serving(), [...directory.bound()].length]).toEqual(['gw-2/1', 1])
})

test('a protected terminal does not serve its address, nor push anybody out, by a login alone', async () => {
  const link = fakeLink()
  lifecycle.open(link, 1, login())
  const plain = await lifecycle.terminal(link, 1)
  records.set(TERMINAL, terminalRecord({ securityProfile: 'sm', mode: 'S' }))
  lifecycle.open(link, 2, login())
  const rival = await lifecycle.terminal(link, 2)
  expect(directory.serving(TERMINAL)).toBe(plain)
  expect([link.closed, link.bound]).toEqual([[], [[1, 'plain']]])
  lifecycle.bind(rival!, 'S')
  expect([serving(), link.closed]).toEqual(['gw-1/2', [[1, 'replaced']]])
})

test('a session that is renewed does not push itself out', async () => {
  const link = fakeLink()
  lifecycle.open(link, 1, login())
  lifecycle.bind((await lifecycle.terminal(link, 1))!, 'plain')
  expect([serving(), link.closed]).toEqual(['gw-1/1', []])
})

test('a connection that ended while its record was looked up is never served', async () => {
  const link = fakeLink()
  const go = heldLookUps()
  lifecycle.open(link, 1, login())
  const waiting = lifecycle.terminal(link, 1)
  lifecycle.closed(link, 1)
  go()
  expect([await waiting, serving(), link.bound]).toEqual([undefined, undefined, []])
})

test('a connection that moved away and came back meanwhile is served once', async () => {
  const link = fakeLink()
  const go = heldLookUps()
  lifecycle.open(link, 1, login())
  lifecycle.closed(link, 1)
  lifecycle.open(link, 1, login())
  go()
  await until(() => serving() === 'gw-1/1')
  await new Promise((resolve) => setImmediate(resolve))
  expect([...directory.all()].length).toBe(1)
  expect(await lifecycle.terminal(link, 1)).toBe(directory.serving(TERMINAL))
})

test('whose record is gone or cannot be read is shown out: logged in but served by nobody helps nobody', async () => {
  const link = fakeLink()
  records.clear()
  lifecycle.open(link, 1, login())
  expect(await lifecycle.terminal(link, 1)).toBeUndefined()
  lookUp = async () => { throw new Error('away') }
  lifecycle.open(link, 2, login())
  expect(await lifecycle.terminal(link, 2)).toBeUndefined()
  expect(link.closed).toEqual([[1, 'unknown'], [2, 'registry']])
})

test('a link that goes takes its terminals along, and their requests are told', async () => {
  const [gone, stays] = [fakeLink('gw-1'), fakeLink('gw-2')]
  records.set('000000000002', terminalRecord({ address: '000000000002' }))
  lifecycle.open(gone, 1, login())
  lifecycle.open(stays, 1, login('000000000002'))
  const terminal = (await lifecycle.terminal(gone, 1))!
  await lifecycle.terminal(stays, 1)
  const asked = terminal.requests.ask({ lane: 'command', timeoutMs: 5_000, build: (piid) => ({ apdu: 'get-request', choice: 'normal', piid, oad: '00100200', timeTag: undefined }) })
  const told = expect(asked).rejects.toMatchObject({ code: 'TERMINAL_OFFLINE' })
  lifecycle.linkDown(gone)
  await told
  expect([serving(), [...directory.bound()].map((one) => one.address)]).toEqual([undefined, ['000000000002']])
})

test('a changed record holds at once; another protection begins with a new connection', async () => {
  const link = fakeLink()
  lifecycle.open(link, 1, login())
  await lifecycle.terminal(link, 1)
  records.set(TERMINAL, terminalRecord({ meters: [], utcOffsetMinutes: 345 }))
  lifecycle.registryChanged(TERMINAL)
  await until(() => directory.serving(TERMINAL)?.record.utcOffsetMinutes === 345)
  expect(link.closed).toEqual([])
  records.set(TERMINAL, terminalRecord({ securityProfile: 'sm', mode: 'F' }))
  lifecycle.registryChanged(TERMINAL)
  await until(() => link.closed.length === 1)
  expect(link.closed).toEqual([[1, 'profile']])
})
