import fc from 'fast-check'
import { CNY, ENTRY_KINDS, LATE_FEES, arrearsOf, booked, chargeEntry, dayCharges, lateFeeEntry, levelOf, measuredBalance, mirrorEntry, money, moneyText, overdueSince, recentCharges, reversalEntry, tenthsOfDaysLeft, totalsOf } from './index.js'
import type { Entry, EntryKind } from './index.js'

const entry = (kind: EntryKind, amount: bigint, day = '2026-03-01', more: Partial<Entry> = {}): Entry => ({ key: `${kind}/${day}`, kind, amount, at: 0, day, ...more })

test('amounts are read and written exactly, and nothing else is taken', () => {
  fc.assert(fc.property(fc.bigInt({ min: -(10n ** 17n), max: 10n ** 17n }), (value) => expect(money(moneyText(value))).toBe(value)))
  expect([money('12.5'), money('-0.0001'), money('7')]).toEqual([125_000n, -1n, 70_000n])
  for (const text of ['', '1.00001', '1e3', '.5', '1.', ' 1', '+1', 'NaN', '1,5', '0x1']) expect(() => money(text)).toThrow()
})

test('balance = payments - charges - reserved, whatever the order', () => {
  const kinds = Object.keys(ENTRY_KINDS) as EntryKind[]
  const entries = fc.array(fc.record({ kind: fc.constantFrom(...kinds), amount: fc.bigInt({ min: 0n, max: 10n ** 12n }) }))
  fc.assert(fc.property(entries, (list) => {
    const totals = totalsOf(list)
    const of = (...some: EntryKind[]): bigint => list.filter(({ kind }) => some.includes(kind)).reduce((all, { amount }) => all + amount, 0n)
    expect(totals.balance).toBe(of('payment', 'release') - of('refund', 'charge', 'correction', 'late-fee', 'mirror', 'reserve'))
    expect(totalsOf([...list].reverse())).toEqual(totals)
  }))
  expect(() => booked(totalsOf([]), { kind: 'payment', amount: -1n })).toThrow('not negative')
})

test('a day is charged once, corrected by the difference, and an estimate never replaces a measurement', () => {
  const say = (before: Entry[], amount: bigint, quality: 'measured' | 'estimated'): Entry | undefined => chargeEntry(dayCharges(before).get('2026-03-01'), { day: '2026-03-01', amount, quality, at: 5 })
  const first = say([], 100n, 'estimated') as Entry
  expect(first).toMatchObject({ key: 'charge/2026-03-01', kind: 'charge', amount: 100n })
  expect(say([first], 100n, 'estimated')).toBeUndefined()
  const second = say([first], 70n, 'measured') as Entry
  expect(second).toMatchObject({ key: 'correction/2026-03-01/1', kind: 'correction', amount: -30n })
  expect(say([first, second], 70n, 'measured')).toBeUndefined()
  expect(say([first, second], 90n, 'estimated')).toBeUndefined()
  expect(say([first], 100n, 'measured')).toMatchObject({ kind: 'correction', amount: 0n, quality: 'measured' })
})

test('a day whose register is gone is taken back by the difference, counts for no mean, and takes whatever comes next', () => {
  const of = (before: Entry[]) => dayCharges(before).get('2026-03-01')
  const first = entry('charge', 100n, '2026-03-01', { quality: 'measured' })
  const back = reversalEntry(of([first]), '2026-03-01', 7) as Entry
  expect(back).toEqual({ key: 'correction/2026-03-01/1', kind: 'correction', day: '2026-03-01', at: 7, quality: 'estimated', amount: -100n })
  expect([reversalEntry(of([first, back]), '2026-03-01', 8), reversalEntry(undefined, '2026-03-01', 8)]).toEqual([undefined, undefined])
  expect(recentCharges(dayCharges([first, back, entry('charge', 60n, '2026-03-02', { quality: 'measured' })]), '2026-03-03')).toEqual({ sum: 60n, days: 1 })
  for (const quality of ['estimated', 'measured'] as const) expect(chargeEntry(of([first, back]), { day: '2026-03-01', amount: 40n, quality, at: 9 })).toMatchObject({ key: 'correction/2026-03-01/2', amount: 40n })
})

test('estimated charges do not count towards a trip', () => {
  const days = dayCharges([entry('charge', 40n, '2026-03-01', { quality: 'estimated' }), entry('charge', 60n, '2026-03-02', { quality: 'measured' })])
  expect(measuredBalance(-100n, days.values())).toBe(-60n)
})

test('the meter in local mode is right', () => {
  expect(mirrorEntry(500n, 480n, 9, 10)).toEqual({ key: 'mirror/9', kind: 'mirror', amount: 20n, at: 10 })
  expect(totalsOf([{ kind: 'payment', amount: 500n }, { kind: 'mirror', amount: 20n }]).balance).toBe(480n)
  expect(mirrorEntry(480n, 480n, 9, 10)).toBeUndefined()
})

test('overdue since the last time the balance fell under the limit', () => {
  expect([overdueSince(undefined, -1n, 0n, 5), overdueSince(5, -2n, 0n, 9), overdueSince(5, 0n, 0n, 9), overdueSince(undefined, 0n, 0n, 9)]).toEqual([5, 5, undefined, undefined])
})

test('days left are counted over the last seven complete days', () => {
  const charges = dayCharges(Array.from({ length: 9 }, (_, day) => entry('charge', 2n * CNY, `2026-03-0${day + 1}`, { quality: 'measured' })))
  expect(recentCharges(charges, '2026-03-09')).toEqual({ sum: 14n * CNY, days: 7 })
  expect(recentCharges(charges, '2026-03-03')).toEqual({ sum: 4n * CNY, days: 2 })
  expect(tenthsOfDaysLeft(7n * CNY, { sum: 14n * CNY, days: 7 })).toBe(35n)
  expect(tenthsOfDaysLeft(7n * CNY, { sum: 0n, days: 7 })).toBeUndefined()
})

test('alarms come by amount or by days', () => {
  const contract = { limits: { alarm1: 30n, alarm2: 10n, overdraft: 5n, closing: 0n }, alarmDays: { first: 3, second: 1 } }
  const level = (balance: bigint, perDay: bigint): string => levelOf(contract, balance, { sum: perDay * 7n, days: 7 })
  expect([level(30n, 0n), level(29n, 0n), level(9n, 0n), level(-5n, 0n), level(-6n, 0n)]).toEqual(['funded', 'low-1', 'low-2', 'low-2', 'overdrawn'])
  expect([level(90n, 30n), level(89n, 30n), level(30n, 30n), level(30n, 31n)]).toEqual(['funded', 'low-1', 'low-1', 'low-2'])
})

test('late fees: payments cover the oldest charges, what was carried over the year costs others more', () => {
  const entries = [entry('charge', 1_000_000n, '2025-12-01'), entry('charge', 500_000n, '2026-02-01'), entry('payment', 400_000n), entry('late-fee', 9n)]
  expect(arrearsOf(entries, 2026)).toEqual({ carried: 600_000n, current: 500_000n })
  expect(lateFeeEntry(arrearsOf(entries, 2026), LATE_FEES.other, '2026-03-01', 0)?.amount).toBe(1_800n + 1_000n)
  expect(lateFeeEntry(arrearsOf(entries, 2026), LATE_FEES.home, '2026-03-01', 0)?.amount).toBe(1_100n)
  expect(lateFeeEntry({ current: 499n, carried: 0n }, LATE_FEES.other, '2026-03-01', 0)).toBeUndefined()
  expect(arrearsOf([...entries, entry('payment', 5_000_000n)], 2026)).toEqual({ carried: 0n, current: 0n })
})
