import { feederFiles, madeFeeder } from '../fixtures/feeders.js'
import { spoil, tamper } from '../fixtures/tampering.js'
import { analyseFeeder } from './feeder.js'
import { readFeeder } from './readings.js'
import type { Feeder } from './readings.js'

const honest = madeFeeder(1)
const foundIn = (feeder: Feeder): string[] => analyseFeeder(feeder).suspects.map(({ meter }) => meter)

it('tells phases and loss of an honest feeder, and suspects nobody', () => {
  const { phases, loss, suspects } = analyseFeeder(honest)
  expect(phases.map(({ phase }) => phase)).toEqual(honest.meters.map((_, meter) => 'ABC'[meter % 3]))
  expect(suspects).toEqual([])
  loss.forEach(({ percent, technical, unexplained }, day) => {
    const sum = (rows: readonly Float64Array[]): number => rows.reduce((total, one) => total + one.slice(day * 96, (day + 1) * 96).reduce((a, b) => a + b, 0), 0)
    const supply = sum(honest.supply) / 4
    expect(percent).toBeCloseTo(((supply - sum(honest.energy)) / supply) * 100, 3)
    expect(Math.abs((percent as number) - (technical as number))).toBeLessThan(0.5)
    expect(unexplained).toBe(false)
  })
})

it('gives the same from files, and from a single day', () => {
  const { meters, supply } = feederFiles(honest)
  expect(analyseFeeder(readFeeder(meters, supply)).loss).toEqual(analyseFeeder(honest).loss)
  const day = analyseFeeder(tamper(honest, 1, { count: 0, days: 1 }).feeder)
  expect(day.phases.map(({ phase }) => phase)).toEqual(honest.meters.map((_, meter) => 'ABC'[meter % 3]))
})

it.each(['bypass', 'current-short', 'stopped-register', 'evening-bypass', 'evening-complete'] as const)('finds one meter with %s, and raises the days', (kind) => {
  const { feeder, meters: [tampered] } = tamper(honest, 3, { count: 1, kinds: [kind] })
  const { suspects, loss } = analyseFeeder(feeder)
  expect(suspects[0]?.meter).toBe(tampered?.meter)
  expect(suspects[0]?.score).toBeGreaterThan(0.6 * tampered!.kwh)
  expect(loss.filter(({ unexplained }) => unexplained).length).toBeGreaterThanOrEqual(2)
})

it('keeps its findings when readings are lost and corrupted, and suspects nobody for it', () => {
  expect(foundIn(spoil(honest, 5))).toEqual([])
  const { feeder, meters: [tampered] } = tamper(honest, 4, { count: 1, kinds: ['bypass'] })
  expect(foundIn(spoil(feeder, 5))[0]).toBe(tampered?.meter)
  const { phases, refused } = analyseFeeder(spoil(honest, 5))
  expect(phases.filter(({ phase }, meter) => phase !== 'ABC'[meter % 3])).toEqual([])
  expect(Object.keys(refused).length).toBeGreaterThan(0)
})

it('judges no loss of a day with too few meters or without supply', () => {
  const without = { ...honest, energy: honest.energy.map((one, meter) => (meter < 2 ? one.map((kwh, time) => (time < 96 ? NaN : kwh)) : one)) }
  const [first, second] = analyseFeeder(without).loss
  expect(first).toMatchObject({ percent: null, class: 'not judged', metersComplete: 22, reason: expect.stringContaining('22 of 24') })
  expect(second?.percent).not.toBeNull()
  const dark = { ...honest, supply: honest.supply.map((one) => one.map((kw, time) => (time < 40 ? NaN : kw))) }
  expect(analyseFeeder(dark).loss[0]).toMatchObject({ percent: null, reason: expect.stringContaining('supply') })
})

it('calls a phase undetermined when voltages say nothing', () => {
  const flat = { ...honest, voltage: honest.voltage.map((one, meter) => (meter === 0 ? one.map((_, time) => 240 + ((time * 7) % 11) / 10) : one)) }
  expect(analyseFeeder(flat).phases[0]?.phase).toBe('undetermined')
})

it('refuses files that are no readings', () => {
  const { meters, supply } = feederFiles(madeFeeder(2, { count: 3, days: 1 }))
  expect(() => readFeeder('', supply)).toThrow(/empty/)
  expect(() => readFeeder(meters.replace('kwh', 'energy'), supply)).toThrow(/lacks the column kwh/)
  expect(() => readFeeder(meters, supply.split('\n').slice(0, 1).join('\n'))).toThrow(/no rows/)
  const twice = readFeeder(`${meters}0,0,M01,999,240,1\n`, supply)
  expect(twice.refused).toEqual({ 'twice with other values': 3 })
  expect(twice.energy[0]?.[0]).toBeNaN()
})
