import type { StationEvent } from '@zhuzhan/contracts'
import type { AuditAct } from './audit.js'
import { createRefusalLog } from './refusals.js'
import type { RefusalLog, RefusalLogOptions } from './refusals.js'

interface Written { object: string; code: string; what: unknown; count: number }

/** A refusal log on a memory that may be away. `pass` lets this much time go by. */
function setUp(more: Partial<RefusalLogOptions> = {}): { log: RefusalLog; written: Written[]; events: StationEvent[]; counted: () => number; errors: Error[]; store: { away: boolean; feedAway: boolean } } {
  const written: Written[] = []
  const events: StationEvent[] = []
  const errors: Error[] = []
  const store = { away: false, feedAway: false }
  let count = 0
  const log = createRefusalLog({
    actor: 'gateway/gw-1', flushMs: 3_600_000, quietMs: 30,
    audit: { append: async (...acts: AuditAct[]) => {
      if (store.away) throw new Error('away')
      written.push(...acts.map((act) => ({ object: act.object, code: act.outcome, what: act.detail?.['what'], count: act.detail?.['count'] as number })))
    } },
    events: { publish: async (...news) => {
      if (store.feedAway) throw new Error('feed away')
      events.push(...news)
    } },
    count: () => { count += 1 },
    onError: (error) => errors.push(error),
    ...more,
  })
  return { log, written, events, counted: () => count, errors, store }
}
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 40))
const total = (written: readonly Written[]): number => written.reduce((sum, one) => sum + one.count, 0)

test('equal refusals are one entry with their number; what is no matter of security is counted only', async () => {
  const { log, written, events, counted } = setUp()
  for (let n = 0; n < 1_000; n += 1) log.refuse('AUTH_FAILED', { terminal: '000000000001', what: 'report' })
  log.refuse('TERMINAL_UNKNOWN', { remote: '10.0.0.9', what: 'login' })
  log.refuse('FRAME_INVALID', { remote: '10.0.0.9', what: 'noise' })
  await log.flush()
  expect(written).toEqual([
    { object: 'terminal/000000000001', code: 'AUTH_FAILED', what: 'report', count: 1_000 },
    { object: 'remote/10.0.0.9', code: 'TERMINAL_UNKNOWN', what: 'login', count: 1 },
  ])
  expect(events).toMatchObject([{ kind: 'security.refusal', terminal: '000000000001', detail: { count: 1_000 } }, { code: 'TERMINAL_UNKNOWN' }])
  expect(counted()).toBe(1_002)
  await log.stop()
})

test('the first of a kind is written at once, its repetitions at most once in the quiet time', async () => {
  const { log, written } = setUp()
  const refuse = async (): Promise<void> => {
    log.refuse('AUTH_FAILED', { terminal: '000000000001' })
    await log.flush()
  }
  await refuse()
  await refuse()
  await refuse()
  expect(written.map((one) => one.count)).toEqual([1])
  await quiet()
  await refuse()
  expect(written.map((one) => one.count)).toEqual([1, 3])
  await log.stop()
})

test('a hundred thousand sources fill neither memory nor log, and every refusal is in some count', async () => {
  const { log, written, counted } = setUp({ quietMs: 3_600_000, maxKeys: 500, maxEntriesPerFlush: 25 })
  for (let n = 0; n < 100_000; n += 1) {
    log.refuse('NOT_LOGGED_IN', { remote: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, what: 'GET-Response' })
    if (n % 1_000 === 0) await log.flush()
  }
  expect(written.length).toBeLessThanOrEqual(100 * 25)
  await log.stop()
  expect(counted()).toBe(100_000)
  expect(total(written)).toBe(100_000)
  expect(written.length).toBeLessThanOrEqual(100 * 25 + 501)
  expect(written.filter((one) => one.what === 'many sources').length).toBeGreaterThan(0)
})

test('sources that come again and again do not keep a single one from being written', async () => {
  const { log, written } = setUp({ quietMs: 1, maxEntriesPerFlush: 5 })
  const flood = (): void => { for (let n = 0; n < 20; n += 1) log.refuse('NOT_LOGGED_IN', { remote: `10.0.0.${n}` }) }
  flood()
  log.refuse('AUTH_FAILED', { terminal: '000000000001', what: 'wrong MAC' })
  for (let turn = 0; turn < 6; turn += 1) {
    await log.flush()
    await new Promise((resolve) => setTimeout(resolve, 3))
    flood()
  }
  expect(written.filter((one) => one.code === 'AUTH_FAILED')).toEqual([{ object: 'terminal/000000000001', code: 'AUTH_FAILED', what: 'wrong MAC', count: 1 }])
  await log.stop()
})

test('while the database is away counts are kept, and written when it is back', async () => {
  const { log, written, errors, store } = setUp()
  store.away = true
  for (let n = 0; n < 3; n += 1) {
    log.refuse('AUTH_FAILED', { terminal: '000000000001' })
    await log.flush()
  }
  expect(errors.map((error) => error.message)).toEqual(['away', 'away', 'away'])
  store.away = false
  await log.flush()
  expect(written.map((one) => one.count)).toEqual([3])
  await log.stop()
})

test('a feed that is away is no reason to write an entry twice', async () => {
  const { log, written, errors, store } = setUp({ quietMs: 0 })
  store.feedAway = true
  log.refuse('AUTH_FAILED', { terminal: '000000000001' })
  await log.flush()
  store.feedAway = false
  await log.flush()
  await log.stop()
  expect(written.map((one) => one.count)).toEqual([1])
  expect(errors.map((error) => error.message)).toEqual(['feed away'])
})

test('what was counted is written at the end, unless the log is away', async () => {
  const { log, written, store } = setUp({ maxEntriesPerFlush: 10 })
  for (let n = 0; n < 95; n += 1) log.refuse('NOT_LOGGED_IN', { remote: `10.0.0.${n}` })
  await log.stop()
  expect(written).toHaveLength(95)
  log.refuse('NOT_LOGGED_IN', { remote: '10.0.1.1' })
  store.away = true
  await log.stop()
  expect(written).toHaveLength(95)
})
