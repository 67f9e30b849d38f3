import { exact, exactText, times } from '@zhuzhan/energy-audit'
import fc from 'fast-check'
import { consumptionBetween, continuedRegisters, digitsText, holderAt, jointsBetween, placesUntil } from '../index.js'
import type { MeterExchange, RegisterValue, Stretch } from '../index.js'

const TOTAL = 0x00100201
const exchange = (at: number, before: number, after: number, last = '100.00', first = '0.00'): MeterExchange => ({ at, before, after, registers: new Map([[TOTAL, [last, first]]]) })
/** 1 → 2 at 10, 2 → 3 at 20; 1 comes back in place of 4 at 30. */
const HISTORY = [exchange(20, 2, 3), exchange(10, 1, 2), exchange(30, 4, 1)]

test('the meters of a supply point, as they followed each other', () => {
  expect(placesUntil(HISTORY, 3, 100)).toEqual([{ meter: 1, from: null, to: 10 }, { meter: 2, from: 10, to: 20 }, { meter: 3, from: 20, to: null }])
  expect(placesUntil(HISTORY, 2, 15)).toEqual([{ meter: 1, from: null, to: 10 }, { meter: 2, from: 10, to: null }])
  expect(placesUntil(HISTORY, 1, 10)).toEqual([{ meter: 1, from: null, to: null }])
  expect(placesUntil(HISTORY, 1, 20)).toBeUndefined()
  expect(placesUntil(HISTORY, 1, 40)).toEqual([{ meter: 4, from: null, to: 30 }, { meter: 1, from: 30, to: null }])
  expect(placesUntil(HISTORY, 9, 40)).toEqual([{ meter: 9, from: null, to: null }])
})

test('who counts there later', () => {
  expect([holderAt(HISTORY, 1, 5, 15), holderAt(HISTORY, 1, 5, 100), holderAt(HISTORY, 3, 25, 100), holderAt(HISTORY, 4, 5, 100)]).toEqual([2, 3, 3, 1])
  expect(holderAt(HISTORY, 1, 15, 100)).toBeUndefined()
})

test('a line of registers needs every joint of its item, and prints them as the package does', () => {
  const places = placesUntil(HISTORY, 3, 100) ?? []
  expect(continuedRegisters(HISTORY, places, ['1', '1', '1'], TOTAL + 1)).toBeUndefined()
  expect(jointsBetween(HISTORY, places, [1, 2, 3].map((n) => ({ address: `M${n}`, ratio: '1.0' })), TOTAL)[1])
    .toEqual({ at: 20, kind: 'exchange', before: { meter: 'M2', register: '100.00', ratio: '1' }, after: { meter: 'M3', register: '0.00', ratio: '1' } })
})

/** Mutation seen failing: `offsets.push` without the first register of the new meter. */
test('the line tells the same energy as the stretches, whatever the registers and multipliers', () => {
  const part = fc.record({ begin: fc.nat(1_000_000), used: fc.nat(100_000), ratio: fc.constantFrom('1', '30', '12.5') })
  fc.assert(fc.property(fc.array(part, { minLength: 2, maxLength: 4 }), (parts) => {
    const text = (digits: number): string => digitsText(digits, 2)
    const exchanges = parts.slice(1).map((after, n) => exchange((n + 1) * 10, n, n + 1, text((parts[n] as typeof after).begin + (parts[n] as typeof after).used), text(after.begin)))
    const places = placesUntil(exchanges, parts.length - 1, 1_000) ?? []
    const end = parts.length * 10
    const registers = (meter: string): RegisterValue[] => {
      const { begin, used } = parts[Number(meter)] as typeof parts[number]
      return [{ time: 0, digits: begin, estimated: false }, { time: end, digits: begin + used, estimated: false }]
    }
    const stretches = places.map(({ meter, from, to }, n): Stretch => ({
      meter: String(meter), from: from ?? 0, to, ctRatio: (parts[n] as typeof parts[number]).ratio, ptRatio: '1', decimals: 2, fullScale: 100_000_000,
      ...(n > 0 && { begin: (parts[n] as typeof parts[number]).begin }), ...(to !== null && { end: (parts[n] as typeof parts[number]).begin + (parts[n] as typeof parts[number]).used }),
    }))
    const known = consumptionBetween(stretches, registers, 0, end, 0)
    if (known.kind !== 'energy') throw new Error(known.reason)
    const ratios = parts.map(({ ratio }) => ratio)
    expect(known.joints).toEqual(jointsBetween(exchanges, places, ratios.map((ratio, n) => ({ address: String(n), ratio })), TOTAL))
    const line = continuedRegisters(exchanges, places, ratios, TOTAL) as NonNullable<ReturnType<typeof continuedRegisters>>
    const [opening, closing] = [parts[0], parts.at(-1)] as [typeof parts[number], typeof parts[number]]
    const counted = line.of(parts.length - 1, exact(text(closing.begin + closing.used))) - line.of(0, exact(text(opening.begin)))
    expect(exactText(times(counted, exact(line.ratio)))).toBe(exactText(known.energy))
  }))
})
