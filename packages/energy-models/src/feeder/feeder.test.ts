import { feederFiles, madeFeeder } from '../fixtures/feeders.js'
import { spoil, tamper } from '../fixtures/tampering.js'
import { createRandom } from '../random.js'
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

type Change = (feeder: Feeder, meter: number, time: number) => void
const rows = (f: Feeder): readonly Float64Array[][] => [f.energy, f.voltage, f.current]
const wrong: Record<string, Change> = {
  'rows lost': (f, m, t) => rows(f).forEach((one) => { one[m]![t] = NaN }),
  'energies negative': (f, m, t) => { f.energy[m]![t]! *= -1 },
  'energies ten-fold': (f, m, t) => { f.energy[m]![t]! *= 10 },
  'energies of the slot before': (f, m, t) => { f.energy[m]![t] = f.energy[m]![Math.max(0, t - 1)]! },
  'currents ten-fold': (f, m, t) => { f.current[m]![t]! *= 10 },
  'rows all zero': (f, m, t) => rows(f).forEach((one) => { one[m]![t] = 0 }),
  'rows thousand-fold': (f, m, t) => rows(f).forEach((one) => { one[m]![t]! *= 1_000 }),
  'supplies lost': (f, m, t) => { if (m < 3) f.supply[m]![t] = f.supplyVoltage[m]![t] = NaN },
  'supplies zero': (f, m, t) => { if (m < 3) f.supply[m]![t] = 0 },
  'supplies ten-fold': (f, m, t) => { if (m < 3) f.supply[m]![t]! *= 10 },
}
function changed(feeder: Feeder, seed: number, share: number, change: Change): Feeder {
  const random = createRandom(seed)
  const copy = (series: readonly Float64Array[]): Float64Array[] => series.map((one) => one.slice())
  const next: Feeder = { ...feeder, energy: copy(feeder.energy), voltage: copy(feeder.voltage), current: copy(feeder.current), supply: copy(feeder.supply), supplyVoltage: copy(feeder.supplyVoltage), refused: {} }
  next.energy.forEach((one, meter) => one.forEach((_, time) => { if (random() < share) change(next, meter, time) }))
  return next
}
const cut = tamper(honest, 1, { count: 0, days: 2 }).feeder
const stolen = tamper(cut, 2, { count: 1, days: 2, kinds: ['evening-bypass'] }).feeder
const lossOf = (feeder: Feeder) => analyseFeeder(feeder).loss
const cleanLoss = [lossOf(cut), lossOf(stolen)] as const

// Seen failing for every kind but 'energies negative' without levels to judge by (levels.ts); for 'rows lost' with a level of 0 in place of the one measured around.
it.each(Object.keys(wrong))('keeps the daily loss within 0.1 points with %s, and what is unmetered stays unmetered', (kind) => {
  const share = kind.endsWith('lost') ? 0.05 : 0.01
  ;[cut, stolen].forEach((feeder, index) => lossOf(changed(feeder, 9, share, wrong[kind] as Change)).forEach((day, at) => {
    const off = Math.abs((day.percent as number) - (cleanLoss[index]![at]!.percent as number))
    const { percent, technical } = cleanLoss[index]![at]!
    // A thief takes peaks: with the slot of one lost, at most a fifth of what is unmetered goes with it.
    expect(off).toBeLessThanOrEqual(index === 0 ? Math.min(0.1, day.uncertainty + 0.02) : Math.max(day.uncertainty, 0.2 * (percent! - technical!)))
  }))
})

it('gives no figure when estimates leave it unknown', () => {
  const holes = changed(cut, 9, 0.19, wrong['rows lost'] as Change)
  for (const day of lossOf(holes)) expect(day.percent === null ? day.reason : Math.abs(day.percent - (cleanLoss[0][day.day - cut.days[0]!]!.percent as number)) <= day.uncertainty).toBeTruthy()
  const blind = changed(cut, 9, 0.6, wrong['rows lost'] as Change)
  for (const day of lossOf(blind)) expect(day).toMatchObject({ percent: null, reason: expect.stringMatching(/meters have data|points/) as string })
})

it('calls a phase undetermined when voltages say nothing', () => {
  const flat = { ...honest, voltage: honest.voltage.map((one, meter) => (meter === 0 ? one.map((_, time) => 240 + ((time * 7) % 11) / 10) : one)) }
  expect(analyseFeeder(flat).phases[0]?.phase).toBe('undetermined')
})

it('gives a figure or says why not, and suspects nobody, when whole columns are missing', () => {
  const without = (series: readonly Float64Array[], is: (index: number) => boolean = () => true): Float64Array[] => series.map((one, index) => (is(index) ? one.map(() => NaN) : one))
  const clean = cleanLoss[0]
  const same = (feeder: Feeder) => { const { loss, suspects } = analyseFeeder(feeder); loss.forEach(({ percent }, day) => { expect(percent).toBeCloseTo(clean[day]!.percent!, 1) }); expect(suspects).toEqual([]); return loss }
  expect(same({ ...cut, voltage: without(cut.voltage, (meter) => meter === 4) })[0]?.technical).toBeCloseTo(clean[0]!.technical!, 1)
  // Seen at 100 % loss with voltages of 0 taken for real.
  expect(same({ ...cut, voltage: without(cut.voltage) })[0]?.technical).toBeNull()
  expect(same({ ...cut, supplyVoltage: without(cut.supplyVoltage) })[0]?.technical).toBeNull()
  same({ ...cut, current: without(cut.current) })
  // Seen naming four honest meters without unreadMeters.
  const dark = analyseFeeder({ ...cut, energy: without(cut.energy, (meter) => meter === 1), current: without(cut.current, (meter) => meter === 1) })
  expect(dark).toMatchObject({ suspects: [], notes: expect.arrayContaining([expect.stringContaining('M02')]) as string[] })
  expect(dark.loss[0]).toMatchObject({ percent: null, reason: 'only 23 of 24 meters have data' })
})

it.each([[1, 1], [3, 1], [12, 2]])('judges a feeder of %s meters and %s days', (count, days) => {
  const feeder = madeFeeder(count, { count, days })
  const { phases, loss, suspects } = analyseFeeder(feeder)
  expect(phases.filter(({ phase }, meter) => phase !== 'undetermined' && phase !== 'ABC'[meter % 3])).toEqual([])
  expect(suspects).toEqual([])
  for (const { percent, technical } of loss) expect(Math.abs(percent! - technical!)).toBeLessThan(0.25)
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
