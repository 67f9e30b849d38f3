import fc from 'fast-check'
import { exactText } from '@zhuzhan/energy-audit'
import { consumptionBetween } from '../index.js'
import type { RegisterValue, Stretch } from '../index.js'

const stretch = (over: Partial<Stretch> = {}): Stretch => ({ meter: 'M1', from: 0, to: null, ctRatio: '1', ptRatio: '1', decimals: 2, fullScale: 100_000_000, ...over })
const at = (time: number, digits: number): RegisterValue => ({ time, digits, estimated: false })
const energy = (stretches: readonly Stretch[], registers: Record<string, readonly RegisterValue[]>, from: number, to: number): string => {
  const result = consumptionBetween(stretches, (meter) => registers[meter] ?? [], from, to, 0.01)
  return result.kind === 'energy' ? exactText(result.energy) : `${result.reason} at ${result.at}`
}

it('register difference times multiplier, exact', () => {
  expect(energy([stretch({ ctRatio: '30', ptRatio: '100.5' })], { M1: [at(0, 123_456), at(10, 123_467)] }, 0, 10)).toBe('331.65')
})

it('a roll-over counts on; a fall that none explains is refused', () => {
  expect(energy([stretch()], { M1: [at(0, 99_999_990), at(10, 15)] }, 0, 10)).toBe('0.25')
  expect(energy([stretch()], { M1: [at(0, 5_000), at(10, 15)] }, 0, 10)).toBe('the register of M1 went backwards at 10')
})

it('a fall between two registers that fit makes their difference worthless', () => {
  expect(energy([stretch()], { M1: [at(0, 5_000), at(5, 4_000), at(10, 5_100)] }, 0, 10)).toContain('backwards at 5')
})

it('an exchange: what the old meter counted to its end and the new one from its begin, and the joint is told', () => {
  const stretches = [stretch({ to: 50, end: 7_000 }), stretch({ meter: 'M2', from: 50, begin: 12, ctRatio: '2' })]
  const result = consumptionBetween(stretches, (meter) => (meter === 'M1' ? [at(0, 6_900)] : [at(100, 112)]), 0, 100, 0.01)
  expect(result).toMatchObject({
    kind: 'energy', energy: 3_000_000_000_000n,
    joints: [{ at: 50, kind: 'exchange', before: { meter: 'M1', register: '70.00', ratio: '1' }, after: { meter: 'M2', register: '0.12', ratio: '2' } }],
    parts: [{ meter: 'M1', start: '69.00', end: '70.00' }, { meter: 'M2', start: '0.12', end: '1.12' }],
  })
})

it('a change of the multiplier needs the register of its instant', () => {
  const stretches = [stretch({ to: 50 }), stretch({ from: 50, ctRatio: '100' })]
  expect(energy(stretches, { M1: [at(0, 0), at(50, 100), at(100, 200)] }, 0, 100)).toBe('101')
  expect(energy(stretches, { M1: [at(0, 0), at(100, 200)] }, 0, 100)).toBe('no register of M1 at 50')
})

it('a time without a meter is refused, before, between and after', () => {
  const registers = { M1: [at(0, 0), at(10, 10), at(20, 20), at(30, 30)] }
  expect(energy([stretch({ from: 10 })], registers, 0, 20)).toBe('no meter is known for a part of the time at 0')
  expect(energy([stretch({ to: 10 }), stretch({ from: 20 })], registers, 0, 30)).toBe('no meter is known for a part of the time at 10')
  expect(energy([stretch({ to: 10 })], registers, 0, 30)).toBe('no meter is known for a part of the time at 10')
})

test('the order of arrival does not matter, roll-overs included, and energies add up over any cut', () => {
  fc.assert(fc.property(
    fc.array(fc.integer({ min: 0, max: 900_000 }), { minLength: 2, maxLength: 60 }), fc.integer({ min: 99_000_000, max: 99_999_999 }), fc.nat(), fc.nat(), (steps, begin, seed, cutAt) => {
      let register = begin
      const line = [at(0, register), ...steps.map((step, n) => at(n + 1, (register += step) % 100_000_000))]
      const shuffled = [...line].sort((a, b) => ((a.time * 7_919 + seed) % 101) - ((b.time * 7_919 + seed) % 101))
      const last = steps.length
      const cut = cutAt % (last + 1)
      const total = steps.reduce((sum, one) => sum + one, 0)
      const one = consumptionBetween([stretch()], () => shuffled, 0, last, 0.01)
      expect(one).toMatchObject({ kind: 'energy', energy: BigInt(total) * 10n ** 10n })
      const parts = [[0, cut], [cut, last]].map(([from = 0, to = 0]) => (from === to ? 0n : (consumptionBetween([stretch()], () => shuffled, from, to, 0.01) as { energy: bigint }).energy))
      expect((parts[0] as bigint) + (parts[1] as bigint)).toBe(BigInt(total) * 10n ** 10n)
    },
  ))
})
