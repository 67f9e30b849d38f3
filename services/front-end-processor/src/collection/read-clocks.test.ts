import { manualClock } from '@zhuzhan/core'
import { epochToDateTimeS } from '@zhuzhan/dlt698'
import type { Apdu, Data } from '@zhuzhan/dlt698'
import type { ClockReading, CollectionPlan } from '@zhuzhan/persistence'
import { answerWith } from '../test-support/device.js'
import type { Device } from '../test-support/device.js'
import { fakeLink } from '../test-support/fake-link.js'
import { terminalRecord } from '../test-support/records.js'
import { terminalOn } from '../test-support/terminal.js'
import type { Terminal } from '../terminals/terminal.js'
import { METER_CLOCK, createClockReader } from './read-clocks.js'

const METERS = ['000000000011', '000000000012']
const PLAN: CollectionPlan = { id: 'meter-clock', name: '', freezeOad: METER_CLOCK, items: [], intervalMinutes: null, taskRecords: null, everySeconds: 3_600, horizonHours: 20, priority: 4 }
const clock = manualClock()

let terminal: Terminal
let stored: ClockReading[]
const setUp = (device: Device, { requestMs = 5_000, meters = METERS } = {}): (() => Promise<{ asked: number; brought: number }>) => {
  const link = fakeLink()
  terminal = terminalOn(link, clock, { record: terminalRecord({ meters }) })
  answerWith(link, terminal, device)
  stored = []
  const read = createClockReader({
    clock, requestMs, proxySeconds: 0,
    store: { due: async (ids) => [...ids].filter((id) => !stored.some(({ meterId }) => meterId === id)), store: async (readings) => { stored.push(...readings) } },
  })
  return () => read(terminal, PLAN)
}
afterEach(() => terminal.end())

const idOf = (meter: string): number => terminal.record.meters.get(meter)!.id
/** The terminal's answer for the one meter asked: its clock, or a DAR. */
const answer = (request: Apdu, of: (meter: string) => { data: Data } | { dar: number }): Apdu => {
  if (request.apdu !== 'proxy-request' || request.choice !== 'get-list') throw new Error(request.apdu)
  expect(request.targets).toHaveLength(1)
  return {
    apdu: 'proxy-response', choice: 'get-list', piid: request.piid, followReport: undefined, timeTag: undefined,
    targets: request.targets.map(({ tsa, oads }) => ({ tsa, results: oads.map((oad) => ({ oad, ...of(tsa.address) })) })),
  }
}
const shows = (epochMs: number): { data: Data } => ({ data: { type: 'date-time-s', value: epochToDateTimeS(epochMs, 480) } })

/** Mutations seen failing: the deviation taken from the moment of the answer; the uncertainty without the round trip. */
test('the deviation is that from the middle of the round trip, as uncertain as the trip and the seconds of the display make it', async () => {
  const read = setUp(async (request) => {
    clock.advance(1_000)
    // The meter says its time 1 s after the question, the answer comes 7 s later.
    const said = answer(request, () => shows(clock.now() + 600_000))
    clock.advance(7_000)
    return said
    // One meter: two at once would both advance the one clock.
  }, { meters: METERS.slice(0, 1) })
  const begin = clock.now()
  expect(await read()).toEqual({ asked: 1, brought: 1 })
  expect(stored).toEqual([{ meterId: idOf(METERS[0]!), at: new Date(begin + 4_000), deviationSeconds: 597.5, uncertaintySeconds: 4.5 }])
  expect(Math.abs(597.5 - 600)).toBeLessThanOrEqual(4.5)
})

test('who gave no time is stored with the reason, and the others are read', async () => {
  const read = setUp((request) => answer(request, (meter) => (meter === METERS[0] ? { dar: 33 } : shows(clock.now()))))
  expect(await read()).toEqual({ asked: 2, brought: 1 })
  expect(stored.find(({ meterId }) => meterId === idOf(METERS[0]!))).toMatchObject({ reason: 'DAR 33' })
  expect(stored.find(({ meterId }) => meterId === idOf(METERS[1]!))).toMatchObject({ deviationSeconds: expect.any(Number) as number })
})

test('a time of which a part is not specified is no time', async () => {
  const read = setUp((request) => answer(request, () => ({ data: { type: 'date-time-s', value: { ...epochToDateTimeS(clock.now(), 480), year: 0xffff } } })))
  expect(await read()).toEqual({ asked: 2, brought: 0 })
  expect(stored.every((one) => 'reason' in one && one.reason.startsWith('no time'))).toBe(true)
})

test('a silent terminal ends the pass; nothing is asked of it for its other meters', async () => {
  let asked = 0
  const read = setUp(() => { asked += 1; return undefined }, { requestMs: 20 })
  await expect(read()).rejects.toMatchObject({ code: 'TERMINAL_TIMEOUT' })
  expect(asked).toBeLessThanOrEqual(2)
  expect(stored.map((one) => ('reason' in one ? one.reason : ''))).toContain('TERMINAL_TIMEOUT')
})
