import fc from 'fast-check'
import { HOME, dayReadings, intervals, sumOf, without } from '../fixtures/days.js'
import { STATE, dayFigure, splitExactly } from '../index.js'

const sum = HOME.reduce((total, one) => total + one, 0)

it('a whole day is its register difference, complete, and may drive something', () => {
  expect(dayFigure(dayReadings())).toMatchObject({ energy: sum, basis: 'registers', complete: true, mayAct: true, estimatedShare: 0, gaps: [], findings: [] })
})

it('a gap is filled so that the day stays exact; up to 2 h by the line, above by the profile', () => {
  const like = [intervals(HOME), intervals(HOME.map((one) => one + 2))]
  const short = dayFigure(without(dayReadings(HOME, { profileDays: like }), 60, 67))
  expect(short.gaps).toEqual([{ from: 59, to: 67, reason: 'nothing came', method: 'line', scaled: true, refused: null }])
  const long = dayFigure(without(dayReadings(HOME, { profileDays: like }), 60, 68))
  expect(long.gaps).toMatchObject([{ method: 'profile', scaled: true }])
  for (const figure of [short, long]) {
    expect(sumOf(figure)).toBe(sum)
    expect(figure).toMatchObject({ energy: sum, complete: false, mayAct: false })
    expect(figure.counts.estimated).toBe(figure.gaps[0]!.to - figure.gaps[0]!.from)
  }
})

test('whatever is lost, with both registers of the day its energy and the sum of its intervals are exact', () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 96, maxLength: 96 }), fc.uniqueArray(fc.integer({ min: 1, max: 95 }), { maxLength: 95 }), fc.boolean(),
    (energy, lost, profiled) => {
      const whole = dayReadings(energy, { profileDays: profiled ? [intervals(HOME), intervals(HOME)] : [] }, 123_456, { spikeRatio: 1e9 })
      const figure = dayFigure(lost.reduce((so, n) => without(so, n, n + 1), whole))
      const total = energy.reduce((so, one) => so + one, 0)
      expect(figure.energy).toBe(total)
      expect(sumOf(figure)).toBe(total)
      expect(figure.best.energy.every((one) => one >= 0)).toBe(true)
      // What was measured is left as it was.
      figure.validated.states.forEach((state, n) => { if (state === STATE.measured) expect(figure.best.energy[n]).toBe(energy[n]) })
    },
  ))
})

test('a total is split into whole numbers that are in proportion and add up', () => {
  fc.assert(fc.property(fc.nat(2 ** 31 - 1), fc.array(fc.double({ min: -5, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 300 }), (total, weights) => {
    const parts = splitExactly(total, weights)
    expect(parts.reduce((so, one) => so + one, 0)).toBe(total)
    expect(parts.every((one) => one >= 0)).toBe(true)
  }))
  expect([...splitExactly(10, [1, 2, 1])]).toEqual([3, 5, 2])
  expect([...splitExactly(3, [0, 0, 0])]).toEqual([1, 1, 1])
})

describe('bad input gives no confident wrong number', () => {
  it('empty', () => expect(dayFigure(without(dayReadings(), 0, 97))).toMatchObject({ energy: null, whyNot: 'no readings', complete: false, mayAct: false }))
  it('sparse: only the day\'s registers', () => {
    const figure = dayFigure(without(dayReadings(), 1, 96))
    expect(figure).toMatchObject({ energy: sum, estimatedShare: 1, complete: false, mayAct: false, gaps: [{ method: 'even', scaled: true }] })
    expect(sumOf(figure)).toBe(sum)
  })
  it('sparse: the last register missing and nothing to go by', () => {
    expect(dayFigure(without(dayReadings(), 1, 97))).toMatchObject({ energy: null, mayAct: false, gaps: [{ method: null, refused: expect.stringContaining('no register') as string }] })
  })
  it('the last register missing: a sum with estimates, marked as such', () => {
    expect(dayFigure(without(dayReadings(), 96, 97))).toMatchObject({ basis: 'intervals', complete: false, mayAct: false, gaps: [{ from: 95, to: 96, method: 'line', scaled: false }] })
  })
  it('negative and swapped: one register too low', () => {
    const readings = dayReadings()
    readings.curve.values[40] = 1
    const figure = dayFigure(readings)
    // The fall is rejected and so is the jump back, and both registers around them stand: still exact.
    expect(figure).toMatchObject({ energy: sum, counts: { estimated: 2, rejected: 2 }, mayAct: false, gaps: [{ from: 39, to: 41, reason: 'VEE-3-RANGE', scaled: true }] })
    expect(sumOf(figure)).toBe(sum)
  })
  it('the day\'s registers swapped', () => {
    const readings = dayReadings()
    readings.curve.values.reverse()
    readings.registers = { begin: [readings.curve.values[0]!], end: [readings.curve.values[96]!] }
    expect(dayFigure(readings)).toMatchObject({ energy: null, whyNot: expect.stringContaining('backwards') as string, mayAct: false })
  })
  it('thousand-fold: a register that flew away and stays there', () => {
    const figure = dayFigure(dayReadings(HOME.map((one, n) => (n === 40 ? one + 50_000 : one))))
    expect(figure).toMatchObject({ energy: null, mayAct: false, findings: [{ code: 'VEE-3-RANGE' }, { code: 'VEE-4-STEP' }] })
  })
  it('stuck: a register that stands still on a customer that uses something', () => {
    const figure = dayFigure(dayReadings(Array(96).fill(0) as number[], { likeDays: [sum, sum, sum] }))
    expect(figure).toMatchObject({ energy: 0, complete: false, mayAct: false, findings: [{ code: 'VEE-7-LOW' }] })
  })
  it('wrong unit', () => {
    expect(dayFigure(dayReadings(HOME, { registers: { begin: [0], end: [sum * 1_000] } }))).toMatchObject({ energy: null, whyNot: expect.stringContaining('VEE-2-UNIT') as string })
  })
  it('duplicated with another value', () => {
    const figure = dayFigure(dayReadings(HOME, { duplicates: [10, 11] }))
    expect(figure).toMatchObject({ energy: sum, mayAct: false, gaps: [{ from: 10, to: 12, reason: 'VEE-2-DUPLICATE', scaled: true }] })
  })
})

it('a roll-over inside the day counts on', () => {
  const readings = dayReadings(HOME, {}, 100_000_000 - 300)
  readings.curve.values = readings.curve.values.map((one) => one % 100_000_000)
  readings.registers = { begin: [readings.curve.values[0]!], end: [readings.curve.values[96]!] }
  expect(dayFigure(readings)).toMatchObject({ energy: sum, basis: 'registers', counts: { measured: 96 }, findings: [{ code: 'VEE-4-ROLLOVER', effect: 'note' }] })
})
