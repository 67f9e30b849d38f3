import fc from 'fast-check'
import { INTERVAL_MS, energyOf, inList, intervalsOf, slotsBetween } from './curve.js'
import type { CurvePoint, Intervals } from './curve.js'
import { exact, exactText, toNumber } from './exact.js'
import { loadOf, percentile } from './load.js'
import type { Load } from './load.js'
import { localDaysOf } from './local-days.js'
import type { LocalDays } from './local-days.js'
import { curveByPeriod } from './period-energy.js'
import { TARIFFS } from './tariff-data.js'

const START = Date.parse('2026-10-04T16:00:00Z')
const daysOf = ({ from }: Intervals): LocalDays => localDaysOf(from, START)
const loadAt = (curve: readonly CurvePoint[], ratio: bigint): Load => { const { intervals } = intervalsOf(curve, ratio); return loadOf(intervals, daysOf(intervals))! }
const points = (values: readonly string[]): CurvePoint[] => values.map((value, slot) => ({ time: START + slot * INTERVAL_MS, value: exact(value), estimated: false }))

describe('four quarter hours by hand: registers 100, 101, 101.5, 103.5, 104 at ratio 2', () => {
  const { intervals } = intervalsOf(points(['100', '101', '101.5', '103.5', '104']), exact('2'))
  const load = loadOf(intervals, daysOf(intervals))!

  test('energies 2, 1, 4, 1 kWh', () => expect(inList(intervals).map(({ energy }) => exactText(energy))).toEqual(['2', '1', '4', '1']))
  test('maximum 16 kW from 00:30 to 00:45', () => expect(load.maximum).toEqual({ power: exact('16'), from: START + 2 * INTERVAL_MS, to: START + 3 * INTERVAL_MS, estimated: false }))
  test('minimum 4 kW, first at 00:15', () => expect(load.minimum).toMatchObject({ power: exact('4'), from: START + INTERVAL_MS }))
  test('mean 8 kW, load factor 0.5', () => expect([load.mean, load.loadFactor]).toEqual([8, 0.5]))
  test('peak-valley 12 kW, 0.75', () => expect(load.peakValley).toEqual({ difference: exact('12'), ratio: 0.75 }))
  // Sorted 4, 4, 8, 16: position 0.05 x 3 lies between the two fours.
  test('base load 4 kW, half of the energy', () => expect(load.baseLoad).toEqual({ power: 4, share: 0.5 }))
  test('no day is whole, so there is no daily load factor', () => expect(load.dailyLoadFactor).toEqual({ value: null, days: 0 }))
})

test('the daily load factor is the mean over whole days', () => {
  // First day level at 1 kWh, second with one interval of 4: mean 99/96 of max 4.
  const values = ['0']
  for (let slot = 0; slot < 192; slot++) values.push(String(Number(values.at(-1)) + (slot === 150 ? 4 : 1)))
  const load = loadAt(points(values), exact('1'))
  expect(load.dailyLoadFactor.days).toBe(2)
  expect(load.dailyLoadFactor.value).toBeCloseTo((1 + 99 / 96 / 4) / 2, 12)
})

test('across a gap and backwards nothing is said', () => {
  const gappy = points(['1', '2', '3', '4', '3.5', '5']).filter((_, slot) => slot !== 1)
  const { intervals, backwards } = intervalsOf(gappy, exact('1'))
  expect(inList(intervals).map(({ from, energy }) => [(from - START) / INTERVAL_MS, exactText(energy)])).toEqual([[2, '1'], [4, '1.5']])
  expect(backwards).toBe(1)
})

test('an estimated register marks both its intervals', () => {
  const [a, b, c, d] = points(['1', '2', '3', '4'])
  expect(inList(intervalsOf([a!, { ...b!, estimated: true }, c!, d!], exact('1')).intervals).map(({ estimated }) => estimated)).toEqual([true, true, false])
})

test.each([[[1, 2, 3, 4, 5], 0.05, 1.2], [[7], 0.05, 7], [[5, 1], 0.5, 3], [[], 0.5, 0]])('percentile of %j at %d is %d', (values, p, expected) => expect(percentile(values, p)).toBeCloseTo(expected, 12))

test('slots between two instants', () => {
  expect(slotsBetween(START, START)).toBe(1)
  expect(slotsBetween(START + 1, START + INTERVAL_MS - 1)).toBe(0)
  expect(slotsBetween(START + 1, START + INTERVAL_MS)).toBe(1)
  expect(slotsBetween(START, START - 1)).toBe(0)
})

const rising = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 250 }).map((steps) => {
  let register = 0
  return points(['0', ...steps.map((step) => ((register += step) / 100).toFixed(2))])
})
const ratio = fc.integer({ min: 1, max: 9_999_999 }).map((n) => exact((n / 10_000).toFixed(4)))

test('without gaps the intervals add up to the register difference, exactly', () => {
  fc.assert(fc.property(rising, ratio, (curve, k) => {
    expect(energyOf(intervalsOf(curve, k).intervals)).toBe(((curve.at(-1)!.value - curve[0]!.value) * k) / 10n ** 12n)
  }))
})

test('periods add up to all intervals, whatever the tariff', () => {
  fc.assert(fc.property(rising, fc.constantFrom(undefined, ...TARIFFS), fc.integer({ min: 1, max: 12 }), (curve, tariff, month) => {
    const { intervals } = intervalsOf(curve, exact('1'))
    const periods = curveByPeriod(intervals, tariff, month, daysOf(intervals))
    expect([...periods.values()].reduce((a, b) => a + b, 0n)).toBe(energyOf(intervals))
  }))
})

test('minimum <= base <= maximum, load factor in 0..1, ratio in 0..1', () => {
  fc.assert(fc.property(rising, ratio, (curve, k) => {
    const load = loadAt(curve, k)
    const slack = 1e-9 * (1 + toNumber(load.maximum.power))
    expect(load.baseLoad.power).toBeGreaterThanOrEqual(toNumber(load.minimum.power) - slack)
    expect(load.baseLoad.power).toBeLessThanOrEqual(toNumber(load.maximum.power) + slack)
    for (const share of [load.loadFactor, load.peakValley.ratio]) {
      if (share === null) continue
      expect(share).toBeGreaterThanOrEqual(0)
      expect(share).toBeLessThanOrEqual(1 + 1e-9)
    }
  }))
})

test('local days: days with a gap are not whole, quarter hours before the midnight have day -1', () => {
  const from = Float64Array.from({ length: 290 }, (_, n) => START + (n - 1) * INTERVAL_MS).filter((_, n) => n !== 100)
  const { day, slot, whole } = localDaysOf(from, START)
  expect([day[0], slot[0], day[1], slot[1], day.at(-1), slot.at(-1)]).toEqual([-1, 95, 0, 0, 3, 0])
  expect(whole).toEqual([{ day: 0, at: 1 }, { day: 2, at: 192 }])
})
