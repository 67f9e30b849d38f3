import fc from 'fast-check'
import { INTERVAL_MS } from './curve.js'
import { exact } from './exact.js'
import type { AuditInput } from './input.js'
import { auditReport } from './report.js'

/** October 2026 at +08:00. */
const BEGIN = Date.parse('2026-09-30T16:00:00Z')
const END = Date.parse('2026-10-31T16:00:00Z')
const SLOTS = (END - BEGIN) / INTERVAL_MS
const METER = { address: '000000001001', terminal: '000000000001', name: null, ctRatio: '1.0000', ptRatio: '1.0000', tariff: null, offsetMinutes: 480 }

/** A month in which every quarter hour uses `kWh(slot of the day)`; registers start at 1000. */
function month(kWh: (slot: number) => number, over: Partial<AuditInput> = {}): AuditInput {
  let register = 100_000
  const tariffs = [0, 0, 0, 0]
  const curve = [{ time: BEGIN, value: exact('1000'), estimated: false }]
  const midnight = (time: number) => ({ time, values: new Map([register, ...tariffs].map((count, index) => [index + 1, exact((count / 100).toFixed(2))])) })
  const midnights = [midnight(BEGIN)]
  for (let slot = 0; slot < SLOTS; slot++) {
    const used = Math.round(kWh(slot % 96) * 100)
    register += used
    const hour = Math.floor((slot % 96) / 4)
    tariffs[hour >= 8 && hour < 22 ? 1 : 3]! += used
    const time = BEGIN + (slot + 1) * INTERVAL_MS
    curve.push({ time, value: exact((register / 100).toFixed(2)), estimated: false })
    if ((slot + 1) % 96 === 0) midnights.push(midnight(time))
  }
  return { meter: METER, month: '2026-10', now: END + 86_400_000, installedAt: BEGIN - 1, curve, recollected: 0, midnights, yearBegin: undefined, demandRegister: undefined, conflicts: 0, latestReceivedAt: END, ...over }
}

describe('a home by hand: 0.25 kWh a quarter hour, 1 kWh from 18 to 22 o\'clock', () => {
  // A day: 80 x 0.25 + 16 x 1 = 36 kWh; 8 to 22: 40 x 0.25 + 16 = 26 peak, 10 valley. 31 days.
  const report = auditReport(month((slot) => (slot >= 72 && slot < 88 ? 1 : 0.25), { meter: { ...METER, tariff: 'ZJ-RES' }, yearBegin: exact('0') }))

  test('energy from registers, checked by the curve', () => {
    expect(report.energy).toEqual({
      unit: 'kWh',
      total: { value: '1116', basis: 'registers', from: '2026-10-01T00:00:00+08:00', to: '2026-11-01T00:00:00+08:00', formula: '(R2 - R1) x ctRatio x ptRatio' },
      intervals: { value: '1116', count: 2976 },
      intervalCheck: { difference: '0', tolerance: '5.58', holds: true },
    })
    expect(report.energyByPeriod).toMatchObject({ basis: 'registers', periods: { sharp: { value: '0' }, peak: { value: '806', share: 0.7222 }, flat: { value: '0' }, valley: { value: '310', share: 0.2778 } } })
  })
  // 806 x 0.568 + 310 x 0.288 = 547.088; 1,000 kWh used before, so no step is reached.
  test('cost', () => expect(report.cost).toMatchObject({ amount: '547.088', byPeriod: { peak: '457.808', valley: '89.28' }, steps: '0', withheld: false, notApplied: [] }))
  test('demand', () => expect(report.maximumDemand).toMatchObject({ value: '4', from: '2026-10-01T18:00:00+08:00', to: '2026-10-01T18:15:00+08:00', fromEstimated: false }))
  // Mean 1.5 kW of 4.
  test('load factor', () => expect(report.loadFactor).toMatchObject({ month: 0.375, daily: 0.375, dailyOverDays: 31, meanPowerKw: 1.5 }))
  test('peak and valley', () => expect(report.peakValley).toMatchObject({ difference: '3', ratio: 0.75, minimum: '1' }))
  // 1 kW x 744 h of 1,116 kWh.
  test('base load', () => expect(report.baseLoad).toMatchObject({ value: 1, share: 0.6667 }))
  test('completeness and the data seen', () => {
    expect(report.completeness).toMatchObject({ expected: 2976, present: 2976, share: 1 })
    expect(report.data).toEqual({ curveRegisters: 2977, estimatedCurveRegisters: 0, midnightRegisters: 32, midnightsExpected: 32, conflicts: 0, latestReceivedAt: '2026-11-01T00:00:00+08:00' })
    expect(report.provisional).toBe(false)
  })
  test('findings', () => expect(report.findings.map(({ code }) => code)).toEqual(['BASE_LOAD_HIGH', 'PEAK_SHIFT']))
})

test('yearly steps begin where the year\'s energy says', () => {
  const report = auditReport(month((slot) => (slot >= 72 && slot < 88 ? 1 : 0.25), { meter: { ...METER, tariff: 'ZJ-RES', ctRatio: '2.0000' }, yearBegin: exact('0') }))
  // Register 1,000 at ratio 2: 2,000 kWh before the month, 2,232 in it; 4,232 - 2,760 = 1,472 kWh at 0.05.
  expect(report.cost).toMatchObject({ steps: '73.6', amount: '1167.776' })
})

test('ratios multiply energy and power, exactly', () => {
  const report = auditReport(month(() => 0.1, { meter: { ...METER, ctRatio: '33.3333', ptRatio: '100.0000' } }))
  expect(report.meter.ratio).toBe('3333.33')
  // 2,976 x 0.1 x 3,333.33
  expect(report.energy.total.value).toBe('991999.008')
  expect(report.maximumDemand.value).toBe('1333.332')
})

test('94 % is provisional, 79 % withholds amounts', () => {
  const whole = month(() => 1, { meter: { ...METER, tariff: 'ZJ-RES' }, midnights: [] })
  const keep = (share: number): AuditInput => ({ ...whole, curve: whole.curve.slice(0, Math.round(SLOTS * share)) })
  const [good, fair, poor] = [0.96, 0.94, 0.79].map((share) => auditReport(keep(share)))
  expect([good!.provisional, fair!.provisional, poor!.provisional]).toEqual([false, true, true])
  expect([good!.cost.amount, fair!.cost.amount, poor!.cost.amount].map((amount) => amount === null)).toEqual([false, false, true])
  expect(poor!.cost).toMatchObject({ withheld: true, byPeriod: {}, steps: null })
  expect(poor!.findings[0]).toMatchObject({ code: 'INCOMPLETE', figures: { completeness: 0.79 } })
  expect(poor!.energy.total.basis).toBe('curve')
})

test('the month in progress, and a meter installed in its middle', () => {
  const whole = month(() => 1)
  const now = BEGIN + 10 * 86_400_000 + 60_000
  const report = auditReport({ ...whole, now, installedAt: BEGIN + 5 * 86_400_000, curve: whole.curve.filter(({ time }) => time <= now && time >= BEGIN + 5 * 86_400_000), midnights: whole.midnights.slice(5, 11) })
  expect(report.period.monthOver).toBe(false)
  expect(report.provisional).toBe(true)
  expect(report.completeness).toMatchObject({ expected: 481, present: 481, share: 1 })
  expect(report.energy.total).toMatchObject({ value: '480', from: '2026-10-06T00:00:00+08:00', to: '2026-10-11T00:00:00+08:00' })
  expect(report.data.midnightsExpected).toBe(6)
})

test('nothing at all, and a month before the installation', () => {
  const empty = month(() => 0, { curve: [], midnights: [], latestReceivedAt: null })
  expect(auditReport(empty)).toMatchObject({ energy: { total: { value: null } }, maximumDemand: { value: null }, loadFactor: { month: null }, baseLoad: { value: null }, completeness: { expected: 2976, present: 0, share: 0 }, provisional: true })
  expect(auditReport({ ...empty, installedAt: END + 1 })).toMatchObject({ completeness: { expected: 0, share: null }, provisional: true, findings: [{ code: 'NOTHING_EXPECTED' }] })
})

test('faults are found: backwards register, conflict, sums that do not agree', () => {
  const whole = month(() => 1)
  const broken = whole.midnights.map((one, index) => (index === 9 ? { ...one, values: new Map([[1, exact('1')]]) } : one))
  const report = auditReport({ ...whole, midnights: broken, conflicts: 3 })
  expect(report.findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['REGISTER_BACKWARDS', 'CONFLICTING_READINGS']))
  expect(report.energy.total.basis).toBe('curve')

  const low = whole.midnights.map((one) => ({ ...one, values: new Map([[1, one.values.get(1)! * 9n / 10n]]) }))
  expect(auditReport({ ...whole, midnights: low }).findings.map(({ code }) => code)).toContain('INTERVAL_SUM_MISMATCH')
})

test('any month gives a report that JSON can carry, and the same input the same report', () => {
  const load = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 96, maxLength: 96 })
  fc.assert(fc.property(load, fc.constantFrom(null, 'ZJ-RES', 'AH-CI-2025', 'gone'), fc.double({ min: 0, max: 1, noNaN: true }), (day, tariff, share) => {
    const whole = month((slot) => day[slot]! / 100, { meter: { ...METER, tariff } })
    const input = { ...whole, curve: whole.curve.filter((_, index) => (index * 7919) % 1000 < share * 1000) }
    const text = JSON.stringify(auditReport(input))
    expect(text).not.toMatch(/NaN|Infinity/)
    expect(JSON.stringify(auditReport(input))).toBe(text)
  }), { numRuns: 15 })
}, 20_000)
