import fc from 'fast-check'
import { costOf, stepSurcharge } from './cost.js'
import { exact, exactText } from './exact.js'
import type { Period, Tariff } from './tariff.js'
import { TARIFFS } from './tariff-data.js'

const tariff = (id: string): Tariff => TARIFFS.find((one) => one.id === id)!
const energy = (parts: Partial<Record<Period, string>>) => new Map(Object.entries(parts).map(([period, text]) => [period as Period, exact(text)]))
const STEPS = [2760, 4800]
const SURCHARGES = [0, 0.05, 0.3]

test('prices: 100 kWh at 0.568 and 50 kWh at 0.288', () => {
  const cost = costOf(tariff('ZJ-RES'), energy({ peak: '100', valley: '50' }), 0n)
  expect(exactText(cost.amount!)).toBe('71.2')
  expect([...cost.byPeriod].map(([period, amount]) => [period, exactText(amount)])).toEqual([['peak', '56.8'], ['valley', '14.4']])
  expect(cost).toMatchObject({ steps: 0n, flatEquivalent: undefined, notApplied: [] })
})

test('ratios: no amount, but the energy at the flat price that costs the same', () => {
  const cost = costOf(tariff('GD-CI-2021'), energy({ peak: '10', flat: '20', valley: '100' }), undefined)
  expect(cost.amount).toBeUndefined()
  expect(exactText(cost.flatEquivalent!)).toBe('75')
  expect(cost.notApplied).toEqual(['amounts: the tariff gives ratios to the flat price and no price'])
})

test('ratios of which the source does not say when they hold give nothing', () => {
  expect(costOf(tariff('SH-CI-2P-2023'), energy({ peak: '10' }), undefined)).toMatchObject({ flatEquivalent: undefined, amount: undefined })
})

test('no tariff, no price for a period, no register of the year\'s begin', () => {
  expect(costOf(undefined, energy({ flat: '1' }), 0n).notApplied).toEqual(['the meter has no known tariff'])
  expect(costOf(tariff('ZJ-RES'), energy({ sharp: '1', peak: '1' }), 0n)).toMatchObject({ amount: undefined, notApplied: ['amounts: no price for sharp'] })
  const cost = costOf(tariff('ZJ-RES'), energy({ peak: '100' }), undefined)
  expect(exactText(cost.amount!)).toBe('56.8')
  expect(cost.notApplied).toEqual(['yearly steps: no register of the year\'s begin'])
})

// 2,700 used: 60 without surcharge, 2,040 at 0.05, 400 at 0.3.
test.each([['2700', '2500', '222'], ['0', '100', '0'], ['2760', '1', '0.05'], ['5000', '10', '3'], ['4800', '0', '0'], ['2759.5', '1', '0.025']])(
  'steps: %s kWh used, %s kWh more: %s CNY', (before, more, surcharge) => expect(exactText(stepSurcharge(exact(before), exact(more), STEPS, SURCHARGES))).toBe(surcharge),
)

test('steps do not depend on how the year is cut into months', () => {
  const kWh = fc.integer({ min: 0, max: 600_000 }).map((n) => exact((n / 100).toFixed(2)))
  fc.assert(fc.property(kWh, kWh, kWh, (before, one, two) => {
    const whole = stepSurcharge(before, one + two, STEPS, SURCHARGES)
    expect(stepSurcharge(before, one, STEPS, SURCHARGES) + stepSurcharge(before + one, two, STEPS, SURCHARGES)).toBe(whole)
  }))
})
