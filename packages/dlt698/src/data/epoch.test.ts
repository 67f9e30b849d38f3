import fc from 'fast-check'
import { dateTimeSToEpoch, dateTimeToEpoch, epochToDateTime, epochToDateTimeS, tiToMs } from './epoch.js'

const CHINA = 480
const freeze = { year: 2026, month: 10, day: 5, hour: 0, minute: 15, second: 0 }

it('reads the wire clock in its zone', () => {
  expect(new Date(dateTimeSToEpoch(freeze, CHINA)!).toISOString()).toBe('2026-10-04T16:15:00.000Z')
  expect(new Date(dateTimeSToEpoch(freeze, -90)!).toISOString()).toBe('2026-10-05T01:45:00.000Z')
  expect(new Date(dateTimeToEpoch({ ...freeze, weekday: 99, millisecond: 7 }, 0)!).toISOString()).toBe('2026-10-05T00:15:00.007Z')
  expect(dateTimeToEpoch({ ...freeze, weekday: 1, millisecond: 0xffff }, 0)).toBe(dateTimeSToEpoch(freeze, 0))
})

it.each([
  { year: 0xffff }, { month: 0xff }, { day: 0xff }, { hour: 0xff }, { minute: 0xff }, { second: 0xff }, { month: 0 }, { month: 13 }, { day: 0 },
  { month: 2, day: 29 }, { month: 4, day: 31 }, { hour: 24 }, { minute: 60 }, { second: 60 }, { year: 26 }, { year: 2018, month: 17, day: 40 },
])('%p is no moment', (part) => {
  expect(dateTimeSToEpoch({ ...freeze, ...part }, CHINA)).toBeUndefined()
  expect(dateTimeToEpoch({ ...freeze, weekday: 1, millisecond: 0, ...part }, CHINA)).toBeUndefined()
})

it('knows leap years', () => {
  const leap = (year: number) => dateTimeSToEpoch({ ...freeze, year, month: 2, day: 29 }, 0) !== undefined
  expect([2024, 2023, 2000, 2100].map(leap)).toEqual([true, false, true, false])
})

it('a millisecond above 999 is no moment', () => {
  expect(dateTimeToEpoch({ ...freeze, weekday: 1, millisecond: 1000 }, 0)).toBeUndefined()
})

it('goes there and back in every zone', () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), fc.integer({ min: -840, max: 840 }), (ms, zone) =>
    dateTimeToEpoch(epochToDateTime(ms, zone), zone) === ms && dateTimeSToEpoch(epochToDateTimeS(ms, zone), zone) === ms - ms % 1000))
})

it('writes the weekday of the recorded login', () => {
  expect(epochToDateTime(Date.UTC(2022, 1, 23, 0, 6, 56, 802), CHINA)).toEqual({
    year: 2022, month: 2, day: 23, weekday: 3, hour: 8, minute: 6, second: 56, millisecond: 802,
  })
})

it('gives fixed intervals in milliseconds only', () => {
  expect([{ unit: 0, value: 10 }, { unit: 1, value: 15 }, { unit: 2, value: 1 }, { unit: 3, value: 1 }].map(tiToMs)).toEqual([10_000, 900_000, 3_600_000, 86_400_000])
  expect([{ unit: 4, value: 1 }, { unit: 5, value: 1 }, { unit: 9, value: 1 }].map(tiToMs)).toEqual([undefined, undefined, undefined])
})

it('writes Sunday in either reading', () => {
  const sunday = Date.UTC(2026, 9, 4)
  expect([epochToDateTime(sunday, 0).weekday, epochToDateTime(sunday, 0, 7).weekday, epochToDateTime(sunday - 86_400_000, 0, 7).weekday]).toEqual([0, 7, 6])
})
