import { HOME, dayInput, intervals } from '../fixtures/days.js'
import { RULES, RULE_CODES, STATE, validateDay } from '../index.js'
import type { DayInput, RuleCode, Thresholds } from '../index.js'

const codes = (day: DayInput): RuleCode[] => validateDay(day).findings.map(({ code }) => code)
const at = (slot: number, value: number): number[] => HOME.map((one, n) => (n === slot ? value : one))
const phases = (value: number): Float64Array[] => [new Float64Array(96).fill(value)]
const sum = HOME.reduce((total, one) => total + one, 0)
/** A current that shows the energies of HOME at 220 V and PF 1. */
const currentOf = (factor = 1): Float64Array[] => [Float64Array.from(HOME, (digits) => (digits * 10 * 4 * factor) / 220)]

it('runs the checks in the order of the reference, and every code belongs to one', () => {
  expect(RULES.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(RULES.flatMap((rule) => rule.codes)).toEqual([...RULE_CODES])
})

it('finds nothing on a day that is right', () => {
  expect(codes(dayInput({
    registers: { begin: [1_000, 200, 300, 300, 200], end: [1_000 + sum, 200, 300, 300, 200 + sum] }, history: Array(60).fill(sum), likeDays: [sum, sum, sum],
    electrical: { voltage: phases(220), current: currentOf(), powerFactor: undefined }, clock: { deviationMs: 300_000, uncertaintyMs: 0 },
  }))).toEqual([])
})

// Each of these fails when the named rule is taken out of RULES; the second column of each pair stands just inside of the threshold.
test.each<[RuleCode, string, Partial<DayInput>, Partial<DayInput>, Partial<Thresholds>]>([
  ['VEE-1-CLOCK', 'clock', { clock: { deviationMs: -300_001, uncertaintyMs: 0 } }, { clock: { deviationMs: -300_000, uncertaintyMs: 0 } }, {}],
  ['VEE-1-CLOCK', 'clock, as far as its reading is certain', { clock: { deviationMs: 310_001, uncertaintyMs: 10_000 } }, { clock: { deviationMs: 310_001, uncertaintyMs: 10_001 } }, {}],
  ['VEE-2-DUPLICATE', 'the same interval with another value', { duplicates: [7] }, { duplicates: [] }, {}],
  ['VEE-2-OVERLAP', 'overlap', { overlaps: [7] }, { overlaps: [] }, {}],
  ['VEE-2-UNIT', 'Wh taken for kWh', { intervals: intervals(HOME.map((one) => one * 1_000)), registers: { begin: [1_000], end: [1_000 + sum] } }, { registers: { begin: [1_000], end: [1_000 + sum] } }, { capacityKw: null }],
  ['VEE-2-UNIT', 'the ratio applied twice', { ratio: 30, intervals: intervals(HOME.map((one) => one * 30)), registers: { begin: [1_000], end: [1_000 + sum] } }, { ratio: 30, registers: { begin: [1_000], end: [1_000 + sum] } }, { capacityKw: null }],
  ['VEE-2-UNIT', 'thousand-fold against voltage and current', { intervals: intervals(HOME.map((one) => one * 1_000)), electrical: { voltage: phases(220), current: currentOf(), powerFactor: undefined } }, {}, { capacityKw: null }],
  // 1.2 x 13.2 kW x 0.25 h = 3.96 kWh.
  ['VEE-3-RANGE', 'too much', { intervals: intervals(at(70, 397)) }, { intervals: intervals(at(70, 396)) }, { spikeRatio: 100 }],
  ['VEE-3-RANGE', 'negative', { intervals: intervals(at(70, -1)) }, { intervals: intervals(at(70, 0)) }, {}],
  ['VEE-4-BACKWARDS', 'register backwards', { registers: { begin: [5_000], end: [4_999] } }, { registers: { begin: [5_000], end: [5_000] } }, {}],
  ['VEE-4-ROLLOVER', 'roll-over', { registers: { begin: [99_999_900], end: [900] } }, { registers: { begin: [900], end: [1_900] } }, {}],
  ['VEE-4-STEP', 'over five times the largest day', { history: Array(60).fill(100), intervals: intervals(Array(96).fill(6)) }, { history: [500, ...Array(59).fill(100)], intervals: intervals(Array(96).fill(6)) }, {}],
  ['VEE-4-STEP', 'over the capacity all day', { registers: { begin: [0], end: [38_017] } }, { registers: { begin: [0], end: [38_016] } }, {}],
  ['VEE-5-RATES', 'rates and total', { registers: { begin: [], end: [1_005, 200, 300, 300, 200] } }, { registers: { begin: [], end: [1_004, 200, 300, 300, 200] } }, {}],
  ['VEE-6-SPIKE', 'spike', { intervals: intervals(at(70, 57)) }, { intervals: intervals(at(70, 56)) }, {}],
  ['VEE-7-HIGH', 'far over like weekdays', { likeDays: [sum / 2 - 1, sum / 2 - 1] }, { likeDays: [sum / 2, sum / 2] }, {}],
  ['VEE-7-LOW', 'far under like weekdays', { likeDays: [sum * 2 + 1, NaN, sum * 2 + 1] }, { likeDays: [sum * 2, NaN, sum * 2] }, {}],
  ['VEE-8-CONSISTENCY', 'energy against U x I', { electrical: { voltage: phases(220), current: currentOf(1.6), powerFactor: undefined } }, { electrical: { voltage: phases(220), current: currentOf(1.2), powerFactor: undefined } }, {}],
  ['VEE-9-STUCK', 'the same energy for twelve hours', { intervals: intervals(HOME.map((one, n) => (n < 48 ? 11 : one))) }, { intervals: intervals(HOME.map((one, n) => (n < 47 ? 11 : one))) }, {}],
  ['VEE-9-ZEROS', 'nothing counted while current flows', { intervals: intervals(Array(96).fill(0)), electrical: { voltage: [], current: phases(0.026), powerFactor: undefined } }, { intervals: intervals(Array(96).fill(0)), electrical: { voltage: [], current: phases(0.025), powerFactor: undefined } }, {}],
])('%s: %s', (code, _, wrong, right, thresholds) => {
  expect(codes(dayInput(wrong, thresholds))).toContain(code)
  expect(codes(dayInput(right, thresholds))).not.toContain(code)
})

it('a rejected value is not seen by later checks, and stays in the input', () => {
  const day = dayInput({ intervals: intervals(at(70, 50_000)) })
  const { intervals: after, findings } = validateDay(day)
  expect(findings.map(({ code }) => code)).toEqual(['VEE-3-RANGE'])
  expect(after.states[70]).toBe(STATE.rejected)
  expect(day.intervals.energy[70]).toBe(50_000)
})

it('a clock off by more than an interval leaves no interval', () => {
  const { intervals: { states }, flagged } = validateDay(dayInput({ clock: { deviationMs: 900_001, uncertaintyMs: 0 } }))
  expect([...states].every((state) => state === STATE.rejected)).toBe(true)
  expect(flagged).toBe(true)
})

it('what a person has edited is not rejected for its size', () => {
  const edited = intervals(at(70, 500))
  edited.states[70] = STATE.edited!
  const { intervals: { states }, findings } = validateDay(dayInput({ intervals: edited }))
  expect(states[70]).toBe(STATE.edited)
  expect(findings[0]?.code).toBe('VEE-3-RANGE')
})

it('without capacity, history, registers, voltage and current nothing is said about them', () => {
  expect(codes(dayInput({ intervals: intervals(HOME.map((one) => one * 1_000)) }, { capacityKw: null }))).toEqual([])
})
