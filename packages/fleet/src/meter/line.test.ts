import fc from 'fast-check'
import { lineValues } from './line.js'
import { meterModel } from './meter.js'
import { element, measured, scalerUnit } from './objects.js'

const address = fc.integer({ min: 0, max: 999_999 }).map((n) => String(n).padStart(12, '0'))
const moment = fc.integer({ min: Date.UTC(2025, 0, 1) / 1000, max: Date.UTC(2028, 0, 1) / 1000 }).map((s) => s * 1000)

describe('line values', () => {
  it('fit together: power = voltage x current x power factor, total = sum of the phases', () => {
    fc.assert(fc.property(address, moment, (a, t) => {
      const v = lineValues(meterModel(a), t)
      expect(v.activePower[0]).toBe(v.activePower.slice(1).reduce((sum, p) => sum + p, 0))
      v.voltage.forEach((volts, phase) => {
        expect(volts).toBeGreaterThan(2000)
        expect(volts).toBeLessThan(2400)
        const watts = (volts / 10) * (v.current[phase]! / 1000) * (Math.abs(v.powerFactor[phase + 1]!) / 1000)
        expect(Math.abs(watts - Math.abs(v.activePower[phase + 1]!) / 10)).toBeLessThan(1 + watts * 0.01)
      })
    }))
  })

  it('power follows the register', () => {
    const meter = meterModel('000000000017')
    const t = Date.UTC(2026, 9, 5, 12, 5)
    const { forward, reverse } = meter.slotEnergy(t)
    expect(Math.abs(lineValues(meter, t).activePower[0]! / 4 / (forward - reverse) - 1)).toBeLessThan(0.05)
  })

  it('reactive registers tell the power factor that the line shows', () => {
    const register = (a: string, oad: string, t: number): number => (measured(meterModel(a), oad, t) as { value: number }).value
    fc.assert(fc.property(address, (a) => {
      const [from, to] = [Date.UTC(2026, 8, 30, 16), Date.UTC(2026, 9, 31, 16)]
      const [active, reactive] = ['00100201', '00300201'].map((oad) => register(a, oad, to) - register(a, oad, from)) as [number, number]
      const factor = active / Math.hypot(active, reactive)
      expect(Math.abs(factor - meterModel(a).premises.powerFactor / 1000)).toBeLessThan(0.005)
    }), { numRuns: 30 })
  })

  it('no current through an open relay, the voltage stays', () => {
    const meter = meterModel('000000000017')
    const t = Date.UTC(2026, 9, 5, 12)
    meter.relay.trip(t)
    const v = lineValues(meter, t + 1000)
    expect(v.current.every((a) => a === 0)).toBe(true)
    expect(v.activePower.every((p) => p === 0)).toBe(true)
    expect(v.voltage.every((u) => u > 2000)).toBe(true)
  })
})

describe('objects', () => {
  const meter = meterModel('000000000017')
  const t = Date.UTC(2026, 9, 5, 12)

  it('index 0 is the array, n its n-th element, beyond it nothing', () => {
    const whole = measured(meter, '00100200', t)!
    expect(measured(meter, '00100203', t)).toEqual(element(whole, 3))
    expect(measured(meter, '00100206', t)).toBeUndefined()
    expect(measured(meter, '200F0201', t)).toBeUndefined()
    expect(measured(meter, '77770200', t)).toBeUndefined()
  })

  it('scaler and unit are attribute 3, fine energy attribute 5', () => {
    expect(scalerUnit('00100300')).toEqual({ type: 'scaler-unit', scaler: -2, unit: 33 })
    expect(scalerUnit('00100500')).toEqual({ type: 'scaler-unit', scaler: -4, unit: 33 })
    expect(scalerUnit('20000300')).toEqual({ type: 'scaler-unit', scaler: -1, unit: 38 })
    expect(scalerUnit('40000300')).toBeUndefined()
  })

  it('fine energy is the same energy with two more digits', () => {
    const coarse = meter.forward(t)[1]
    const fine = measured(meter, '00100402', t)
    expect(fine?.type).toBe('long64-unsigned')
    expect(Number((fine as { value: bigint }).value / 100n)).toBe(coarse)
  })
})
