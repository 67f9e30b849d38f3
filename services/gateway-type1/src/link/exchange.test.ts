import { manualClock } from '@zhuzhan/core'
import { encodeTrace, LINK_RECORD, LINK_SPACE_MS, LINK_WINDOW_FRAMES } from '@zhuzhan/contracts'
import { fakeConnection } from '../test-support/fake-connection.js'
import { FakeFrontEndSocket } from '../test-support/fake-front-end.js'
import { chooseFrontEnd } from './choose.js'
import { createExchange } from './exchange.js'
import type { Exchange } from './exchange.js'

const PENDING = 300
let exchange: Exchange
let bound: { id: number; frontendId: string; security: string }[]
let frontEnds: (readonly string[])[]

const clock = manualClock()
beforeEach(() => {
  bound = []
  frontEnds = []
  exchange = createExchange({ clock, pendingBytes: PENDING, onBind: (connection, frontendId, security) => bound.push({ id: connection.id, frontendId, security }), onFrontEnds: (ids) => frontEnds.push(ids) })
})

/** The batch of the link leaves with its turn of the event loop, but a while after the one before. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LINK_SPACE_MS + 2))
const attach = (id: string): FakeFrontEndSocket => {
  const far = new FakeFrontEndSocket()
  exchange.attach(id, far.socket)
  return far
}
const frame = (text: string): Buffer => Buffer.from(text)
const texts = (far: FakeFrontEndSocket): string[] => far.heard.frames.map((one) => `${one.connection}:${one.frame.toString()}`)
/** An address that goes to this one of these front ends. */
const addressFor = (wanted: string, ids: string[]): string =>
  Array.from({ length: 100 }, (_, n) => String(n).padStart(12, '0')).find((address) => chooseFrontEnd(address, ids) === wanted) as string

test('a front end hears of a terminal before its frames, with the time of its login', async () => {
  const far = attach('fep-1')
  const connection = fakeConnection(7)
  connection.loggedInAt = clock.monotonic() - 90_000
  exchange.add(connection)
  exchange.up(connection, frame('a'))
  await turn()
  expect(far.heard.opened).toEqual([{ connection: 7, open: { address: '000000000007', remote: '10.0.0.1', heartbeatSeconds: 60, loggedInAt: clock.now() - 90_000 } }])
  expect(texts(far)).toEqual(['7:a'])
})

test('frames, closes and bindings of the front end reach the terminal they name, and none that is gone', async () => {
  const far = attach('fep-1')
  const [one, two] = [fakeConnection(1), fakeConnection(2)]
  exchange.add(one)
  exchange.add(two)
  far.says(LINK_RECORD.frame, 2, encodeTrace(undefined), frame('down'))
  far.says(LINK_RECORD.bind, 1, frame('S'))
  far.says(LINK_RECORD.close, 1, frame('replaced'))
  expect([one.written, two.written.map(String), one.reasons]).toEqual([[], ['down'], ['front-end']])
  expect(bound).toEqual([{ id: 1, frontendId: 'fep-1', security: 'S' }])
  exchange.remove(one, 'front-end')
  for (const type of [LINK_RECORD.frame, LINK_RECORD.bind, LINK_RECORD.close]) far.says(type, 1, encodeTrace(undefined))
  await turn()
  expect([one.written, bound.length, one.reasons.length]).toEqual([[], 1, 1])
  expect(far.heard.closed).toEqual([{ connection: 1, reason: 'front-end' }])
})

test('without credit frames wait in bounds, then the socket is not read; credit lets it be read again', async () => {
  const far = attach('fep-1')
  const connection = fakeConnection(1)
  exchange.add(connection)
  for (let n = 0; n < LINK_WINDOW_FRAMES; n += 1) exchange.up(connection, frame('x'))
  expect(connection.paused).toBe(false)
  exchange.up(connection, Buffer.alloc(PENDING))
  expect(connection.paused).toBe(false)
  exchange.up(connection, frame('y'))
  expect(connection.paused).toBe(true)
  far.credit(1)
  expect(connection.paused).toBe(true)
  far.credit(1)
  expect([connection.paused, connection.pauses()]).toEqual([false, 1])
  await turn()
  expect(far.heard.frames).toHaveLength(LINK_WINDOW_FRAMES + 2)
})

test('returned credit goes round: one frame a terminal, in the order of each', async () => {
  const far = attach('fep-1')
  const [filler, one, two, three] = [9, 1, 2, 3].map((id) => fakeConnection(id)) as [ReturnType<typeof fakeConnection>, ...ReturnType<typeof fakeConnection>[]]
  for (const connection of [filler, one!, two!, three!]) exchange.add(connection)
  for (let n = 0; n < LINK_WINDOW_FRAMES; n += 1) exchange.up(filler, frame('x'))
  for (const text of ['a', 'b', 'c']) exchange.up(one!, frame(text))
  for (const text of ['d', 'e']) exchange.up(two!, frame(text))
  exchange.up(three!, frame('f'))
  far.credit(4)
  await turn()
  expect(texts(far).slice(LINK_WINDOW_FRAMES)).toEqual(['1:a', '2:d', '3:f', '1:b'])
  far.credit(100)
  await turn()
  expect(texts(far).slice(LINK_WINDOW_FRAMES + 4)).toEqual(['2:e', '1:c'])
})

test('what waits owns its bytes: the buffer it came in may be used again', async () => {
  const connection = fakeConnection(1)
  exchange.add(connection)
  const bytes = frame('first')
  exchange.up(connection, bytes)
  bytes.fill('z')
  const far = attach('fep-1')
  await turn()
  expect(texts(far)).toEqual(['1:first'])
})

test('no front end at all: terminals wait, and the first that comes gets everything', async () => {
  const connection = fakeConnection(1)
  exchange.add(connection)
  for (let n = 0; n < 30; n += 1) exchange.up(connection, Buffer.from(`frame number ${n}`))
  expect(connection.paused).toBe(true)
  const far = attach('fep-1')
  await turn()
  expect(texts(far)).toEqual(Array.from({ length: 30 }, (_, n) => `1:frame number ${n}`))
  expect(connection.paused).toBe(false)
})

test('a front end that goes hands its terminals to the others; nothing that waited is lost', async () => {
  const [one, two] = [attach('fep-1'), attach('fep-2')]
  const mine = fakeConnection(1, addressFor('fep-1', ['fep-1', 'fep-2']))
  const others = fakeConnection(2, addressFor('fep-2', ['fep-1', 'fep-2']))
  exchange.add(mine)
  exchange.add(others)
  for (let n = 0; n < LINK_WINDOW_FRAMES; n += 1) exchange.up(mine, frame('x'))
  exchange.up(mine, frame('waits'))
  one.close()
  await turn()
  expect(two.heard.opened.map((open) => open.connection)).toEqual([2, 1])
  expect(texts(two)).toEqual(['1:waits'])
  expect(two.heard.closed).toEqual([])
  expect([exchange.frontEnds, frontEnds.at(-1)]).toEqual([1, ['fep-2']])
})

test('a front end that comes takes its share, and the former is told', async () => {
  const one = attach('fep-1')
  const moving = fakeConnection(1, addressFor('fep-2', ['fep-1', 'fep-2']))
  const staying = fakeConnection(2, addressFor('fep-1', ['fep-1', 'fep-2']))
  exchange.add(moving)
  exchange.add(staying)
  const two = attach('fep-2')
  exchange.up(moving, frame('a'))
  exchange.up(staying, frame('b'))
  // A late binding by the former does not count.
  one.says(LINK_RECORD.bind, 1, frame('plain'))
  await turn()
  expect(one.heard.closed).toEqual([{ connection: 1, reason: 'moved' }])
  expect([texts(one), texts(two), bound]).toEqual([['2:b'], ['1:a'], []])
})

test('a front end that dials again is the same one: its terminals are opened on the new link', async () => {
  const former = attach('fep-1')
  const connection = fakeConnection(1)
  exchange.add(connection)
  await turn()
  const again = attach('fep-1')
  exchange.up(connection, frame('a'))
  await turn()
  expect(former.readyState).toBe(3)
  expect([exchange.frontEnds, texts(again), again.heard.opened.length]).toEqual([1, ['1:a'], 1])
})

test('a front end that speaks rubbish loses its link, not the gateway', () => {
  const far = attach('fep-1')
  far.emit('message', Buffer.from('FFFFFFFF05', 'hex'))
  expect([far.readyState, exchange.frontEnds]).toEqual([3, 0])
})
