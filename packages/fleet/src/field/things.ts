import { ACCESS } from '@zhuzhan/field-sessions'
import type { Kind, ObjectName } from '@zhuzhan/field-sessions'
import type { Device } from '../device/device.js'
import { between, fraction } from '../meter/hash.js'
import { lineValues } from '../meter/line.js'

/** What a virtual device at a boundary is like apart from its session: a state, and values that fit its meter. */
export interface Thing {
  /** What it would report now; empty for one that only reads. */
  values(nowMs: number): { object: ObjectName; value: number }[]
  /** What it asks the meter for. */
  readonly reads: readonly ObjectName[]
  act(object: ObjectName, value: number): boolean
}

/** Watts through the meter now. */
export const wattsOf = ({ meter }: Device, nowMs: number): number => Math.max(0, Math.round((lineValues(meter, nowMs).activePower[0] ?? 0) / 10))

/** Energy of a device that takes a share of its meter's power, counted as the time passes. 10^-2 kWh. */
function counting(): (watts: number, nowMs: number) => number {
  let wattSeconds = 0
  let last: { watts: number; at: number } | undefined
  return (watts, nowMs) => {
    if (last) wattSeconds += last.watts * Math.max(0, (nowMs - last.at) / 1000)
    last = { watts, at: nowMs }
    return Math.floor(wattSeconds / 36_000)
  }
}

type Make = (device: Device, seed: number) => Omit<Thing, 'reads'>

/** A device that takes part of what flows through the meter and can be told to take less. */
function consumer(share: number, limitObject: ObjectName, report: (watts: number, energy: number) => { object: ObjectName; value: number }[]): Make {
  return (device) => {
    let limit = Number.POSITIVE_INFINITY
    const energy = counting()
    return {
      values: (now) => {
        const watts = Math.min(limit, Math.floor(wattsOf(device, now) * share))
        return report(watts, energy(watts, now))
      },
      act: (object, value) => {
        if (object !== limitObject) return false
        limit = value
        return true
      },
    }
  }
}

const breaker: Make = (device, seed) => {
  let closed = true
  return {
    values: (now) => {
      const current = closed ? Math.min(125_000, Math.abs(lineValues(device.meter, now).current[0] ?? 0)) : 0
      return [{ object: 'breakerState', value: closed ? 1 : 0 }, { object: 'breakerTemperature', value: 250 + Math.floor(current / 500) + (seed % 20) }, { object: 'breakerCurrent', value: current }]
    },
    act: (object, value) => {
      if (object !== 'breakerSwitch') return false
      closed = value === 1
      return true
    },
  }
}

const sensor: Make = (_device, seed) => ({
  values: (now) => [
    { object: 'temperature', value: 200 + Math.round(60 * Math.sin(now / 1.4e7)) + (seed % 10) },
    { object: 'humidity', value: 500 + Math.round(150 * fraction(seed, Math.floor(now / 3_600_000))) },
    { object: 'leakageCurrent', value: between(seed, Math.floor(now / 60_000), 0, 12) },
    { object: 'smoke', value: 0 },
  ],
  act: () => false,
})

const reader: Make = () => ({ values: () => [], act: () => false })

const MAKE: Partial<Record<Kind, Make>> = {
  phone: reader,
  breaker,
  sensor,
  handheld: reader,
  appliance: consumer(0.3, 'applianceLimit', (watts, energy) => [{ object: 'applianceState', value: watts > 0 ? 1 : 0 }, { object: 'appliancePower', value: Math.min(10_000, watts) }, { object: 'applianceEnergy', value: energy }]),
  'charging-pile': consumer(0.5, 'pileLimit', (watts, energy) => {
    const charging = watts > 100
    return [{ object: 'pileState', value: charging ? 2 : 1 }, { object: 'pilePower', value: charging ? Math.min(60_000, watts) : 0 }, { object: 'pileEnergy', value: energy }]
  }),
}

export function createThing(kind: Kind, device: Device, seed: number): Thing {
  const { values, act } = (MAKE[kind] ?? reader)(device, seed)
  return { values, act, reads: ACCESS[kind].reads }
}
