import { HesError, manualClock } from '@zhuzhan/core'
import type { Reading } from '@zhuzhan/contracts'
import { fakeQueues } from '../test-support/fake-queues.js'
import type { FakeQueues } from '../test-support/fake-queues.js'
import { until } from '../test-support/until.js'
import { createPublisher } from './publish.js'
import type { Publisher, PublisherOptions } from './publish.js'

const reading = (n: number): Reading => ({ meter: '000000000011', item: 0x00100201, time: n, value: `${n}.00`, quality: 'measured', source: 'report' })
const many = (from: number, count: number): Reading[] => Array.from({ length: count }, (_, n) => reading(from + n))
const times = (batch: readonly Reading[] | undefined): number[] => (batch ?? []).map((one) => one.time)

const clock = manualClock()
let queues: FakeQueues
let warnings: string[]
let publisher: Publisher
const create = (more: Partial<PublisherOptions> = {}): Publisher =>
  (publisher = createPublisher({ queues, clock, log: { warn: (_context, message) => warnings.push(message) }, windowMs: 10, ...more }))

beforeEach(() => {
  queues = fakeQueues()
  warnings = []
  create()
})
afterEach(() => publisher.drain().catch(() => undefined))

test('what comes within the window leaves as one job, every value as it was', async () => {
  const full: Reading = { meter: '000000000012', item: 0xffffffff, time: 7, value: '-0.001', quality: 'replay-unchecked', source: 'poll', occurredAt: 5 }
  await Promise.all([publisher.publish(many(1, 3)), publisher.publish([full]), publisher.publish([])])
  expect(queues.jobs.map((job) => [job.name, job.data['rows']])).toEqual([['reading.store', 4]])
  expect(queues.batches).toEqual([[...many(1, 3), full]])
  await publisher.publish(many(10, 1))
  expect(queues.batches).toHaveLength(2)
})

test('a full batch does not wait for the window', async () => {
  create({ windowMs: 3_600_000, maxRows: 5 })
  const publishing = [publisher.publish(many(1, 3)), publisher.publish(many(4, 3))]
  await publishing[0]
  expect(queues.batches.map(times)).toEqual([[1, 2, 3, 4, 5]])
  await publisher.drain()
  expect(queues.batches.map(times)).toEqual([[1, 2, 3, 4, 5], [6]])
})

test('what was gathered before takes along what waits, and leaves at once', async () => {
  create({ windowMs: 3_600_000 })
  const waiting = publisher.publish(many(1, 2))
  await publisher.publish(many(3, 2), { gathered: true })
  await waiting
  expect(queues.batches.map(times)).toEqual([[1, 2, 3, 4]])
})

test('it is durable only when the store says so', async () => {
  let confirm!: () => void
  queues.confirm = new Promise((resolve) => { confirm = resolve })
  let durable = false
  const publishing = publisher.publish(many(1, 1)).then(() => { durable = true })
  await until(() => queues.batches.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(durable).toBe(false)
  confirm()
  await publishing
})

test('a store that is away for a while is tried again with the same batch', async () => {
  queues.away = true
  const publishing = publisher.publish(many(1, 2))
  await until(() => warnings.length >= 2)
  queues.away = false
  await publishing
  expect(queues.batches.map(times)).toEqual([[1, 2]])
})

test('patience ends: every report of the batch is told, none is confirmed, the next batch starts afresh', async () => {
  queues.away = true
  const told = [publisher.publish(many(1, 1)), publisher.publish(many(2, 1))].map((publishing) => publishing.then(() => 'durable', (error: HesError) => error.code))
  await until(() => warnings.length >= 1)
  clock.advance(25_001)
  expect(await Promise.all(told)).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
  queues.away = false
  await publisher.publish(many(3, 1))
  expect(queues.batches.map(times)).toEqual([[3]])
})

test('what no store would ever take is not tried again', async () => {
  let asked = 0
  queues.add = async () => {
    asked += 1
    throw new HesError('BODY_INVALID')
  }
  await expect(publisher.publish(many(1, 1))).rejects.toMatchObject({ code: 'BODY_INVALID' })
  expect([asked, warnings]).toEqual([1, []])
})

test('draining sends what waits and waits for what was sent', async () => {
  create({ windowMs: 3_600_000 })
  const durable: number[] = []
  void publisher.publish(many(1, 1)).then(() => durable.push(1))
  await publisher.drain()
  expect(durable).toEqual([1])
  await publisher.drain()
})

test('one report of more values than a job may hold does not take the others of its window along', async () => {
  create({ windowMs: 3_600_000 })
  const publishing = Promise.all([publisher.publish(many(1, 10)), publisher.publish(many(100, 45_000))])
  await publisher.drain()
  await publishing
  expect(Math.max(...queues.batches.map((batch) => batch.length))).toBe(5_000)
  expect(queues.batches.flat()).toHaveLength(45_010)
})

test('a row, the values of one meter and time, is not cut in two, unless it alone is wider than a job', async () => {
  create({ windowMs: 3_600_000, maxRows: 5 })
  const row = (time: number, width: number): Reading[] => Array.from({ length: width }, (_, n) => ({ ...reading(time), item: 0x20000201 + n }))
  const publishing = Promise.all([publisher.publish([...row(1, 3), ...row(2, 3), ...row(3, 2)]), publisher.publish(row(4, 3)), publisher.publish(row(5, 12))])
  await publisher.drain()
  await publishing
  expect(queues.batches.map(times)).toEqual([[1, 1, 1], [2, 2, 2, 3, 3], [4, 4, 4], [5, 5, 5, 5, 5], [5, 5, 5, 5, 5], [5, 5]])
})

test('what is older than an hour goes after what comes now, the oldest hour first; it is durable no later than its report', async () => {
  const HOUR = 3_600_000
  const at = (hours: number): Reading => reading(clock.now() - hours * HOUR)
  await Promise.all([publisher.publish([at(0), at(30), at(0.9)]), publisher.publish([at(2)])])
  await publisher.publish([at(3)])
  expect(queues.batches.map((batch) => batch.map((one) => (clock.now() - one.time) / HOUR))).toEqual([[0, 0.9], [30, 2], [3]])
  const [live, oldest, later] = queues.jobs.map((job) => job.priority)
  // BullMQ does jobs without a priority first, then the smallest.
  expect(live).toBeUndefined()
  expect(oldest).toBeGreaterThan(0)
  expect(oldest).toBeLessThan(later!)
})

test('whatever time a meter claims, its priority is one BullMQ takes', async () => {
  await publisher.publish([reading(-1e15)])
  expect(queues.jobs.map((job) => job.priority)).toEqual([1])
})
