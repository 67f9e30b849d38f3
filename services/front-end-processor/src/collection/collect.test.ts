import { HesError, manualClock } from '@zhuzhan/core'
import type { Reading } from '@zhuzhan/contracts'
import { dateTimeSToEpoch, epochToDateTimeS, tsaOf } from '@zhuzhan/dlt698'
import type { Apdu, Data, RecordRequest, ResultRecord } from '@zhuzhan/dlt698'
import type { CollectionPlan, CollectionStore } from '@zhuzhan/persistence'
import { answerWith } from '../test-support/device.js'
import type { Device } from '../test-support/device.js'
import { fakeLink } from '../test-support/fake-link.js'
import { terminalRecord } from '../test-support/records.js'
import { terminalOn } from '../test-support/terminal.js'
import type { Terminal } from '../terminals/terminal.js'
import { createCollector } from './collect.js'

const HOUR = 3_600_000
const METERS = ['000000000011', '000000000012']
const clock = manualClock(Date.UTC(2026, 9, 5, 4, 1))
const CURVE: CollectionPlan = { id: 'curve', name: '', freezeOad: '50020200', items: ['00100201', '20000200'], intervalMinutes: 60, taskRecords: null, everySeconds: 300, horizonHours: 5, priority: 1 }
const DAYS: CollectionPlan = { ...CURVE, id: 'day', freezeOad: '50040200', items: ['00100200'], intervalMinutes: null, horizonHours: 24 * 3 }

/** Gaps in memory; readings are present when their total energy was published. */
function memoryStore(present: Set<string>): Pick<CollectionStore, 'missing' | 'failed' | 'filled'> & { readonly gaps: Map<string, { reason: string; attempts: number; nextTryAt: number }> } {
  const gaps = new Map<string, { reason: string; attempts: number; nextTryAt: number }>()
  return {
    gaps,
    missing: async (_plan, _item, meterIds, slots) => slots.flatMap((slot) => meterIds.map((meterId) => ({ meterId, slot, attempts: gaps.get(`${meterId} ${slot}`)?.attempts ?? 0 })))
      .filter(({ meterId, slot }) => !present.has(`${meterId} ${slot}`) && (gaps.get(`${meterId} ${slot}`)?.nextTryAt ?? 0) <= clock.now()),
    failed: async (_plan, list) => {
      for (const { meterId, slot, reason, nextTryAt } of list) gaps.set(`${meterId} ${slot}`, { reason, attempts: (gaps.get(`${meterId} ${slot}`)?.attempts ?? 0) + 1, nextTryAt: nextTryAt.getTime() })
    },
    filled: async (_plan, list) => { for (const { meterId, slot } of list) gaps.delete(`${meterId} ${slot}`) },
  }
}

let terminal: Terminal
let published: Reading[]
let present: Set<string>
let store: ReturnType<typeof memoryStore>
let heard: Apdu[]
let publishing: () => Promise<void>
/** Short only where silence is the subject. */
let requestMs = 5_000
let collect: (plan: CollectionPlan) => Promise<{ asked: number; brought: number }>

const idOf = (meter: string): number => terminal.record.meters.get(meter)!.id
const setUp = (device: Device): void => {
  const link = fakeLink()
  terminal = terminalOn(link, clock, { record: terminalRecord({ meters: METERS }) })
  ;({ heard } = answerWith(link, terminal, device))
  published = []
  present = new Set()
  store = memoryStore(present)
  publishing = async () => undefined
  const collector = createCollector({
    store, clock, requestMs, proxySeconds: 0,
    publisher: { publish: async (readings) => {
      await publishing()
      published.push(...readings)
      for (const one of readings) if (one.item === 0x00100201) present.add(`${idOf(one.meter)} ${one.time}`)
    }, drain: async () => undefined },
  })
  collect = (plan) => collector(terminal, plan)
}
afterEach(() => {
  requestMs = 5_000
  terminal.end()
})

/** Rows a meter would give: those of the range, but for what it does not have. */
const rowsOf = (record: RecordRequest, step: number, has: (time: number) => boolean): ResultRecord => {
  if (record.rsd.selector !== 2) throw new Error('not by time')
  const edge = (data: Data): number => (data.type === 'date-time-s' ? dateTimeSToEpoch(data.value, 480)! : Number.NaN)
  const [from, to] = [edge(record.rsd.from), edge(record.rsd.to)]
  const rows: Data[][] = []
  for (let time = from; time < to; time += step) {
    if (has(time)) rows.push(record.rcsd.map((column): Data => (column.oad === '20210200' ? { type: 'date-time-s', value: epochToDateTimeS(time, 480) } : column.oad === '00100200' ? { type: 'array', items: [{ type: 'double-long-unsigned', value: time / HOUR }] } : column.oad.endsWith('01') ? { type: 'double-long-unsigned', value: time / HOUR } : { type: 'array', items: [{ type: 'long-unsigned', value: 2200 }] })))
  }
  return { oad: record.oad, rcsd: record.rcsd, rows }
}
const tail = { followReport: undefined, timeTag: undefined }
const meterWith = (has: (meter: string, time: number) => boolean, step = HOUR): Device => (request) => {
  if (request.apdu !== 'proxy-request' || request.choice !== 'get-record') return undefined
  return { apdu: 'proxy-response', choice: 'get-record', piid: request.piid, tsa: request.tsa, record: rowsOf(request.record, step, (time) => has(request.tsa.address, time)), ...tail }
}
const hours = (count: number): number[] => Array.from({ length: count }, (_, n) => Date.UTC(2026, 9, 5, 4) - n * HOUR)

test('reads what is missing of every meter, by time, as few requests as it takes', async () => {
  setUp(meterWith(() => true))
  expect(await collect(CURVE)).toEqual({ asked: 10, brought: 10 })
  expect(heard).toHaveLength(2)
  expect(heard[0]).toMatchObject({ record: {
    oad: '50020200', rcsd: [{ oad: '20210200' }, { oad: '00100201' }, { oad: '20000200' }],
    rsd: { selector: 2, oad: '20210200', interval: { type: 'ti', value: { unit: 1, value: 60 } } },
  } })
  expect(published.filter((one) => one.meter === METERS[1] && one.item === 0x20000201).map((one) => [one.time, one.value, one.quality, one.source]).sort())
    .toEqual(hours(5).map((time) => [time, '220.0', 'terminal', 'poll']).sort())
  expect(await collect(CURVE)).toEqual({ asked: 0, brought: 0 })
  expect(heard).toHaveLength(2)
})

test('a slot the meter has not is a gap with its reason; it rests, and what then comes is marked as recollected', async () => {
  const [newest, oldest] = [hours(1)[0]!, hours(5)[4]!]
  let complete = false
  setUp(meterWith((meter, time) => complete || meter === METERS[0] || (time !== newest && time !== oldest)))
  expect(await collect(CURVE)).toEqual({ asked: 10, brought: 8 })
  expect([...store.gaps.entries()].map(([key, gap]) => [key, gap.reason])).toEqual([[`${idOf(METERS[1]!)} ${oldest}`, 'no row in the meter'], [`${idOf(METERS[1]!)} ${newest}`, 'no row in the meter']])
  complete = true
  expect(await collect(CURVE)).toEqual({ asked: 0, brought: 0 })
  clock.advance(15 * 60_000)
  expect(await collect(CURVE)).toEqual({ asked: 2, brought: 2 })
  expect(published.filter((one) => one.quality === 'recollected').map((one) => one.time)).toContain(newest)
  expect(store.gaps.size).toBe(0)
  clock.advance(-15 * 60_000)
})

test('a daily freeze says what tells it from the total that a curve brings; a meter that has no more is asked once a connection', async () => {
  const asked: unknown[] = []
  setUp(meterWith(() => true, 24 * HOUR))
  const missing = store.missing
  // As if the curve had been first: the total is there, the rest of the freeze never comes.
  store.missing = async (...given) => {
    asked.push(given[4])
    present.clear()
    return missing(...given)
  }
  const plan = { ...DAYS, items: ['00100200', '00200200', '00300201'] }
  expect(await collect(plan)).toMatchObject({ asked: 6 })
  expect(asked).toEqual([[[0x00100202, 0x001002ff], [0x00200201, 0x002002ff], [0x00300201, 0x00300201]]])
  expect(new Set(published.map(({ item }) => item.toString(16)))).toEqual(new Set(['100201', '200201', '300201']))
  expect(await collect(plan)).toMatchObject({ asked: 6 })
  const alone = { ...DAYS, id: 'total-alone' }
  expect(await collect(alone)).toMatchObject({ asked: 6 })
  expect(await collect(alone)).toEqual({ asked: 0, brought: 0 })
  asked.length = 0
  await collect(CURVE)
  expect(asked).toEqual([undefined])
})

test('a DAR is a reason, not an end', async () => {
  setUp((request) => (request.apdu === 'proxy-request' && request.choice === 'get-record'
    ? { apdu: 'proxy-response', choice: 'get-record', piid: request.piid, tsa: request.tsa, record: { oad: request.record.oad, rcsd: [], dar: 33 }, ...tail } : undefined))
  expect(await collect(CURVE)).toEqual({ asked: 10, brought: 0 })
  expect(new Set([...store.gaps.values()].map((gap) => gap.reason))).toEqual(new Set(['DAR 33']))
})

test('a terminal that is silent is not asked for all its other meters', async () => {
  requestMs = 100
  setUp(() => undefined)
  await expect(collect(DAYS)).rejects.toMatchObject({ code: 'TERMINAL_TIMEOUT' })
  expect(heard.length).toBeLessThanOrEqual(2)
  const after = heard.length
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(heard).toHaveLength(after)
})

test('readings that did not become durable are no readings: nothing counts as come', async () => {
  setUp(meterWith(() => true))
  publishing = async () => { throw new HesError('UNAVAILABLE') }
  await expect(collect(CURVE)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  expect([published, store.gaps.size]).toEqual([[], 0])
})

test('the connection ends in between: no verdict about any meter', async () => {
  setUp(() => undefined)
  const collecting = collect(CURVE)
  setImmediate(() => terminal.end())
  await expect(collecting).rejects.toMatchObject({ code: 'TERMINAL_OFFLINE' })
  expect(store.gaps.size).toBe(0)
})

test('rows of another meter than the asked one do not fill its slots', async () => {
  setUp((request) => {
    const answer = meterWith(() => true)(request) as Extract<Apdu, { apdu: 'proxy-response'; choice: 'get-record' }>
    if (answer.tsa.address !== METERS[0] || !('rows' in answer.record)) return answer
    const [rcsd, rows] = [answer.record.rcsd, answer.record.rows]
    return { ...answer, record: { oad: answer.record.oad, rcsd: [{ oad: '202A0200' }, ...rcsd], rows: rows.map((row): Data[] => [{ type: 'tsa', tsa: { flag: 5, address: METERS[1]! } } as Data, ...row]) } }
  })
  await collect(CURVE)
  expect([...store.gaps.keys()].filter((key) => key.startsWith(`${idOf(METERS[0]!)} `))).toHaveLength(5)
})

test('an answer in blocks is joined, each asked for by the number of the last; reference §4.4', async () => {
  setUp(() => undefined)
  terminal.end()
  const link = fakeLink()
  terminal = terminalOn(link, clock, { record: { ...terminalRecord({ meters: [] }), meters: new Map([['000000000001', { id: 9, address: '000000000001', kind: 'meter', securityProfile: 'plain', mode: null, createdAt: 0 }]]) } })
  let record: ResultRecord | undefined
  ;({ heard } = answerWith(link, terminal, (request): Apdu | undefined => {
    if (request.apdu !== 'get-request') return undefined
    if (request.choice === 'record') record = rowsOf(request.record, HOUR, () => true)
    const block = request.choice === 'next' ? request.block + 1 : 1
    if (!record || !('rows' in record)) return undefined
    const rows = record.rows.slice((block - 1) * 2, block * 2)
    return { apdu: 'get-response', choice: 'next', piid: request.piid, last: block === 3, block, content: { records: [{ ...record, rows }] }, ...tail }
  }))
  expect(await collect(CURVE)).toEqual({ asked: 5, brought: 5 })
  expect(heard.map((request) => ('block' in request ? request.block : 0))).toEqual([0, 1, 2])
})

const isCurve = (request: Apdu): request is Extract<Apdu, { apdu: 'proxy-request'; choice: 'get-record' }> =>
  request.apdu === 'proxy-request' && request.choice === 'get-record' && request.record.oad === CURVE.freezeOad

test('a lost frame costs a repeat after the other meters, long before a meter had to answer; mutation: attemptTimeouts gives one of fullMs', async () => {
  requestMs = 60_000
  const all = meterWith(() => true)
  let lost = 0
  setUp((request) => {
    // The answer of the first meter is lost once.
    if (isCurve(request) && request.tsa.address === METERS[0] && lost++ === 0) return undefined
    return all(request)
  })
  await collect(DAYS)
  heard.splice(0)
  const begun = performance.now()
  expect(await collect(CURVE)).toEqual({ asked: 10, brought: 10 })
  expect(performance.now() - begun).toBeLessThan(3_000)
  expect(heard.map((request) => ('tsa' in request ? request.tsa.address : ''))).toEqual([METERS[0], METERS[1], METERS[0]])
  expect([...store.gaps.values()].filter((gap) => gap.reason === 'TERMINAL_TIMEOUT')).toEqual([])
})

test('an answer that comes after its repeat was sent counts; mutation: the request table forgets overdue requests', async () => {
  requestMs = 60_000
  const all = meterWith(() => true)
  let asked = 0
  setUp(async (request) => {
    if (!isCurve(request) || request.tsa.address !== METERS[0]) return all(request)
    // The line gives the first answer late and loses all others.
    if (asked++ > 0) return undefined
    await new Promise((resolve) => setTimeout(resolve, 1_300))
    return all(request)
  })
  await collect(DAYS)
  expect(await collect(CURVE)).toEqual({ asked: 10, brought: 10 })
  expect(asked).toBe(2)
})

test('what did not come is written once a pass, not once a meter', async () => {
  setUp(meterWith(() => false))
  let written = 0
  const { failed } = store
  store.failed = async (plan, list) => { written += 1; return failed(plan, list) }
  await collect(CURVE)
  expect([written, store.gaps.size]).toEqual([1, 10])
})

describe('from the records of the terminal', () => {
  const RECORDS: CollectionPlan = { ...CURVE, id: 'records', taskRecords: 'stored' }
  /** Keeps rows of what it has collected, as `meterWith` would give them. */
  const collects = (has: (meter: string, time: number) => boolean): Device => (request) => {
    if (request.apdu !== 'get-request' || request.choice !== 'record') return meterWith(() => true)(request)
    const { oad, rsd, rcsd } = request.record
    if (rsd.selector !== 7 || rsd.ms.choice !== 3) throw new Error('not by storage time and address')
    const [from, to] = [dateTimeSToEpoch(rsd.from, 480)!, dateTimeSToEpoch(rsd.to, 480)!]
    const rows = rsd.ms.items.flatMap((tsa) => Array.from({ length: Math.ceil((to - from) / HOUR) }, (_, n) => from + n * HOUR).filter((time) => has(tsa.address, time)).map((time): Data[] => [
      { type: 'tsa', tsa }, { type: 'date-time-s', value: epochToDateTimeS(time, 480) }, { type: 'double-long-unsigned', value: time / HOUR }, { type: 'array', items: [{ type: 'long-unsigned', value: 2200 }] },
    ]))
    return { apdu: 'get-response', choice: 'record', piid: request.piid, record: { oad, rcsd, rows }, ...tail }
  }
  const kinds = (): string[] => heard.map((request) => request.apdu)

  test('many meters in one request; the rows name their meters', async () => {
    setUp(collects(() => true))
    expect(await collect(RECORDS)).toEqual({ asked: 10, brought: 10 })
    expect(heard).toHaveLength(1)
    expect(heard[0]).toMatchObject({ record: {
      oad: '60120300', rcsd: [{ oad: '202A0200' }, { oad: '50020200', related: ['20210200', '00100201', '20000200'] }],
      rsd: { selector: 7, interval: { unit: 1, value: 60 }, ms: { choice: 3, items: METERS.map((address) => ({ address })) } },
    } })
    expect(published.filter((one) => one.item === 0x20000201).map((one) => [one.meter, one.time, one.value, one.quality]).sort())
      .toEqual(METERS.flatMap((meter) => hours(5).map((time) => [meter, time, '220.0', 'terminal'])).sort())
  })

  test('what is not among them is asked of the meter; mutation: the rest is written as a gap', async () => {
    const [absent] = hours(3).slice(-1)
    setUp(collects((meter, time) => meter === METERS[0] || time !== absent))
    expect(await collect(RECORDS)).toEqual({ asked: 10, brought: 10 })
    expect(kinds()).toEqual(['get-request', 'proxy-request'])
    expect(store.gaps.size).toBe(0)
  })

  test('what was tried before is asked of the meter; mutation: everything is read from the records', async () => {
    let there = false
    setUp((request) => (request.apdu === 'get-request' ? collects((meter) => meter === METERS[0])(request) : meterWith(() => there)(request)))
    expect(await collect(RECORDS)).toEqual({ asked: 10, brought: 5 })
    there = true
    clock.advance(15 * 60_000)
    heard.splice(0)
    expect(await collect(RECORDS)).toEqual({ asked: 5, brought: 5 })
    clock.advance(-15 * 60_000)
    expect(kinds()).toEqual(['proxy-request'])
  })

  test('a terminal without such records is asked for them once; mutation: nothing is remembered', async () => {
    setUp((request) => (request.apdu === 'get-request' && request.choice === 'record'
      ? { apdu: 'get-response', choice: 'record', piid: request.piid, record: { oad: request.record.oad, rcsd: [], dar: 6 }, ...tail } : meterWith(() => true)(request)))
    expect(await collect(RECORDS)).toEqual({ asked: 10, brought: 10 })
    clock.advance(HOUR)
    expect(await collect(RECORDS)).toEqual({ asked: 2, brought: 2 })
    clock.advance(-HOUR)
    expect(kinds()).toEqual(['get-request', 'proxy-request', 'proxy-request', 'proxy-request', 'proxy-request'])
  })

  test('rows of a meter that was not asked for fill nothing of the others', async () => {
    const other = '000000000099'
    setUp(async (request) => {
      const answer = await collects(() => true)(request)
      if (answer?.apdu !== 'get-response' || answer.choice !== 'record' || !('rows' in answer.record)) return answer
      return { ...answer, record: { ...answer.record, rows: answer.record.rows.map(([, ...row]): Data[] => [{ type: 'tsa', tsa: tsaOf(other) }, ...row]) } }
    })
    expect(await collect(RECORDS)).toEqual({ asked: 10, brought: 10 })
    expect(kinds()).toEqual(['get-request', 'proxy-request', 'proxy-request'])
    expect(published.some((one) => one.meter === other)).toBe(false)
  })
})
