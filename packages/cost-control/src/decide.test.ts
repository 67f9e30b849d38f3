import fc from 'fast-check'
import { BATCH_LIMITS, CNY, EVENTS, LONGEST_PERIODS, STATES, TRANSITIONS, closeOrder, contractFaults, contradiction, createCalendar, decide, judgeClose, localTime, transition } from './index.js'
import type { Contract, Facts } from './index.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = Date.parse('2026-03-10T10:30:00+08:00')
const contract: Contract = {
  mode: 'remote', customer: 'home', remoteControl: true, limits: { alarm1: 30n * CNY, alarm2: 10n * CNY, overdraft: 0n, closing: 5n * CNY },
  alarmDays: { first: 3, second: 1 }, periods: LONGEST_PERIODS, window: { from: 540, to: 960 }, directClose: false,
}
const facts = (over: Partial<Facts>): Facts => ({
  now: NOW, local: localTime(NOW, 480), contract, balance: 100n * CNY, measuredBalance: over.balance ?? 100n * CNY, recent: { sum: 0n, days: 7 }, account: { state: 'normal' }, notices: [], protections: [],
  calendar: createCalendar([{ year: 2026, source: 'invented', holidays: [], workingDays: [] }]), limits: BATCH_LIMITS, area: { meters: 10, others: 0 }, hour: { others: 0 }, reading: { at: NOW - HOUR, quality: 'measured' }, ...over,
})
const due = { balance: -CNY, account: { state: 'alarm-2', episodeSince: NOW - 50 * DAY, alarm2Since: NOW - 40 * DAY, overdueSince: NOW - 40 * DAY } } as const
const told = [{ kind: 'alarm-1', sentAt: NOW - 50 * DAY, deliveredAt: NOW - 50 * DAY }, { kind: 'alarm-2', sentAt: NOW - 40 * DAY, deliveredAt: NOW - 39 * DAY }] as const
const final = { kind: 'final', sentAt: NOW - HOUR, deliveredAt: NOW - HOUR } as const

test('every row of the table is used once, and every state and event occurs', () => {
  expect(new Set(TRANSITIONS.map(({ from, on }) => `${from} ${on}`)).size).toBe(TRANSITIONS.length)
  expect(new Set(TRANSITIONS.flatMap(({ from, to }) => [from, to]))).toEqual(new Set(STATES))
  expect(new Set(TRANSITIONS.map(({ on }) => on))).toEqual(new Set(EVENTS))
})

test('an empty account goes through both alarms, one look at a time', () => {
  const first = decide(facts({ balance: -CNY }))
  expect([first.account.state, first.effects]).toEqual(['alarm-1', [{ do: 'notice', notice: 'alarm-1' }]])
  const second = decide(facts({ balance: -CNY, account: first.account }))
  expect([second.account.state, second.account.alarm2Since, second.effects]).toEqual(['alarm-2', NOW, [{ do: 'notice', notice: 'alarm-2' }]])
})

test('the final notice goes out when nothing else is in the way, then the trip is proposed', () => {
  expect(decide(facts({ ...due, notices: told })).effects).toEqual([{ do: 'notice', notice: 'final' }])
  expect(decide(facts({ ...due, notices: told, protections: [{ kind: 'outage', from: 0, evidence: 'x' }] })).effects).toEqual([])
  expect(decide(facts({ ...due, notices: [...told, { kind: 'final', sentAt: NOW - HOUR }] })).effects).toEqual([])
  expect(decide(facts({ ...due, notices: [...told, { kind: 'final', sentAt: NOW - 3 * HOUR }] })).effects).toEqual([{ do: 'notice', notice: 'final' }])
  const proposed = decide(facts({ ...due, notices: [...told, final] }))
  expect([proposed.account.state, proposed.effects]).toEqual(['pending-trip', [{ do: 'propose-trip' }]])
})

test('what comes in the way of a pending trip withdraws it; what has left is settled first', () => {
  const pending = { ...due, account: { ...due.account, state: 'pending-trip' as const }, notices: [...told, final] }
  expect(decide(facts(pending))).toMatchObject({ account: { state: 'pending-trip' }, effects: [] })
  expect(decide(facts({ ...pending, balance: 100n * CNY }))).toMatchObject({ account: { state: 'normal' }, effects: [{ do: 'withdraw-trip' }] })
  expect(decide(facts({ ...pending, protections: [{ kind: 'complaint', from: 0, evidence: 'x' }] }))).toMatchObject({ account: { state: 'alarm-2' }, effects: [{ do: 'withdraw-trip' }], refusals: [{ code: 'COMPLAINT' }] })
  expect(decide(facts({ ...pending, protections: [{ kind: 'power-preserve', from: 0, evidence: 'x' }] }))).toMatchObject({ account: { state: 'protected' }, effects: [{ do: 'withdraw-trip' }] })
  expect(decide(facts({ ...pending, account: { ...pending.account, inFlight: true }, balance: 100n * CNY }))).toMatchObject({ account: { state: 'pending-trip' }, effects: [] })
})

test('supply comes back from the closing amount on, and not after a trip for safety', () => {
  const cut = (over: Partial<Facts>): string => decide(facts({ account: { state: 'tripped', tripReason: 'arrears' }, ...over })).account.state
  expect([cut({ balance: 5n * CNY }), cut({ balance: 5n * CNY - 1n }), cut({ account: { state: 'tripped', tripReason: 'safety' } })]).toEqual(['pending-close', 'tripped', 'tripped'])
  expect(judgeClose(facts({ balance: 0n })).map(({ code }) => code)).toEqual(['CLOSING_AMOUNT'])
  expect([closeOrder({ directClose: false }, true), closeOrder({ directClose: false }, false), closeOrder({ directClose: true }, true)])
    .toEqual([{ how: 'allow-close', by: 'mandate' }, { how: 'allow-close', by: 'two-persons' }, { how: 'close', by: 'two-persons' }])
})

test('a protected account begins anew when its protection ends', () => {
  const guarded = decide(facts({ ...due, protections: [{ kind: 'medical', from: 0, until: NOW + 1, evidence: 'x' }] })).account
  expect(guarded).toMatchObject({ state: 'protected', episodeSince: undefined, alarm2Since: undefined })
  expect(decide(facts({ ...due, account: guarded })).account.state).toBe('alarm-1')
})

test('notices that were lost go out again after a day', () => {
  const lost = (hours: number): unknown => decide(facts({ balance: 20n * CNY, account: { state: 'alarm-1', episodeSince: NOW - 9 * DAY }, notices: [{ kind: 'alarm-1', sentAt: NOW - hours * HOUR }] })).effects
  expect([lost(23), lost(24)]).toEqual([[], [{ do: 'notice', notice: 'alarm-1' }]])
})

test('deciding twice in the same instant decides nothing new', () => {
  const state = fc.constantFrom(...STATES)
  fc.assert(fc.property(state, fc.bigInt({ min: -50n * CNY, max: 50n * CNY }), fc.boolean(), fc.boolean(), (name, balance, guarded, paid) => {
    const given = facts({ ...due, balance, measuredBalance: balance, account: { ...due.account, state: name }, notices: paid ? [...told, final] : told, protections: guarded ? [{ kind: 'medical', from: 0, evidence: 'x' }] : [] })
    const settle = (from: Facts): Facts => {
      const { account, effects } = decide(from)
      return { ...from, account, notices: [...from.notices, ...effects.flatMap((effect) => (effect.do === 'notice' ? [{ kind: effect.notice, sentAt: NOW, deliveredAt: NOW }] : []))] }
    }
    const still = [1, 2, 3, 4].reduce(settle, given)
    expect(decide(still)).toMatchObject({ account: still.account, effects: [] })
  }))
})

test('a trip never follows from alarm 1, and nothing but a proposal leads to it', () => {
  expect(TRANSITIONS.filter(({ to }) => to === 'pending-trip')).toEqual([{ from: 'alarm-2', on: 'trip-proposed', to: 'pending-trip', act: 'propose-trip' }])
  expect(transition({ state: 'alarm-1' }, 'trip-proposed', NOW)).toBeUndefined()
})

test('a switch that contradicts what is measured is a fault', () => {
  expect([contradiction({ relay: 'open', power: 0, voltage: 2_200 }), contradiction({ relay: 'closed', power: 0, voltage: 2_200 }), contradiction({ relay: 'open' }), contradiction({ relay: 'closed' })]).toEqual(Array(4).fill(undefined))
  expect(contradiction({ relay: 'open', power: 401 })).toContain('40.1 W')
  expect(contradiction({ relay: 'closed', voltage: 0 })).toContain('no voltage')
})

test('contracts that contradict themselves are named', () => {
  expect(contractFaults(contract)).toEqual([])
  const limits = (over: Partial<Contract['limits']>): string[] => contractFaults({ ...contract, limits: { ...contract.limits, ...over } })
  for (const over of [{ closing: 5n * CNY - 1n }, { overdraft: -1n }, { alarm2: 31n * CNY }, { hoarding: 4n * CNY }]) expect(limits(over).length).toBeGreaterThan(0)
  expect(contractFaults({ ...contract, window: { from: 960, to: 540 } })).toEqual(['the window lies in one day'])
})
