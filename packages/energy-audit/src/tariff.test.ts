import { PERIODS, periodAt, periodsOf, windowMinutes } from './tariff.js'
import type { Tariff } from './tariff.js'
import { TARIFFS } from './tariff-data.js'

const tariff = (id: string): Tariff => TARIFFS.find((one) => one.id === id)!
const at = (id: string, month: number, time: string): string => {
  const [hour = 0, minute = 0] = time.split(':').map(Number)
  return periodAt(tariff(id), month, hour * 60 + minute)
}

// Read by hand from the source.
test.each([
  ['ZJ-CI-2026', 1, '17:45', 'peak'], ['ZJ-CI-2026', 1, '18:00', 'sharp'], ['ZJ-CI-2026', 1, '22:00', 'peak'], ['ZJ-CI-2026', 1, '23:00', 'flat'],
  ['ZJ-CI-2026', 5, '18:00', 'peak'], ['ZJ-CI-2026', 5, '11:00', 'valley'], ['ZJ-CI-2026', 5, '14:00', 'flat'], ['ZJ-CI-2026', 5, '00:00', 'valley'],
  ['JS-CI-2025', 7, '19:15', 'peak'], ['JS-CI-2025', 7, '19:30', 'sharp'], ['JS-CI-2025', 7, '21:30', 'peak'],
  ['AH-CI-2025', 3, '23:30', 'valley'], ['AH-CI-2025', 3, '05:45', 'valley'], ['AH-CI-2025', 3, '06:00', 'peak'], ['AH-CI-2025', 8, '23:45', 'peak'],
  ['SH-CI-2P-2023', 7, '22:00', 'valley'], ['SH-CI-2P-2023', 7, '13:00', 'sharp'],
  ['ZJ-RES', 6, '07:45', 'valley'], ['ZJ-RES', 6, '08:00', 'peak'], ['ZJ-RES', 6, '21:45', 'peak'], ['ZJ-RES', 6, '22:00', 'valley'],
])('%s in month %i at %s is %s', (id, month, time, period) => expect(at(id, month, time)).toBe(period))

describe.each(TARIFFS.map((one) => [one.id, one] as const))('%s', (_id, one) => {
  it('names each month once', () => {
    expect(one.periods.flatMap(({ months }) => months).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
  })
  it('has windows on the quarter hour', () => {
    for (const { windows } of one.periods) {
      for (const [period, list] of Object.entries(windows)) {
        expect(PERIODS).toContain(period)
        for (const [from, to] of list.map(windowMinutes)) expect([from % 15, to % 15]).toEqual([0, 0])
      }
    }
  })
  it('has a price or a ratio for every period that occurs', () => {
    const known = one.priceCnyPerKwh ?? one.ratio ?? {}
    for (let month = 1; month <= 12; month++) for (const period of periodsOf(one, month)) expect(known[period]).toBeGreaterThan(0)
  })
})

test('without a tariff everything is flat', () => expect([...periodsOf(undefined, 4)]).toEqual(['flat']))
test.each(['8:00-9:00', '08:00-08:00', '24:00-08:00', '08:00-24:15', ''])('%p is no window', (text) => expect(() => windowMinutes(text)).toThrow(/window/))
