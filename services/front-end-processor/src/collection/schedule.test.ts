import { manualClock } from '@zhuzhan/core'
import type { CollectionPlan, CollectionStore } from '@zhuzhan/persistence'
import { pino } from 'pino'
import { fakeLink } from '../test-support/fake-link.js'
import { fakeQueues } from '../test-support/fake-queues.js'
import { terminalRecord } from '../test-support/records.js'
import { terminalOn } from '../test-support/terminal.js'
import { createDirectory } from '../terminals/directory.js'
import type { Collector } from './collect.js'
import { createCollectionSchedule } from './schedule.js'
import type { CollectionSchedule } from './schedule.js'

const PLAN: CollectionPlan = { id: 'curve', name: '', freezeOad: '50020200', items: ['00100201'], intervalMinutes: 60, taskRecords: null, everySeconds: 300, horizonHours: 5, priority: 1 }
const ADDRESS = '000000000001'
const clock = manualClock()
let schedule: CollectionSchedule
let queues: ReturnType<typeof fakeQueues>
let collect: Collector
let served: { address: string; frontendId: string }[]
let onEnd: () => void
const job = {} as Parameters<CollectionSchedule['handlers']['collection.terminal']>[1]
const pass = (): Promise<void> => schedule.handlers['collection.terminal']({ planId: PLAN.id, terminal: ADDRESS }, job)

beforeEach(async () => {
  queues = fakeQueues()
  served = []
  const directory = createDirectory()
  const terminal = terminalOn(fakeLink(), clock, { record: terminalRecord({ address: ADDRESS }) })
  directory.add(terminal)
  directory.bind(terminal)
  const store = { plans: async () => [PLAN], served: async () => served } as unknown as CollectionStore
  schedule = createCollectionSchedule({ store, queues, directory, collect: (...one) => collect(...one), frontendId: 'fep-1', log: pino({ level: 'silent' }) })
  await schedule.start()
  onEnd = () => terminal.end()
})
afterEach(() => {
  schedule.stop()
  onEnd()
})

test('a tick makes a job a terminal that is served', async () => {
  served = Array.from({ length: 150 }, (_, n) => ({ address: String(n).padStart(12, '0'), frontendId: 'fep-1' }))
  await schedule.handlers['collection.tick']({ planId: PLAN.id }, job)
  expect(queues.jobs.map((one) => one.jobId)).toEqual(served.map(({ address }) => `curve_${address}`))
  // The plan's urgency goes with the job: daily freezes first.
  expect(new Set(queues.jobs.map((one) => one.priority))).toEqual(new Set([PLAN.priority]))
})

test('a pass that waits for its terminal gives its place back, and no second runs beside it; mutation: PLACE_MS without end', async () => {
  let over!: () => void
  let begun = 0
  collect = async (_terminal, _plan, onAsking) => {
    begun += 1
    onAsking?.()
    await new Promise<void>((resolve) => { over = resolve })
    return { asked: 1, brought: 0 }
  }
  const at = performance.now()
  await pass()
  expect(performance.now() - at).toBeLessThan(3_000)
  await pass()
  expect(begun).toBe(1)
  over()
  await new Promise((resolve) => setImmediate(resolve))
  const again = pass()
  expect(begun).toBe(2)
  over()
  await again
})

test('while the station itself is slow the job keeps its place: the database is not asked by more than there are places', async () => {
  let over!: () => void
  collect = async () => {
    await new Promise<void>((resolve) => { over = resolve })
    return { asked: 0, brought: 0 }
  }
  let done = false
  const running = pass().then(() => { done = true })
  await new Promise((resolve) => setTimeout(resolve, 1_300))
  expect(done).toBe(false)
  over()
  await running
})
