import { CONTROL, createJoiner, decodeFrame } from '@zhuzhan/dlt698'
import type { LinkFrame } from '@zhuzhan/dlt698'
import { manualClock } from '@zhuzhan/core'
import { until } from '../test-support/until.js'
import { createOutbox } from './outbox.js'
import type { Outbox } from './outbox.js'

const frameOf = (length: number, fill: number): LinkFrame =>
  ({ control: CONTROL.clientRequest, address: { type: 'single', logical: 0, server: '000000000001', client: 16 }, data: Buffer.alloc(length, fill) })

let handed: LinkFrame[]
let outbox: Outbox
beforeEach(() => {
  handed = []
  outbox = createOutbox({ hand: (bytes) => handed.push(decodeFrame(bytes)), maxFrame: () => 60 })
})
afterEach(() => outbox.end())

/** What a terminal makes of the pieces: acknowledges each, joins them. */
const terminal = (): LinkFrame[] => {
  const joiner = createJoiner({ maxBytes: 10_000, clock: manualClock() })
  const whole: LinkFrame[] = []
  for (const frame of handed.splice(0)) {
    const joined = joiner.accept(frame)
    if (joined.whole) whole.push(joined.whole)
  }
  return whole
}

test('what fits goes as it is, at once', async () => {
  await outbox.send(frameOf(20, 1))
  expect(handed.map((frame) => frame.control.segmented)).toEqual([false])
})

test('what does not fit goes in pieces, each after the acknowledgement of the one before', async () => {
  const sending = outbox.send(frameOf(100, 2))
  await until(() => handed.length === 1)
  outbox.acknowledged(1)
  await new Promise((resolve) => setImmediate(resolve))
  expect(handed).toHaveLength(1)
  outbox.acknowledged(0)
  await until(() => handed.length === 2)
  outbox.acknowledged(1)
  await sending
  expect(handed).toHaveLength(3)
  expect(terminal().map((frame) => frame.data)).toEqual([Buffer.alloc(100, 2)])
})

test('one transfer at a time; short frames do not wait for it', async () => {
  const [first, second] = [outbox.send(frameOf(60, 3)), outbox.send(frameOf(60, 4))]
  await outbox.send(frameOf(10, 5))
  await until(() => handed.length === 2)
  outbox.acknowledged(0)
  await first
  await until(() => handed.length === 4)
  outbox.acknowledged(0)
  await second
  const fills = handed.map((frame) => frame.data.at(-1))
  expect(fills.indexOf(5)).toBeLessThan(2)
  expect(fills.filter((fill) => fill !== 5)).toEqual([3, 3, 4, 4])
})

test('the end of the connection ends the transfer and those behind it', async () => {
  const sends = [outbox.send(frameOf(100, 6)), outbox.send(frameOf(100, 7))].map((sending) => sending.then(() => 'sent', (error: { code: string }) => error.code))
  await until(() => handed.length === 1)
  outbox.end()
  expect(await Promise.all(sends)).toEqual(['TERMINAL_OFFLINE', 'TERMINAL_OFFLINE'])
  expect(handed).toHaveLength(1)
})

test('transfers do not pile up', async () => {
  const sends = Array.from({ length: 65 }, (_, n) => outbox.send(frameOf(100, n)).then(() => 'sent', (error: { code: string }) => error.code))
  expect(await sends.at(-1)).toBe('BUSY')
  outbox.end()
  expect(new Set(await Promise.all(sends.slice(0, -1)))).toEqual(new Set(['TERMINAL_OFFLINE']))
})
