import { once } from 'node:events'
import type { Socket } from 'node:net'
import { manualClock } from '@zhuzhan/core'
import type { ErrorCode } from '@zhuzhan/core'
import type { Limits } from '../config.js'
import { linkFrame, reportFrame, reportNumber } from '../test-support/frames.js'
import { limitsWith } from '../test-support/limits.js'
import { withSockets } from '../test-support/socket-pair.js'
import { until } from '../test-support/until.js'
import { createTerminalConnection } from './terminal-connection.js'
import type { CloseReason, TerminalConnection } from './terminal-connection.js'

const ME = '000000000001'
const pair = withSockets()

interface Rig {
  connection: TerminalConnection
  terminal: Socket
  station: Socket
  frames: Buffer[]
  refused: { code: ErrorCode; what: string }[]
  closed: CloseReason[]
  clock: ReturnType<typeof manualClock>
}

async function rig(changes: Partial<Limits> = {}, loggedIn = true): Promise<Rig> {
  const { station, terminal } = await pair()
  const clock = manualClock()
  const [frames, refused, closed]: [Buffer[], Rig['refused'], CloseReason[]] = [[], [], []]
  const connection = createTerminalConnection({
    id: 1, socket: station, remote: '127.0.0.1', limits: limitsWith(changes), clock,
    handlers: {
      onFrame: (_connection, _frame, raw) => frames.push(raw),
      onRefused: (_connection, code, what) => refused.push({ code, what }),
      onClosed: (_connection, reason) => closed.push(reason),
    },
  })
  if (loggedIn) connection.address = ME
  return { connection, terminal, station, frames, refused, closed, clock }
}
/** True when the other side sees the end. */
const ended = (terminal: Socket): Promise<unknown> => (terminal.destroyed ? Promise.resolve() : once(terminal.resume(), 'close'))

test('a frame comes out whole although it came a byte at a time', async () => {
  const { terminal, frames, clock, connection } = await rig()
  clock.advance(5_000)
  const bytes = reportFrame(ME, 1)
  for (let at = 0; at < bytes.length; at += 1) {
    terminal.write(bytes.subarray(at, at + 1))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => frames.length === 1)
  expect(frames).toEqual([bytes])
  expect(connection.lastHeardAt).toBe(clock.monotonic())
})

test('frames that came in one piece, with wake-up bytes and noise between, come out each and in order', async () => {
  const { terminal, frames, closed } = await rig()
  const wrong = reportFrame(ME, 9)
  wrong[wrong.length - 2]! ^= 0xff
  terminal.write(Buffer.concat([Buffer.from('FEFEFEFE', 'hex'), reportFrame(ME, 1), Buffer.from('00 68 68 16'.replaceAll(' ', ''), 'hex'), reportFrame(ME, 2), wrong, reportFrame(ME, 3)]))
  await until(() => frames.length === 3)
  expect(frames.map(reportNumber)).toEqual([1, 2, 3])
  expect(closed).toEqual([])
})

test('a length beyond the limit is noise, not memory', async () => {
  const { terminal, frames } = await rig({ maxFrame: 100 })
  terminal.write(Buffer.concat([Buffer.from('68FF3F', 'hex'), Buffer.alloc(200), reportFrame(ME, 1)]))
  await until(() => frames.length === 1)
})

test('garbage ends a connection when there is too much of it between two good frames', async () => {
  const { terminal, closed, refused, frames } = await rig({ maxNoiseBytes: 3_000 })
  const garbage = Buffer.alloc(2_000, 0x55)
  terminal.write(Buffer.concat([garbage, reportFrame(ME, 1), garbage, reportFrame(ME, 2)]))
  await until(() => frames.length === 2)
  expect(closed).toEqual([])
  terminal.write(garbage)
  terminal.write(garbage)
  await ended(terminal)
  expect(closed).toEqual(['limit'])
  expect(refused).toEqual([{ code: 'FRAME_INVALID', what: 'noise' }])
})

test('a stranger has few bytes, noise or not', async () => {
  const noisy = await rig({ loginBytes: 256 }, false)
  noisy.terminal.write(Buffer.alloc(256, 0x55))
  await ended(noisy.terminal)
  expect(noisy.refused).toEqual([{ code: 'FRAME_INVALID', what: 'noise' }])

  const talkative = await rig({ loginBytes: 256 }, false)
  for (let n = 0; n < 20; n += 1) talkative.terminal.write(linkFrame(ME, 'heartbeat'))
  await ended(talkative.terminal)
  expect(talkative.refused).toEqual([{ code: 'LIMIT_EXCEEDED', what: 'bytes before login' }])
  expect(talkative.frames.length).toBeLessThanOrEqual(8)
  expect([...noisy.closed, ...talkative.closed]).toEqual(['limit', 'limit'])
})

test('too many refused frames end the connection', async () => {
  const { connection, closed, terminal } = await rig({ maxViolations: 2 })
  connection.violation()
  connection.violation()
  expect(closed).toEqual([])
  connection.violation()
  expect(closed).toEqual(['refused'])
  await ended(terminal)
})

test('a terminal that does not read is shed before the station keeps its answers', async () => {
  const { connection, terminal, station, closed } = await rig({ maxUnsentBytes: 50_000 })
  terminal.pause()
  const answer = Buffer.alloc(10_000)
  let most = 0
  for (let n = 0; n < 2_000 && !connection.closed; n += 1) {
    connection.write(answer)
    most = Math.max(most, station.writableLength)
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  expect(closed).toEqual(['slow-reader'])
  expect(most).toBeLessThanOrEqual(60_000)
  connection.write(answer)
})

test('a paused terminal is not read, and its silence is not its own', async () => {
  const { connection, terminal, frames, clock } = await rig()
  connection.pause()
  terminal.write(reportFrame(ME, 1))
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(frames).toEqual([])
  clock.advance(600_000)
  connection.resume()
  expect(connection.lastHeardAt).toBe(clock.monotonic())
  await until(() => frames.length === 1)
})

// Mutation seen failing: a `socket.write` for each.
test('answers of one turn leave in one write, in their order; those before an end leave too', async () => {
  const { connection, terminal, station } = await rig()
  const received: Buffer[] = []
  terminal.on('data', (chunk: Buffer) => received.push(chunk))
  const answers = [1, 2, 3, 4].map((number) => reportFrame(ME, number))
  for (const answer of answers.slice(0, 2)) connection.write(answer)
  // Held until the turn is over, and then not any more.
  expect([station.bytesWritten, station.writableLength]).toEqual([answers[0]!.length + answers[1]!.length, answers[0]!.length + answers[1]!.length])
  await until(() => Buffer.concat(received).length === answers[0]!.length + answers[1]!.length)
  expect(station.writableLength).toBe(0)
  for (const answer of answers.slice(2)) connection.write(answer)
  connection.close('refused')
  await ended(terminal)
  expect(Buffer.concat(received)).toEqual(Buffer.concat(answers))
})

test('a last answer still leaves, and nothing is taken in any more', async () => {
  const { connection, terminal, frames, closed } = await rig()
  const received: Buffer[] = []
  terminal.on('data', (chunk) => received.push(chunk))
  connection.write(Buffer.from('bye'))
  connection.close('refused')
  terminal.write(reportFrame(ME, 1))
  await ended(terminal)
  expect(Buffer.concat(received).toString()).toBe('bye')
  connection.close('peer')
  connection.pause()
  expect([frames, closed, connection.closed, connection.paused]).toEqual([[], ['refused'], true, false])
})

test.each([
  ['ends', 'peer', (terminal: Socket) => terminal.end()],
  ['breaks', 'error', (terminal: Socket) => terminal.resetAndDestroy()],
] as const)('is closed once when the terminal %s', async (_what, reason, act) => {
  const { terminal, closed, station } = await rig()
  station.resume()
  act(terminal)
  await until(() => closed.length > 0 && station.destroyed)
  expect(closed).toEqual([reason])
})
