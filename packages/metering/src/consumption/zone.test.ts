import { TARIFFS } from '@zhuzhan/energy-audit'
import { QUARTER_MS, intervals } from '../fixtures/days.js'
import { dayOf, localDayOf, offsetAt, periodDigits, startOfDay, wallMinute } from '../index.js'

const BERLIN = { iana: 'Europe/Berlin' }
const HOUR_MS = 3_600_000

it('days of 92, 96 and 100 quarter hours where clocks are moved', () => {
  expect(['2026-03-28', '2026-03-29', '2026-10-25'].map((day) => dayOf(day, BERLIN, QUARTER_MS).slots)).toEqual([96, 92, 100])
  expect(startOfDay('2026-03-29', BERLIN)).toBe(Date.parse('2026-03-28T23:00:00Z'))
  expect(startOfDay('2026-03-30', BERLIN)).toBe(Date.parse('2026-03-29T22:00:00Z'))
})

it('where clocks are moved at midnight the day begins with the first instant that exists', () => {
  // Beirut, 2024-03-31: 00:00 becomes 01:00. Asuncion, 2023-03-26: 00:00 becomes 23:00 of the day before.
  for (const [day, iana] of [['2024-03-31', 'Asia/Beirut'], ['2023-03-26', 'America/Asuncion'], ['2026-10-05', 'Asia/Shanghai']] as const) {
    const start = startOfDay(day, { iana })
    expect(localDayOf(start, { iana })).toBe(day)
    expect(localDayOf(start - 1, { iana })).not.toBe(day)
  }
  expect(dayOf('2024-03-31', { iana: 'Asia/Beirut' }, QUARTER_MS).slots).toBe(92)
})

it('a terminal has a fixed offset', () => {
  expect(offsetAt({ offsetMinutes: 345 }, 0)).toBe(345)
  expect(dayOf('2026-10-25', { offsetMinutes: -210 }, QUARTER_MS)).toEqual({ start: Date.parse('2026-10-25T03:30:00Z'), end: Date.parse('2026-10-26T03:30:00Z'), slots: 96 })
})

it('tariff windows follow the wall clock through the change, and every interval is in one period', () => {
  const tariff = TARIFFS.find(({ id }) => id === 'ZJ-RES')
  for (const [day, valleyHours] of [['2026-03-28', 10], ['2026-03-29', 9], ['2026-10-25', 11]] as const) {
    const { start, slots } = dayOf(day, BERLIN, QUARTER_MS)
    const periods = periodDigits(intervals(Array(slots).fill(1) as number[]), start, QUARTER_MS, tariff, BERLIN)
    expect([...periods].map(([period, { total }]) => [period, total]).sort()).toEqual([['peak', 56], ['valley', valleyHours * 4]])
  }
  expect(wallMinute(Date.parse('2026-03-29T01:00:00Z'), BERLIN)).toEqual({ month: 3, minute: 180 })
  expect(wallMinute(Date.parse('2026-03-29T01:00:00Z') - HOUR_MS, BERLIN)).toEqual({ month: 3, minute: 60 })
})

it('a fixed offset gives the same periods as the wall clock interval by interval', () => {
  const tariff = TARIFFS.find(({ id }) => id === 'JS-CI-2025')
  const { start, slots } = dayOf('2026-07-05', { offsetMinutes: 480 }, QUARTER_MS)
  const day = intervals(Array.from({ length: slots }, (_, n) => n))
  expect([...periodDigits(day, start, QUARTER_MS, tariff, { offsetMinutes: 480 })]).toEqual([...periodDigits(day, start, QUARTER_MS, tariff, { iana: 'Asia/Shanghai' })])
})
