import { baseline, eventResult, limitsInEvent } from './baseline.js'
import { composeBatch, fitInto } from './batch.js'
import { createChargingControl } from './control.js'
import { nightResults } from './results.js'
import type { MeasuredPile } from './results.js'
import { LOOP_DEFAULTS } from './settings.js'
import type { LoopSettings } from './settings.js'
import { COMMAND_STATES, COMMAND_TRANSITIONS, nextState } from './states.js'

const SLOT = { start: 900_000, end: 1_800_000 }
const settings = (changes: Partial<LoopSettings> = {}): LoopSettings => ({ ...LOOP_DEFAULTS, areaKw: 100, roomKw: () => 50, safeKw: new Map([['A', 0], ['B', 0]]), ...changes })
const reading = (kw: number) => ({ kw, plugged: true, sessionKwh: 0 })
const PLAN = { version: 1, reason: 'test' }

it('has every state in its table, reaches each from planned, and leaves none that is final', () => {
  const reached = new Set(['planned'])
  for (let turn = 0; turn < COMMAND_STATES.length; turn++) COMMAND_TRANSITIONS.filter(({ from }) => reached.has(from)).forEach(({ to }) => reached.add(to))
  expect([...reached].sort()).toEqual([...COMMAND_STATES].sort())
  expect(COMMAND_TRANSITIONS.filter(({ from }) => from === 'rolled-back' || from === 'expired')).toEqual([])
  expect(nextState('sent', 'send')).toBe('sent')
  expect(nextState('planned', 'send')).toBeUndefined()
  expect(nextState('expired', 'acknowledge')).toBeUndefined()
})

it('a fall ends at the start of the slot, a rise begins there, each in steps of the ramp', () => {
  const window = { ...SLOT, stepMs: 30_000, rampKw: 15 }
  const of = (before: number, next: number) => ['A', 'B', 'C', 'D', 'E'].map((pile) => ({ pile, before, next, safe: 0 }))
  expect(composeBatch(of(0, 7), window).map(({ from }) => (from - SLOT.start) / 30_000)).toEqual([0, 0, 1, 1, 2])
  expect(composeBatch(of(7, 0), window).map(({ from }) => (from - SLOT.start) / 30_000)).toEqual([0, 0, -1, -1, -2])
  // One charges in place of another: nothing changes for the area.
  expect(composeBatch([{ pile: 'A', before: 40, next: 0, safe: 0 }, { pile: 'B', before: 0, next: 40, safe: 0 }], window).map(({ from }) => from)).toEqual([SLOT.start, SLOT.start])
  // Who waits for his step keeps what he had.
  expect(composeBatch([{ pile: 'A', before: 5, next: 20, safe: 0 }, { pile: 'B', before: 2, next: 10, safe: 0 }], window).filter(({ pile }) => pile === 'B')).toEqual([
    { pile: 'B', kw: 2, from: SLOT.start, to: SLOT.start + 30_000 }, { pile: 'B', kw: 10, from: SLOT.start + 30_000, to: SLOT.end },
  ])
})

// Seen failing: with the order by power alone.
it('who cannot wait neither waits for the ramp nor falls early while others can', () => {
  const window = { ...SLOT, stepMs: 30_000, rampKw: 15 }
  const steps = (changes: { pile: string; before: number; next: number; hurried?: boolean }[], roomKw: number): Record<string, number> =>
    Object.fromEntries(composeBatch(changes.map((one) => ({ ...one, safe: 0 })), { ...window, roomKw }).filter(({ pile, kw }) => kw === changes.find((one) => one.pile === pile)?.next).map(({ pile, from }) => [pile, (from - SLOT.start) / 30_000]))
  const falling = [{ pile: 'A', before: 12, next: 0 }, { pile: 'B', before: 11, next: 0 }, { pile: 'C', before: 10, next: 0, hurried: true }]
  expect(steps(falling, 0)).toEqual({ C: 0, A: -1, B: -2 })
  // 11 kW may still stand beside nothing: only the other one falls before the start.
  expect(steps(falling, 11)).toEqual({ C: 0, A: -1, B: 1 })
  expect(steps([{ pile: 'A', before: 2, next: 14 }, { pile: 'B', before: 0, next: 7, hurried: true }], 40)).toEqual({ B: 0, A: 1 })
})

it('reserves what piles fall back to, and says when their own limits are too high', () => {
  expect([...fitInto(new Map([['A', 7], ['B', 6]]), new Map([['A', 1], ['B', 1]]), 9)]).toEqual([['A', 1], ['B', 6]])
  expect(() => fitInto(new Map(), new Map([['A', 5], ['B', 5]]), 9)).toThrow(/1.000 kW over/)
})

it('repeats with the same id until it is acknowledged, and is verified by the read-back', () => {
  const control = createChargingControl(settings())
  control.propose(new Map([['A', 7]]), SLOT, PLAN, 800_000)
  const [first] = control.due(800_000)
  expect(control.due(810_000)).toEqual([])
  expect(control.due(830_000)).toEqual([first])
  control.acknowledged(first!.id, { outcome: 'repeated' }, 831_000)
  expect(control.due(900_000)).toEqual([])
  control.readBack(new Map([['A', reading(7)]]), 960_000)
  expect(control.find(first!.id)).toMatchObject({ state: 'verified', tries: 2 })
  control.tick(1_020_000)
  expect(control.takeReplan()).toBeUndefined()
  expect(control.log.entries.map(({ event }) => event)).toEqual(['planned', 'approve', 'queue', 'approved', 'send', 'send', 'acknowledge', 'agree', 'judged'])
})

it('a device that confirms and does not follow fails, and the load that did not fall asks for a new plan', () => {
  const control = createChargingControl(settings())
  control.readBack(new Map([['A', reading(7)]]), 780_000)
  control.propose(new Map([['A', 2]]), SLOT, PLAN, 800_000)
  const [command] = control.due(800_000)
  control.acknowledged(command!.id, { outcome: 'applied' }, 801_000)
  for (const at of [960_000, 1_020_000]) control.readBack(new Map([['A', reading(7)]]), at)
  control.tick(1_020_000)
  expect(control.find(command!.id)?.state).toBe('failed')
  expect(control.takeReplan()).toMatch(/0 of 1 verified \(1 failed\); under 90 %.*fell by 0 kW in place of 5 kW/)
  expect(control.takeReplan()).toBeUndefined()
})

it('waits for a person when told to, and nobody approves what could break the limit', () => {
  const control = createChargingControl(settings({ approval: 'person' }))
  const batch = control.propose(new Map([['A', 7]]), SLOT, PLAN, 800_000)
  expect(control.due(800_000)).toEqual([])
  control.approve(batch, 'li', 801_000)
  expect(control.due(801_000)).toHaveLength(1)
  expect(() => control.approve(batch, 'li', 802_000)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT' }))
  // A second plan for the same time: what the first one sent may still hold.
  const second = control.propose(new Map([['B', 45]]), SLOT, PLAN, 810_000)
  expect(() => control.approve(second, 'li', 811_000)).toThrow(/52 kW against 50 kW/)
  control.reject(second, 'li', 'too much', 812_000)
  expect(control.takeReplan()).toContain('too much')
})

it('rolls back newest first to the earlier set-points, withdraws what was not sent, and plans nothing until resumed', () => {
  const control = createChargingControl(settings())
  control.propose(new Map([['A', 7]]), SLOT, PLAN, 800_000)
  control.due(800_000).forEach(({ id }) => control.acknowledged(id, { outcome: 'applied' }, 800_300))
  control.propose(new Map([['A', 3], ['B', 5]]), { start: 1_800_000, end: 2_700_000 }, PLAN, 1_600_000)
  control.due(1_600_000).forEach(({ id }) => control.acknowledged(id, { outcome: 'applied' }, 1_600_300))
  control.abort('li', 'the feeder is switched', 1_700_000)
  const rolledBack = control.log.entries.filter(({ event }) => event === 'roll-back').map(({ about }) => Number(about.split('-').at(-1)))
  expect(rolledBack).toEqual([3, 2, 1])
  const back = control.due(1_700_000).map(({ pile, kw, from }) => ({ pile, kw, from }))
  expect(back).toEqual([{ pile: 'A', kw: 0, from: 1_700_000 }, { pile: 'B', kw: 0, from: 1_800_000 }, { pile: 'A', kw: 7, from: 1_800_000 }])
  expect(() => control.propose(new Map(), SLOT, PLAN, 1_700_000)).toThrow(expect.objectContaining({ code: 'STATE_CONFLICT' }))
  control.resume('li', 1_750_000)
  expect(control.takeReplan()).toBe('resumed by li')
})

// Seen failing: when the earlier set-point is restored, which is a hold too, and when all are let go at once.
it('appliances are let go in steps of the ramp, however many slots they were held', () => {
  const control = createChargingControl(settings({ load: 'appliance', areaKw: 15, roomKw: () => 6, safeKw: new Map([['A', 3], ['B', 3]]) }))
  for (const slot of [SLOT, { start: 1_800_000, end: 2_700_000 }]) {
    control.propose(new Map([['A', 1], ['B', 1]]), slot, PLAN, slot.start - 100_000)
    control.due(slot.start - 100_000).forEach(({ id }) => control.acknowledged(id, { outcome: 'applied' }, slot.start - 99_000))
  }
  control.abort('li', 'too hot', 1_750_000)
  expect(control.due(1_750_000).map(({ pile, kw, from, to }) => [pile, kw, from, to])).toEqual([['B', 3, 1_750_000, 1_800_000], ['A', 3, 1_780_000, 1_800_000], ['A', 3, 1_800_000, 2_700_000], ['B', 3, 1_800_000, 2_700_000]])
})

it('baseline: the mean of the highest 4 of the last 5 like days, and what an event brought', () => {
  const event = { date: '2026-07-15', kind: 'workday', fromSlot: 1, toSlot: 3, reductionKw: 10 }
  const day = (date: string, kw: number, more = {}) => ({ date, kind: 'workday', kw: [0, kw, kw, 0], ...more })
  const days = [day('2026-07-06', 999), day('2026-07-07', 10), day('2026-07-08', 60), day('2026-07-09', 50), day('2026-07-10', 40), day('2026-07-11', 500, { kind: 'weekend' }), day('2026-07-13', 999, { event: true }), day('2026-07-14', 30)]
  expect(baseline(event, days)).toEqual([45, 45])
  expect(baseline(event, days, { highest: 2, of: 3 })).toEqual([45, 45])
  expect(() => baseline(event, days.slice(2))).toThrow(expect.objectContaining({ code: 'DATA_REFUSED' }))
  expect(limitsInEvent([50, 50, 20, 50], event, [45, 45])).toEqual([50, 35, 20, 50])
  expect(eventResult(event, [45, 45], [30, 36])).toEqual({ meanKw: 12, leastKw: 9, met: true })
  expect(eventResult(event, [45, 45], [36, 36])).toMatchObject({ met: false })
})

// Seen failing: when what is between two read-backs is spread evenly, whatever the powers (0.375 for the first).
it('results: kWh, cost and peak from registers, priced where the power was', () => {
  const night = { slots: 3, slot_minutes: 15, base_kw: [20, 21, 22], price_cny_per_kwh: [1, 0.5, 0.2] }
  const at = (pile: string, minute: number, watts: number, units: number): MeasuredPile => ({ pile, at: 1_000_000 + minute * 60_000, watts, session: units })
  // Nothing flows in the first slot; 6 kW for five minutes of the second are 0.5 kWh.
  const one = nightResults(night, 1_000_000, [at('A', 10, 0, 0), at('A', 20, 6_000, 5_000)])
  expect([one.kwh, one.cost, one.peak]).toEqual([0.5, 0.25, { kw: 27, at: 1_000_000 + 20 * 60_000 }])
  // The same power on both sides: by time. Another vehicle begins at nothing. Piles add up.
  const two = nightResults(night, 1_000_000, [at('A', 10, 6_000, 10_000), at('B', 10, 3_000, 0), at('A', 20, 6_000, 20_000), at('B', 20, 3_000, 5_000), at('A', 40, 1_000, 1_000)])
  expect(two.kwhByPile).toEqual(new Map([['A', 2.1], ['B', 0.5]]))
  // A's first kWh had no read-back before it: at the price of the first one. Then 1 kWh and B's half over both slots; the last 0.1 with 6 kW up to the edge at 30, 1 kW from it on.
  expect(two.cost).toBeCloseTo(1 + 0.75 + 0.375 + 0.1 * (60 * 0.5 + 10 * 0.2) / 70, 9)
  expect(two.peak).toEqual({ kw: 30, at: 1_000_000 + 20 * 60_000 })
})
