import { fitBaseline, verifySaving } from './baseline.js'
import { INTERVAL_MS, inColumns } from './curve.js'
import { dayType, dayTypesOf } from './day-types.js'
import { localDaysOf } from './local-days.js'
import type { HolidayTable } from './day-types.js'
import { divided, exact, exactText, squareRoot } from './exact.js'

describe('day types', () => {
  // The dates are made up: 2026-10-10 is a Saturday, 2026-10-12 a Monday.
  const table: HolidayTable = new Map([['2026-10-10', 'workday'], ['2026-10-12', 'holiday']])
  test.each([['2026-10-09', 'workday'], ['2026-10-10', 'workday'], ['2026-10-11', 'weekend'], ['2026-10-12', 'holiday']])('%s is a %s', (day, type) => expect(dayType(day, table)).toBe(type))

  test('mean profiles, night and free days', () => {
    // Friday 1 kWh a quarter hour by day and 0.5 at night (22 to 6), Saturday to Monday half of it; the last day lacks a quarter hour.
    const night = (slot: number): boolean => slot >= 88 || slot < 24
    const intervals = [0, 1, 2, 3, 4].flatMap((day) => Array.from({ length: 96 }, (_, slot) => ({
      from: (day * 96 + slot) * INTERVAL_MS, energy: exact(String((night(slot) ? 0.5 : 1) * (day === 0 ? 1 : 0.5))), estimated: false,
    }))).slice(0, -1)
    const columns = inColumns(intervals)
    const found = dayTypesOf(columns, localDaysOf(columns.from, 0), (at) => dayType(`2026-10-${String(9 + at).padStart(2, '0')}`, new Map([['2026-10-12', 'holiday']])))
    // 64 x 1 + 32 x 0.5 = 80 kWh.
    expect(found.types.map(({ type, days, meanEnergy }) => [type, days, meanEnergy])).toEqual([['workday', 1, 80], ['weekend', 2, 40], ['holiday', 1, 40]])
    expect([found.types[0]?.profile[0], found.types[0]?.profile[50], found.nightRatio, found.freeDayRatio]).toEqual([2, 4, 0.5, 0.5])
  })
  test('no whole day', () => expect(dayTypesOf(inColumns([]), localDaysOf(new Float64Array(0), 0), () => 'workday')).toEqual({ types: [], nightRatio: null, freeDayRatio: null }))
})

describe('baseline', () => {
  const day = (kwh: number, free: number, degree: number) => ({ kwh, drivers: [free, degree, 0] })
  // 100 - 40 on free days + 5 a degree day, exactly; the third driver never varies.
  const before = [day(110, 0, 2), day(120, 0, 4), day(60, 1, 0), day(75, 1, 3), day(105, 0, 1)]
  test('finds what was put in, and takes a driver that never varies out', () => {
    const found = fitBaseline(before, 'daily')
    found?.coefficients.forEach((value, at) => expect(value).toBeCloseTo([100, -40, 5, 0][at] as number, 8))
    expect(found?.cvRmse).toBeCloseTo(0, 8)
    expect(found?.accepted).toBe(true)
  })
  // After: baseline 130 and 60, measured 100 and 50.
  test('saving = adjusted baseline - measured', () => {
    const found = verifySaving(before, [day(100, 0, 6), day(50, 1, 0)], 'daily')
    expect([found?.adjusted, found?.measured, found?.saving].map((one) => Math.round((one ?? 0) * 1e6) / 1e6)).toEqual([190, 150, 40])
  })
  // Only a mean: 10, 20, 30, residuals 10, 0, 10: sqrt(200 / 2) / 20 = 0.5.
  test('CV(RMSE) by hand, and refused', () => {
    const found = fitBaseline([10, 20, 30].map((kwh) => ({ kwh, drivers: [] })), 'daily')
    expect(found?.cvRmse).toBeCloseTo(0.5, 12)
    expect(found?.accepted).toBe(false)
  })
  test('20 % for months, 30 % for days', () => {
    // Residuals +-5 around 20: sqrt(100 / 3) / 20 = 0.2887.
    const points = [15, 25, 15, 25].map((kwh) => ({ kwh, drivers: [] }))
    expect([fitBaseline(points, 'monthly')?.accepted, fitBaseline(points, 'daily')?.accepted]).toEqual([false, true])
  })
  test('too few points, drivers that depend on each other', () => {
    expect(fitBaseline([day(1, 0, 1), day(2, 1, 2)], 'daily')).toBeUndefined()
    expect(fitBaseline([1, 2, 3, 4, 5].map((n) => ({ kwh: n, drivers: [n, 2 * n] })), 'daily')).toBeUndefined()
  })
})

test('division and roots of exact numbers', () => {
  expect([divided(exact('1'), exact('8')), squareRoot(exact('2.25')), squareRoot(0n), squareRoot(exact('2'))].map(exactText)).toEqual(['0.125', '1.5', '0', '1.414213562373'])
})
