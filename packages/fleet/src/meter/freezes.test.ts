import fc from 'fast-check'
import { DAY_MS, MINUTE_MS, SLOT_MS } from './calendar.js'
import { FREEZES, freezeNumber, freezeOf, recentStamps, remembers, stampsBetween } from './freezes.js'
import type { Freeze } from './freezes.js'
import { freezeRow, frozenCell } from './freeze-row.js'
import { meterModel } from './meter.js'
import { measured } from './objects.js'

const NOW = Date.UTC(2026, 9, 5, 3, 7, 21)
const meter = meterModel('000000000017')
const local = (ms: number) => new Date(ms + 480 * MINUTE_MS).toISOString().slice(0, 19)
const kind = (name: string): Freeze => FREEZES.find((f) => f.name === name)!

describe('stamps', () => {
  it('day freezes carry local midnight, month freezes the first of the month', () => {
    expect(recentStamps(kind('day'), meter, NOW, 2).map(local)).toEqual(['2026-10-05T00:00:00', '2026-10-04T00:00:00'])
    expect(recentStamps(kind('month'), meter, NOW, 3).map(local)).toEqual(['2026-10-01T00:00:00', '2026-09-01T00:00:00', '2026-08-01T00:00:00'])
    expect(recentStamps(kind('minute'), meter, NOW, 1).map(local)).toEqual(['2026-10-05T11:07:00'])
  })

  it('memory has a depth', () => {
    expect(recentStamps(kind('day'), meter, NOW, 500)).toHaveLength(62)
    expect(recentStamps(kind('month'), meter, NOW, 500)).toHaveLength(13)
    expect(stampsBetween(kind('hour'), meter, NOW, 0, NOW)).toHaveLength(31 * 24)
  })

  it('old minutes thin out to quarter hours', () => {
    const stamps = stampsBetween(kind('minute'), meter, NOW, NOW - 3 * DAY_MS, NOW)
    const gaps = new Set(stamps.slice(1).map((s, i) => s - stamps[i]!))
    expect([...gaps].filter((g) => g !== MINUTE_MS && g !== SLOT_MS).length).toBeLessThanOrEqual(1)
    expect(gaps).toContain(MINUTE_MS)
    expect(gaps).toContain(SLOT_MS)
  })

  it('begins with the installation', () => {
    const young = { zone: 480, installedAt: NOW - 3 * DAY_MS }
    expect(recentStamps(kind('day'), young, NOW, 100)).toHaveLength(3)
    expect(stampsBetween(kind('minute'), young, NOW, 0, NOW)[0]).toBeGreaterThanOrEqual(young.installedAt)
  })

  it('a range takes from and leaves to, on whole multiples of the interval', () => {
    const from = Date.UTC(2026, 9, 4, 16, 30)
    const stamps = stampsBetween(kind('minute'), meter, NOW, from, from + 45 * MINUTE_MS, { unit: 1, value: 15 })
    expect(stamps.map(local)).toEqual(['2026-10-05T00:30:00', '2026-10-05T00:45:00', '2026-10-05T01:00:00'])
  })

  it('what a range gives is exactly what is remembered', () => {
    const range = fc.tuple(fc.constantFrom(...FREEZES), fc.integer({ min: -400_000, max: 100 }), fc.integer({ min: 0, max: 3000 }))
    fc.assert(fc.property(range, ([freeze, fromMinute, minutes]) => {
      const from = Math.floor(NOW / MINUTE_MS + fromMinute) * MINUTE_MS
      const expected: number[] = []
      for (let s = from; s < from + minutes * MINUTE_MS; s += MINUTE_MS) if (remembers(freeze, meter, s, NOW)) expected.push(s)
      expect(stampsBetween(freeze, meter, NOW, from, from + minutes * MINUTE_MS)).toEqual(expected)
    }), { numRuns: 60 })
  })

  it('the record number grows by one a stamp', () => {
    for (const freeze of FREEZES) {
      const [newest, before] = recentStamps(freeze, meter, NOW, 2)
      expect(freezeNumber(freeze, meter, newest!) - freezeNumber(freeze, meter, before!)).toBe(1)
    }
  })
})

describe('rows', () => {
  it('hold the registers of the stamp', () => {
    for (const freeze of FREEZES) {
      const [stamp] = recentStamps(freeze, meter, NOW, 1)
      const row = freezeRow(meter, freeze, stamp!)
      expect(row['00100200']).toEqual(measured(meter, '00100200', stamp!))
      expect(row['00100200']).toEqual({ type: 'array', items: meter.forward(stamp!).map((value) => ({ type: 'double-long-unsigned', value })) })
    }
  })

  it('a clock that is ahead stamps an earlier truth', () => {
    const stamp = Date.UTC(2026, 9, 5, 3)
    expect(frozenCell(meter, freezeOf('5002')!, '00100201', stamp, 600_000)).toEqual(measured(meter, '00100201', stamp - 600_000))
  })

  it('demand is frozen with billing periods only, unknown columns are NULL', () => {
    const stamp = Date.UTC(2026, 9, 4, 16)
    expect(frozenCell(meter, kind('minute'), '10100200', stamp)).toEqual({ type: 'null' })
    expect(frozenCell(meter, kind('day'), '10100201', stamp).type).toBe('structure')
    expect(frozenCell(meter, kind('day'), '45000200', stamp)).toEqual({ type: 'null' })
  })
})
