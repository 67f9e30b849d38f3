import { once } from 'node:events'
import { createEventLog } from '@zhuzhan/persistence'
import type { StationEvent } from '@zhuzhan/contracts'
import { withPostgres } from '@zhuzhan/testing'
import { pino } from 'pino'
import type { WebSocket } from 'ws'
import { createTestApi } from '../fixtures/test-api.js'
import type { TestApi } from '../fixtures/test-api.js'
import { MAX_BUFFERED_BYTES, serveFeedClient } from './client.js'
import { createEventFeed } from './feed.js'
import type { EventSink } from './feed.js'

const postgres = withPostgres()
let api: TestApi
let token: string

beforeAll(async () => {
  api = await createTestApi(postgres.url, { pingMs: 1_000 })
  token = await api.user('vera', 'viewer')
})
afterAll(() => api.close())

const publish = (...events: StationEvent[]) => createEventLog(api.database.pool).publish(...events)
const lastId = async () => (await api.database.pool.query<{ id: number }>('SELECT COALESCE(max(id), 0) AS id FROM event')).rows[0]?.id as number

interface Watcher {
  socket: WebSocket
  events: { id: number; kind: string; terminal: string | null }[]
  until(count: number): Promise<void>
}
async function watch(query: string, headers: Record<string, string> = { authorization: `Bearer ${token}` }): Promise<Watcher> {
  const socket = await api.app.injectWS(`/api/v1/events${query}`, { headers }, {
    // From the first moment: the past may arrive together with the handshake.
    onInit: (ws) => { ws.on('message', (text: Buffer) => events.push(JSON.parse(text.toString()) as Watcher['events'][number])) },
  })
  const events: Watcher['events'] = []
  return {
    socket, events,
    until: async (count) => {
      const deadline = Date.now() + 20_000
      while (events.length < count && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
      expect(events.length).toBeGreaterThanOrEqual(count)
    },
  }
}

test('what happens is seen at once, by everybody who asked for it', async () => {
  const all = await watch('')
  const some = await watch('?terminal=12&kind=terminal.online,terminal.offline')
  await publish({ kind: 'terminal.online', terminal: '000000000012' }, { kind: 'reading.stored', terminal: '000000000012' }, { kind: 'terminal.online', terminal: '000000000013' })
  await all.until(3)
  await some.until(1)
  expect(all.events.map(({ kind, terminal }) => [kind, terminal])).toEqual([
    ['terminal.online', '000000000012'], ['reading.stored', '000000000012'], ['terminal.online', '000000000013'],
  ])
  expect(some.events).toHaveLength(1)
  for (const { socket } of [all, some]) socket.close()
})

test('what happens before the listener is connected is not lost', async () => {
  let connect = (): void => undefined
  const feed = createEventFeed({ pool: api.database.pool, clock: api.clock, log: pino({ level: 'silent' }), listen: (wake) => { connect = wake; return { close: async () => undefined } } })
  await feed.start()
  const seen: string[] = []
  feed.subscribe((events) => seen.push(...events.map(({ kind }) => kind)))
  await publish({ kind: 'terminal.online', terminal: '000000000019' })
  connect()
  // Seen failing with the first read left to the first notification: a busy machine connects later than it serves.
  const deadline = Date.now() + 5_000
  while (seen.length === 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(seen).toEqual(['terminal.online'])
  await feed.stop()
})

test('resuming gives the past and the present without a gap or a repetition', async () => {
  const after = await lastId()
  const past: StationEvent[] = Array.from({ length: 1_200 }, () => ({ kind: 'reading.stored', terminal: '000000000014' }))
  await publish(...past)
  const watcher = await watch(`?after=${after}&terminal=14`)
  for (let i = 0; i < 20; i++) await publish({ kind: 'reading.conflict', terminal: '000000000014' })
  await watcher.until(1_220)
  await new Promise((resolve) => setTimeout(resolve, 100))
  const ids = watcher.events.map(({ id }) => id)
  expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
  expect(ids).toHaveLength(1_220)
  watcher.socket.close()
})

test('an event committed after a younger one is delivered all the same', async () => {
  const watcher = await watch('')
  const slow = await api.database.pool.connect()
  await slow.query('BEGIN')
  await slow.query("INSERT INTO event (kind, terminal) VALUES ('clock.fault', '000000000015')")
  await publish({ kind: 'terminal.online', terminal: '000000000015' })
  await watcher.until(1)
  await slow.query('COMMIT')
  slow.release()
  await watcher.until(2)
  expect(watcher.events.map(({ kind }) => kind)).toEqual(['terminal.online', 'clock.fault'])
  watcher.socket.close()
})

test.each([
  ['header', () => watch('', { authorization: `Bearer ${token}` })],
  ['address line', () => watch(`?token=${token}`, {})],
  ['protocol', () => watch('', { 'sec-websocket-protocol': `bearer, ${token}` })],
])('the token may come in the %s', async (_name, open) => {
  const { socket } = await open()
  expect(socket.readyState).toBe(1)
  socket.close()
})

test('without a token there is no feed, and a plain GET is told so', async () => {
  await expect(watch('', {})).rejects.toThrow('401')
  await expect(watch('?kind=nonsense')).rejects.toThrow('400')
  expect(await api.call('GET', '/api/v1/events', { token })).toMatchObject({ status: 400 })
})

test('a user who is disabled is thrown out of the feed', async () => {
  const own = await api.user('otto', 'viewer')
  const { socket } = await watch('', { authorization: `Bearer ${own}` })
  await api.database.pool.query("UPDATE app_user SET disabled = true WHERE username = 'otto'")
  api.clock.advance(2_001)
  const [code] = await once(socket, 'close') as [number]
  expect(code).toBe(4401)
})

test('history: youngest first, by kind, in pages', async () => {
  await publish({ kind: 'security.refusal', severity: 'alarm', code: 'AUTH_FAILED', detail: { x: 1 } }, { kind: 'security.refusal', severity: 'warning' })
  const first = (await api.call('GET', '/api/v1/events/history?kind=security.refusal&limit=1', { token })).body
  expect(first.items).toMatchObject([{ severity: 'warning' }])
  const second = (await api.call('GET', `/api/v1/events/history?severity=alarm&limit=1&cursor=${first.nextCursor}`, { token })).body
  expect(second.items).toMatchObject([{ kind: 'security.refusal', code: 'AUTH_FAILED', detail: { x: 1 }, terminal: null }])
})

describe('a client that does not read', () => {
  const event = { id: 1, at: new Date(0), kind: 'terminal.online', severity: 'info' as const, terminal: null, meter: null, code: null, detail: {} }

  test('is dropped with a code instead of filling memory', () => {
    const closed: number[] = []
    let sink: EventSink = () => undefined
    let sent = 0
    const socket = { bufferedAmount: 0, readyState: 1, send: () => { sent += 1 }, close: (code: number) => { closed.push(code) } }
    serveFeedClient({ socket, filter: {}, after: undefined, subscribe: (given) => { sink = given; return { after: 0, end: () => { sink = () => undefined } } }, history: async () => [] })
    sink([event])
    socket.bufferedAmount = MAX_BUFFERED_BYTES + 1
    sink([event, event])
    sink([event])
    expect({ sent, closed }).toEqual({ sent: 1, closed: [4429] })
  })

  test('is dropped when it stays in the past while too much happens', async () => {
    const closed: number[] = []
    let sink: EventSink = () => undefined
    const socket = { bufferedAmount: 0, readyState: 1, send: () => undefined, close: (code: number) => { closed.push(code) } }
    let release: (events: never[]) => void = () => undefined
    const client = serveFeedClient({ socket, filter: {}, after: 0, subscribe: (given) => { sink = given; return { after: 0, end: () => undefined } }, history: () => new Promise((resolve) => { release = resolve }) })
    sink(Array.from({ length: 6_000 }, () => event))
    release([])
    await client.done
    expect(closed).toEqual([4429])
  })
})
