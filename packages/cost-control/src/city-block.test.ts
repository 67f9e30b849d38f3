/**
 * A year of a simulated city block: payments, charges, complaints, outages, holidays, weather warnings, late and corrected readings,
 * estimates, lost notices, refused and unknown commands, and a station that is killed in the middle and goes on with the same rows.
 * An oracle that shares nothing with the program looks at every trip that leaves the station, at everybody without supply, and at the books.
 */
import fc from 'fast-check'
import { TRIP_RULES } from './index.js'
import { runYear } from './fixtures/city-block.js'
import type { BlockSettings } from './fixtures/city-block.js'
import type { Mutation } from './fixtures/block-station.js'

const settings = fc.record({ seed: fc.nat(), customers: fc.integer({ min: 12, max: 20 }), harsh: fc.boolean(), lossShare: fc.constantFrom(0, 0.1, 0.3), crashShare: fc.constantFrom(0, 0.01, 0.1) })

/** With ZHUZHAN_TEST_LONG=1 fifty years instead of two. */
const YEARS = process.env['ZHUZHAN_TEST_LONG'] === '1' ? 50 : 2

test('nobody is cut off while anything protects him, nobody is left in the dark after paying, the ledger balances to the last 0.0001', () => {
  fc.assert(fc.property(settings, (given) => {
    const year = runYear(given)
    expect(year.violations).toEqual([])
    for (const row of year.station.rows.values()) expect(row.totals.balance).toBe(row.totals.payments - row.totals.charges - row.totals.reserved)
  }), { numRuns: YEARS })
}, 600_000)

test('the block is worth looking at: many are cut off and get supply back, through crashes', () => {
  const year = runYear({ seed: 7, customers: 20, harsh: true, lossShare: 0.1, crashShare: 0.02 })
  expect(year.violations).toEqual([])
  expect(year.trips).toBeGreaterThan(60)
  expect(year.closings).toBeGreaterThan(60)
  expect(year.crashes).toBeGreaterThan(100)
})

/** Each protection switched off must be seen by the oracle: a test of the test. */
describe('a station with one protection switched off is found out', () => {
  const block: BlockSettings = { seed: 7, customers: 18, harsh: true, lossShare: 0.1, crashShare: 0.01 }
  const found = (code: string, mutation: Mutation): Set<string> => new Set(runYear({ ...block, stopAt: code, ...(code === 'LEDGER' ? { days: 20 } : {}) }, mutation).violations.map(({ what }) => what))

  // ALARM_1 is implied by the state machine, TRIPPED_LATELY by the notices, HOUR_LIMIT needs a town, FAULT a broken meter: trip-rules.test.ts.
  test.each(['OVERDUE', 'CONTRACT', 'ALARM_2', 'FINAL_NOTICE', 'READING_ESTIMATED', 'READING_OLD', 'TIME_OF_DAY', 'WEEKEND', 'HOLIDAY', 'HOLIDAY_EVE', 'AREA_LIMIT'])('rule %s', (code) => {
    expect(found(code, { rules: TRIP_RULES.filter((rule) => rule.code !== code) })).toContain(code)
  })
  test.each(['power-preserve', 'protected-equipment', 'medical', 'complaint', 'payment-pending', 'weather-warning', 'outage', 'demand-response'] as const)('deaf to %s', (kind) => {
    const code = kind.toUpperCase().replace('-', '_')
    expect(found(code, { deafTo: kind })).toContain(code)
  })
  test.each([['doubleBooking', 'LEDGER'], ['onePerson', 'TWO_PERSONS'], ['neverClose', 'LEFT_IN_THE_DARK']] as const)('%s', (what, code) => {
    expect(found(code, { [what]: true })).toContain(code)
  })
})
