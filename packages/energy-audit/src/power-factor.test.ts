import { exact, exactText } from './exact.js'
import { adjustmentPercent, compensationOf, powerFactorHundredths, powerFactorOf, reactiveOf, reactiveOfCurve } from './power-factor.js'
import type { PowerFactorStandard, TopReward085 } from './power-factor.js'

const percent = (standard: PowerFactorStandard, hundredths: number, top?: TopReward085): string => exactText(adjustmentPercent(standard, hundredths, top))

describe('adjustment of the rule of 1983, as its table says', () => {
  test.each([
    ['0.90', 100, '-0.75'], ['0.90', 95, '-0.75'], ['0.90', 94, '-0.6'], ['0.90', 91, '-0.15'], ['0.90', 90, '0'], ['0.90', 89, '0.5'],
    ['0.90', 70, '10'], ['0.90', 69, '11'], ['0.90', 65, '15'], ['0.90', 64, '17'], ['0.90', 60, '25'],
    ['0.85', 94, '-1.1'], ['0.85', 99, '-1.1'], ['0.85', 93, '-0.95'], ['0.85', 92, '-0.8'], ['0.85', 91, '-0.65'], ['0.85', 90, '-0.5'], ['0.85', 86, '-0.1'], ['0.85', 85, '0'],
    ['0.85', 84, '0.5'], ['0.85', 65, '10'], ['0.85', 64, '11'], ['0.85', 60, '15'], ['0.85', 59, '17'],
    ['0.80', 92, '-1.3'], ['0.80', 91, '-1.15'], ['0.80', 90, '-1'], ['0.80', 81, '-0.1'], ['0.80', 80, '0'], ['0.80', 79, '0.5'], ['0.80', 60, '10'], ['0.80', 55, '15'], ['0.80', 54, '17'],
  ] as const)('standard %s at %i hundredths: %s %%', (standard, hundredths, expected) => expect(percent(standard, hundredths)).toBe(expected))
  test('the unsure top under 0.85 is a setting', () => expect([percent('0.85', 94, '1.00'), percent('0.85', 93, '1.00')]).toEqual(['-1', '-0.95']))
})

describe('the factor', () => {
  // 80, 60, 100.
  test('0.80 exactly', () => expect(powerFactorHundredths(exact('80'), exact('60'))).toBe(80))
  test('rounded half up: 0.895 is 0.90, a hair below is 0.89', () => {
    // sqrt(1 / 0.895^2 - 1) = 0.4983978...
    expect(powerFactorHundredths(exact('1000'), exact('498.397'))).toBe(90)
    expect(powerFactorHundredths(exact('1000'), exact('498.398'))).toBe(89)
  })
  test('no energy, no factor; no reactive energy is 1', () => expect([powerFactorHundredths(0n, exact('5')), powerFactorHundredths(exact('5'), 0n)]).toEqual([undefined, 100]))
})

test('kvarh of an interval: 100 kWh at 0.8 are 75, whatever the sign', () => {
  expect([reactiveOf(exact('100'), exact('0.8')), reactiveOf(exact('100'), exact('-0.8')), reactiveOf(exact('100'), exact('1')), reactiveOf(exact('100'), 0n)].map(exactText)).toEqual(['75', '75', '0', '0'])
})

test('a curve needs the factor of nine tenths of its energy', () => {
  const at = (energy: string, factor: string) => new Map([[exact(factor), exact(energy)]])
  // 90 kWh with 67.5 kvarh stand for 100.
  expect(exactText(reactiveOfCurve(at('90', '0.8'), exact('100'))!)).toBe('75')
  expect(reactiveOfCurve(at('89', '0.8'), exact('100'))).toBeUndefined()
})

test('compensation: 100 kW from 0.80 to 0.90 need 100 x (0.75 - 0.48432)', () => {
  expect(Number(exactText(compensationOf(exact('100'), exact('0.75'), '0.90')))).toBeCloseTo(26.5678, 3)
  expect(compensationOf(exact('100'), exact('0.4'), '0.90')).toBe(0n)
})

test('all together', () => {
  const found = powerFactorOf({ basis: 'registers', active: exact('800'), reactive: exact('600') }, exact('10'), '0.90', '1.10')
  expect(found).toMatchObject({ hundredths: 80, percent: exact('5') })
  expect(powerFactorOf({ basis: 'curve', active: exact('800'), reactive: exact('600') }, exact('10'), undefined, '1.10')).toMatchObject({ percent: undefined, compensation: undefined })
})
