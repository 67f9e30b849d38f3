import fc from 'fast-check'
import { createSimulatedAppliance } from './appliance.js'
import type { ApplianceNature, SimulatedAppliance } from './appliance.js'

/** 12:00 where the meter is. */
const NOW = Date.UTC(2026, 9, 5, 4)
const MINUTE = 60_000
const HEATER: ApplianceNature = { kind: 'water-heater', ratedWatts: 3_000, leastWatts: 300, drawWatts: 1_500, longestHoldSeconds: 1_800, dayHoldSeconds: 3_000, recoverySeconds: 1_200 }
type Told = Parameters<SimulatedAppliance['take']>[0]
const told = (more: Partial<Told> = {}): Told => ({ id: 'e1-A1-1', sequence: 1, watts: 500, from: NOW, to: NOW + 20 * MINUTE, ...more })
const heater = () => {
  const appliance = createSimulatedAppliance(480)
  appliance.become(HEATER, NOW)
  return { ...appliance, at: (minute: number) => appliance.state(NOW + minute * MINUTE) }
}

it('is held, returns by itself when its set-point ends and nothing renews it, and makes up what it did not use', () => {
  const one = heater()
  expect(one.at(0)).toMatchObject({ watts: 1_500, comfort: 'normal', setPointWatts: 3_000 })
  expect(one.take(told(), NOW)).toEqual({ outcome: 'applied' })
  expect(one.take(told(), NOW)).toEqual({ outcome: 'repeated' })
  expect(one.at(10)).toMatchObject({ watts: 500, setPointWatts: 500, comfort: 'held', heldSeconds: 600, energy: 833 })
  // 1 kW less for twenty minutes, made up with 1.5 kW more: 13 min 20 s.
  expect(one.at(20)).toMatchObject({ watts: 3_000, comfort: 'recovering', heldSeconds: 0, heldTodaySeconds: 1_200, restSeconds: 1_200 })
  expect(one.at(33).watts).toBe(3_000)
  expect(one.at(34)).toMatchObject({ watts: 1_500, comfort: 'recovering' })
  expect(one.at(40)).toMatchObject({ comfort: 'normal', energy: 10_000 })
  expect(one.trace(NOW + 40 * MINUTE).map(({ watts, from, to }) => [watts, Math.round((to - from) / 1_000)])).toEqual([[500, 1_200], [3_000, 800], [1_500, 400]])
})

it('refuses a set-point beyond its longest hold or under its least power, leaves one that goes on too long, and follows none while it recovers', () => {
  const one = heater()
  expect(one.take(told({ to: NOW + 31 * MINUTE }), NOW)).toEqual({ outcome: 'refused', why: 'beyond its longest hold' })
  expect(one.take(told({ watts: 200 }), NOW)).toMatchObject({ outcome: 'refused' })
  expect(one.take(told({ id: 'no hold', watts: 3_000, to: NOW + 90 * MINUTE, sequence: 0 }), NOW)).toEqual({ outcome: 'applied' })
  one.take(told(), NOW)
  one.take(told({ id: 'more', sequence: 2, from: NOW + 20 * MINUTE, to: NOW + 45 * MINUTE }), NOW + 15 * MINUTE)
  expect(one.at(29)).toMatchObject({ watts: 500, comfort: 'held' })
  expect(one.at(31)).toMatchObject({ watts: 3_000, setPointWatts: 500, comfort: 'left', restSeconds: 1_140 })
  expect(one.at(46)).toMatchObject({ comfort: 'recovering' })
  // What is left of its day: 20 minutes after the 30.
  one.take(told({ id: 'evening', sequence: 3, from: NOW + 60 * MINUTE, to: NOW + 90 * MINUTE }), NOW + 55 * MINUTE)
  expect(one.at(79)).toMatchObject({ comfort: 'held', heldTodaySeconds: 2_940 })
  expect(one.at(81)).toMatchObject({ comfort: 'left', heldTodaySeconds: 3_000, restSeconds: 12 * 3_600 - 81 * 60 })
  expect(one.at(12 * 60 + 1)).toMatchObject({ comfort: 'normal', heldTodaySeconds: 0, restSeconds: 0 })
})

// Seen failing: when the time of a hold is not ended by its longest, and when the power that is made up is not counted against what was owed.
it('property: whatever it is told, it is never held longer than it allows, in one go or in a day, and in the end it used what it would have used', () => {
  fc.assert(fc.property(fc.array(fc.record({ from: fc.integer({ min: 0, max: 300 }), minutes: fc.integer({ min: 1, max: 30 }), watts: fc.integer({ min: 300, max: 3_000 }) }), { maxLength: 20 }), (orders) => {
    const one = heater()
    orders.sort((a, b) => a.from - b.from).forEach(({ from, minutes, watts }, index) => one.take(told({ id: `o${index}`, sequence: index, watts, from: NOW + from * MINUTE, to: NOW + (from + minutes) * MINUTE }), NOW + from * MINUTE))
    // Held longer than it allows: nobody has to look on for that.
    const end = NOW + 600 * MINUTE
    const low = one.trace(end).filter(({ watts }) => watts < HEATER.drawWatts)
    let run = 0
    low.forEach(({ from, to }, index) => {
      run = (low[index - 1]?.to === from ? run : 0) + to - from
      expect(run).toBeLessThanOrEqual(HEATER.longestHoldSeconds * 1_000)
    })
    expect(low.reduce((sum, { from, to }) => sum + to - from, 0)).toBeLessThanOrEqual(HEATER.dayHoldSeconds * 1_000)
    expect(Math.abs(one.state(end).energy - 150_000)).toBeLessThanOrEqual(1)
  }))
})
