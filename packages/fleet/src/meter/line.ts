import { SLOT_MS, localDay } from './calendar.js'
import { between, fraction, seedOf } from './hash.js'
import type { Meter } from './meter.js'

/** What a meter shows about its line at one moment, in the units of the wire (reference §8.2). */
export interface LineValues {
  /** Phases A, B, C (or A): -1 V. */
  voltage: number[]
  /** -3 A. */
  current: number[]
  /** Total, then phases: -1 W, -1 var, -1 VA, -3. Negative power flows back to the grid. */
  activePower: number[]
  reactivePower: number[]
  apparentPower: number[]
  powerFactor: number[]
  /** -2 Hz. */
  frequency: number
}

/** Load moves a little every few seconds around the mean of its quarter hour. */
const FLICKER_MS = 5_000

/**
 * Voltage, current and power at `timeMs`. The mean power of a quarter hour is that of the register, so that curve and
 * registers tell the same story. No current while the relay is open.
 */
export function lineValues(meter: Meter, timeMs: number): LineValues {
  if (last.meter !== meter || last.timeMs !== timeMs || last.relay !== meter.relay.version) {
    last = { meter, timeMs, relay: meter.relay.version, values: compute(meter, timeMs) }
  }
  return last.values as LineValues
}

/** Voltage, current and power of one moment are asked for one after the other, as columns of a row. */
let last: { meter?: Meter; timeMs: number; relay: number; values?: LineValues } = { timeMs: 0, relay: 0 }

function compute(meter: Meter, timeMs: number): LineValues {
  const { seed, premises } = meter
  const total = netPower(meter, timeMs)
  const shares = phaseShares(seed, premises.phases)
  const tick = Math.floor(timeMs / FLICKER_MS)
  const factor = Math.min(1000, premises.powerFactor + between(seed ^ 0x68bc, tick, -9, 9))
  const phi = Math.sqrt(1 - (factor / 1000) ** 2) / (factor / 1000)

  const active: number[] = [0]
  const reactive: number[] = [0]
  const apparent: number[] = [0]
  const voltage: number[] = []
  const current: number[] = []
  shares.forEach((share, phase) => {
    const watts = Math.round(total * share)
    const volts = voltageOf(meter, phase, timeMs, Math.abs(watts))
    const voltAmperes = Math.round((Math.abs(watts) * 1000) / factor)
    active.push(watts)
    reactive.push(Math.round(Math.abs(watts) * phi))
    apparent.push(voltAmperes)
    voltage.push(volts)
    // 10^-1 VA / 10^-1 V = A
    current.push(Math.round((voltAmperes / volts) * 1000))
  })
  for (const values of [active, reactive, apparent]) values[0] = values.slice(1).reduce((sum, v) => sum + v, 0)
  const powerFactor = active.map((watts) => (watts === 0 ? 1000 : Math.sign(watts) * factor))
  return {
    voltage, current, activePower: active, reactivePower: reactive, apparentPower: apparent, powerFactor,
    frequency: 5000 + between(GRID, tick, -2, 2),
  }
}

/** All meters hang on one grid. */
const GRID = seedOf('grid')

/** -1 W; forward less reverse, with a few percent of flicker. */
function netPower(meter: Meter, timeMs: number): number {
  if (timeMs < meter.installedAt || meter.relay.isOpen(timeMs)) return 0
  const { forward, reverse } = meter.slotEnergy(timeMs)
  // 10^-4 kWh in a quarter hour = 0.4 W, i.e. four of 10^-1 W.
  const mean = (forward - reverse) * 4
  return Math.round(mean * (0.96 + 0.08 * fraction(meter.seed ^ 0x51ab, Math.floor(timeMs / FLICKER_MS))))
}

function phaseShares(seed: number, phases: 1 | 3): number[] {
  if (phases === 1) return [1]
  const a = 0.28 + 0.1 * fraction(seed, 11)
  const b = 0.28 + 0.1 * fraction(seed, 12)
  return [a, b, 1 - a - b]
}

/** 214 to 232 V: a place on the feeder, the evening's sag, the own load, and a little trembling. -1 V. */
function voltageOf(meter: Meter, phase: number, timeMs: number, watts: number): number {
  const place = between(meter.seed, 20 + phase, 2190, 2265)
  const minuteOfDay = Math.floor((timeMs - localDay(timeMs, meter.zone) * 86_400_000 + meter.zone * 60_000) / 60_000)
  const evening = Math.round(18 * Math.exp(-(((minuteOfDay - 1185) / 150) ** 2)))
  const own = Math.min(12, Math.floor(watts / 12_000))
  const trembling = between(meter.seed ^ (phase + 77), Math.floor(timeMs / 60_000), -6, 6)
  return place - evening - own + trembling
}

/** The mean demand of the last whole quarter hour, -4 kW. */
export function presentDemand(meter: Meter, timeMs: number): number {
  const { forward, reverse } = meter.slotEnergy(timeMs - SLOT_MS)
  return (forward - reverse) * 4
}
