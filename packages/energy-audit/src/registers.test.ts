import { exact, exactText } from './exact.js'
import { energyByPeriod } from './period-energy.js'
import { registerEnergy } from './registers.js'
import type { DayRegisters } from './registers.js'
import { periodsOf } from './tariff.js'
import { TARIFFS } from './tariff-data.js'

const ONE = exact('1')
const at = (time: number, ...values: string[]): DayRegisters => ({ time, values: new Map(values.map((value, index) => [index + 1, exact(value)])) })
const periods = (result: ReturnType<typeof registerEnergy>) => (result.kind === 'energy' && result.byPeriod ? Object.fromEntries([...result.byPeriod].map(([period, value]) => [period, exactText(value)])) : undefined)

test('total and tariffs between the first and the last midnight, times the ratio', () => {
  const result = registerEnergy([at(1, '100', '10', '20', '30', '40'), at(2, '104', '11', '21', '31', '41'), at(3, '110', '12', '23', '33', '42')], exact('30'))
  expect(result).toMatchObject({ kind: 'energy', from: 1, to: 3, total: exact('300'), mismatch: undefined })
  expect(periods(result)).toEqual({ sharp: '60', peak: '90', flat: '90', valley: '60' })
})

test('one digit a tariff is rounding, more is a mismatch', () => {
  expect(periods(registerEnergy([at(1, '0', '0', '0', '0', '0'), at(2, '10.04', '2', '3', '4', '1')], ONE))).toBeDefined()
  const wrong = registerEnergy([at(1, '0', '0', '0', '0', '0'), at(2, '10.05', '2', '3', '4', '1')], ONE)
  expect(periods(wrong)).toBeUndefined()
  expect(wrong).toMatchObject({ mismatch: { sum: exact('10'), tolerance: exact('0.04') } })
})

test('a register that falls on the way gives nothing, even when the ends look right', () => {
  expect(registerEnergy([at(1, '100'), at(2, '5'), at(3, '120')], ONE)).toEqual({ kind: 'backwards', from: 1, to: 3 })
})

test('a meter without rates: tariff registers stand still or are not there', () => {
  expect(registerEnergy([at(1, '1', '0', '0', '0', '0'), at(2, '9', '0', '0', '0', '0')], ONE)).toMatchObject({ kind: 'energy', total: exact('8'), byPeriod: undefined, mismatch: undefined })
  expect(registerEnergy([at(1, '1'), at(2, '9')], ONE)).toMatchObject({ byPeriod: undefined, mismatch: undefined })
})

test('less than two midnights', () => {
  expect(registerEnergy([], ONE)).toEqual({ kind: 'none' })
  expect(registerEnergy([at(1, '5')], ONE)).toEqual({ kind: 'none' })
})

describe('registers or curve', () => {
  const curve = new Map([['peak' as const, exact('7')], ['valley' as const, exact('3')]])
  const registers = registerEnergy([at(1, '0', '0', '0', '0', '0'), at(2, '10', '0', '6', '0', '4')], ONE)
  const home = TARIFFS.find(({ id }) => id === 'ZJ-RES')
  const works = TARIFFS.find(({ id }) => id === 'SD-CI-2026')

  test('registers where their periods are the tariff\'s', () => {
    expect(energyByPeriod(registers, curve, home, periodsOf(home, 10))).toMatchObject({ basis: 'registers', total: exact('10') })
    expect(energyByPeriod(registers, curve, undefined, periodsOf(undefined, 10)).basis).toBe('registers')
  })
  test('the curve where a register counts a period the tariff does not know', () => {
    const sharp = registerEnergy([at(1, '0', '0', '0', '0', '0'), at(2, '10', '1', '5', '0', '4')], ONE)
    expect(energyByPeriod(sharp, curve, home, periodsOf(home, 10)).basis).toBe('curve')
  })
  test('the curve where the tariff has a period without a register', () => {
    expect(periodsOf(works, 10)).toContain('deep')
    expect(energyByPeriod(registers, curve, works, periodsOf(works, 10)).basis).toBe('curve')
  })
  test('the curve where there are no registers', () => {
    expect(energyByPeriod({ kind: 'none' }, curve, home, periodsOf(home, 10))).toEqual({ basis: 'curve', periods: curve, total: exact('10') })
  })
})
