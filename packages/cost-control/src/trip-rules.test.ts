import { BATCH_LIMITS, CNY, LONGEST_PERIODS, PROTECTIONS, TRIP_RULES, createCalendar, judgeApproval, judgeTrip, localTime } from './index.js'
import type { Contract, Facts } from './index.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** A Tuesday, 10:30 at +08:00; nothing but its holidays is invented. */
const NOW = Date.parse('2026-03-10T10:30:00+08:00')
const calendar = createCalendar([{ year: 2026, source: 'invented for tests', holidays: ['2026-03-20', '2026-04-06'], workingDays: ['2026-03-21'] }])
const at = (now: number): Pick<Facts, 'now' | 'local'> => ({ now, local: localTime(now, 480) })

const contract: Contract = {
  mode: 'remote', customer: 'home', remoteControl: true, limits: { alarm1: 30n * CNY, alarm2: 10n * CNY, overdraft: 20n * CNY, closing: 5n * CNY },
  alarmDays: { first: 3, second: 1 }, periods: LONGEST_PERIODS, window: { from: 540, to: 960 }, directClose: false,
}
/** Nothing speaks against cutting this one off. */
const ripe: Facts = {
  ...at(NOW), contract, balance: -(21n * CNY), measuredBalance: -(20n * CNY) - 1n, recent: { sum: 7n * CNY, days: 7 }, calendar, limits: BATCH_LIMITS, protections: [],
  account: { state: 'alarm-2', episodeSince: NOW - 60 * DAY, alarm2Since: NOW - 40 * DAY, overdueSince: NOW - 30 * DAY - 1 },
  reading: { at: NOW - 10.5 * HOUR, quality: 'measured' },
  notices: [{ kind: 'alarm-1', sentAt: NOW - 60 * DAY }, { kind: 'alarm-2', sentAt: NOW - 40 * DAY, deliveredAt: NOW - 7 * DAY - 1 }, { kind: 'final', sentAt: NOW - HOUR, deliveredAt: NOW - HOUR }],
  area: { meters: 100, others: 4 }, hour: { others: 199 },
}
const codes = (facts: Facts): string[] => judgeTrip(facts).map(({ code }) => code)
const without = (kind: string): Facts['notices'] => ripe.notices.filter((notice) => notice.kind !== kind)

test('nothing stands against it', () => expect(judgeTrip(ripe)).toEqual([]))

/** One thing wrong each. Seen failing: every row, with its rule taken out of TRIP_RULES (the test below does it for all of them). */
const WRONG: readonly (readonly [string, Partial<Facts>])[] = [
  ['BALANCE', { measuredBalance: -(20n * CNY) }],
  ['OVERDUE', { account: { ...ripe.account, overdueSince: NOW - 30 * DAY } }],
  ['OVERDUE', { account: { ...ripe.account, overdueSince: undefined } }],
  ['CONTRACT', { contract: { ...contract, remoteControl: false } }],
  ['CONTRACT', { contract: { ...contract, mode: 'local' } }],
  ['ALARM_1', { notices: without('alarm-1') }],
  ['ALARM_1', { notices: [...without('alarm-1'), { kind: 'alarm-1', sentAt: NOW - 60 * DAY - 1, deliveredAt: NOW - 60 * DAY - 1 }] }],
  ['ALARM_2', { notices: without('alarm-2') }],
  ['ALARM_2', { notices: [...without('alarm-2'), { kind: 'alarm-2', sentAt: NOW - 40 * DAY }] }],
  ['ALARM_2', { notices: [...without('alarm-2'), { kind: 'alarm-2', sentAt: NOW - 40 * DAY, deliveredAt: NOW - 7 * DAY }] }],
  ['ALARM_2', { contract: { ...contract, periods: { ...LONGEST_PERIODS, noticeHours: 0 } }, notices: [...without('alarm-2'), { kind: 'alarm-2', sentAt: NOW - 2 * DAY, deliveredAt: NOW - DAY }] }],
  ['READING_ESTIMATED', { reading: { at: NOW - 10 * HOUR, quality: 'estimated' } }],
  ['READING_OLD', { reading: { at: NOW - DAY - 1, quality: 'recollected' } }],
  ['READING_OLD', { reading: { at: NOW + 1, quality: 'measured' } }],
  ...PROTECTIONS.map((kind) => [kind.toUpperCase().replace('-', '_'), { protections: [{ kind, from: NOW, evidence: 'case 7' }] }] as const),
  ['TIME_OF_DAY', { local: { day: '2026-03-10', minute: 539 } }],
  ['TIME_OF_DAY', { ...at(NOW + 5.5 * HOUR), notices: [...without('final'), { kind: 'final', sentAt: NOW, deliveredAt: NOW }] }],
  ['CALENDAR_UNKNOWN', { calendar: createCalendar([]) }],
  ['WEEKEND', { local: { day: '2026-03-14', minute: 600 } }],
  ['HOLIDAY', { local: { day: '2026-03-20', minute: 600 } }],
  ['HOLIDAY_EVE', { local: { day: '2026-03-19', minute: 600 } }],
  // A Friday, and the holiday is the Monday.
  ['HOLIDAY_EVE', { local: { day: '2026-04-03', minute: 600 } }],
  ['TRIPPED_LATELY', { account: { ...ripe.account, lastTrippedAt: NOW - DAY } }],
  ['FAULT', { account: { ...ripe.account, fault: 'open and 40 W flow' } }],
  ['AREA_LIMIT', { area: { meters: 100, others: 5 } }],
  ['AREA_LIMIT', { area: { meters: 19, others: 1 } }],
  ['HOUR_LIMIT', { hour: { others: 200 } }],
  ['FINAL_NOTICE', { notices: without('final') }],
  ['FINAL_NOTICE', { notices: [...without('final'), { kind: 'final', sentAt: NOW - HOUR, deliveredAt: NOW - HOUR + 1 }] }],
  ['FINAL_NOTICE', { notices: [...without('final'), { kind: 'final', sentAt: NOW - DAY - 1, deliveredAt: NOW - DAY }] }],
]

test.each(WRONG)('%s alone stands against it: %j', (code, wrong) => {
  const facts = { ...ripe, ...wrong }
  expect(codes(facts)).toEqual([code])
  expect(judgeTrip(facts, TRIP_RULES.filter((rule) => rule.code !== code))).toEqual([])
})

test('every rule is tried', () => expect([...new Set(WRONG.map(([code]) => code))].sort()).toEqual(TRIP_RULES.map(({ code }) => code).sort()))

test('all reasons are given, with evidence', () => {
  const refusals = judgeTrip({ ...ripe, reading: undefined, notices: [], protections: [{ kind: 'medical', from: NOW - 1, until: NOW + 1, evidence: 'case 9' }] })
  expect(refusals.map(({ code }) => code)).toEqual(['ALARM_1', 'ALARM_2', 'READING_ESTIMATED', 'READING_OLD', 'MEDICAL', 'FINAL_NOTICE'])
  expect(refusals.find(({ code }) => code === 'MEDICAL')?.evidence).toContain('case 9')
})

test('a protection holds from its begin to before its end', () => {
  const during = (from: number, until?: number): string[] => codes({ ...ripe, protections: [{ kind: 'outage', from, until, evidence: 'x' }] })
  expect([during(NOW, NOW + 1), during(NOW + 1), during(NOW - 5, NOW), during(NOW - 5)]).toEqual([['OUTAGE'], [], [], ['OUTAGE']])
})

test('a weekend that is worked is a working day, and the day before a worked Saturday ends no week', () => {
  expect(codes({ ...ripe, local: { day: '2026-03-21', minute: 600 } })).toEqual([])
})

test('the last day of the years known is not judged', () => {
  expect(codes({ ...ripe, local: { day: '2026-12-31', minute: 600 } })).toEqual(['CALENDAR_UNKNOWN'])
})

test('two different persons, always', () => {
  expect(judgeApproval('anna', 'ben')).toEqual([])
  for (const [asked, approved] of [['anna', 'anna'], ['anna', undefined], [undefined, 'ben']] as const) expect(judgeApproval(asked, approved)).toHaveLength(1)
})
