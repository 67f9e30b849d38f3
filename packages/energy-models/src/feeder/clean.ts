import { correlation } from '../linear/statistics.js'
import { judgeMeters } from './meters.js'
import { identifyPhases } from './phases.js'
import type { PhaseVerdict } from './phases.js'
import type { Feeder } from './readings.js'
import { judgePhase } from './shortage.js'
import { supplyByDrops } from './supply.js'
import { cleanVoltages, fillVoltages } from './voltages.js'

/** A feeder whose every value is there: what was missing or refused is estimated and marked. */
export interface CleanFeeder extends Feeder {
  phases: PhaseVerdict[]
  /** Phase of each meter, also where it is not certain enough to be said. */
  phaseOf: number[]
  /** By meter and time: 1 where the energy is estimated. */
  estimated: Uint8Array[]
  /** Of these the ones nothing measured stands behind: neither energy nor current. */
  guessed: Uint8Array[]
  /** By meter and time: squared error expected of the energy, kWh². */
  variance: Float64Array[]
  /** By phase and time: 1 where the supply is not known; such slots decide nothing. */
  unknownSupply: Uint8Array[]
  /** By phase and time: squared error expected of the supply, kWh². */
  supplyVariance: Float64Array[]
  /** By day, kWh: readings that are wrong without showing it. */
  scatter: Float64Array
  /** By meter and time: kWh that current and voltage show and the register did not count (register still or slow). */
  uncounted: Float64Array[]
  /** Power factor of the meters, E / (U I t); the middle one. */
  powerFactor: number
  /** By meter: no voltage of it is known. */
  noVoltage: boolean[]
}

/**
 * Takes out what cannot be and estimates what is missing: voltages by what all meters show, then each meter's energy against its current, then phase by
 * phase what the supply and the voltage drops say about readings that are in doubt or missing. A register that stands still or counts too little for
 * long, while current flows, is kept apart in `uncounted`; its energy is the one shown by voltage and current.
 */
export function cleanFeeder(raw: Feeder): CleanFeeder {
  const refused = { ...raw.refused }
  const refuse = (reason: string, count = 1): void => { if (count > 0) refused[reason] = (refused[reason] ?? 0) + count }
  const { slots } = raw
  const read = cleanVoltages(raw, refuse)
  const phases = identifyPhases({ ...raw, ...read })
  const noVoltage = read.voltage.map((one) => !one.some(Number.isFinite))
  const membersOf = (of: readonly number[], phase: number): number[] => raw.meters.map((_, meter) => meter).filter((meter) => of[meter] === phase)
  const fill = (phaseOf: readonly number[]): Float64Array[] => fillVoltages(read.voltage, read.common, slots, (meter) => {
    const same = membersOf(phaseOf, phaseOf[meter] as number).map((other) => read.voltage[other] as Float64Array)
    return same.some((one) => one.some(Number.isFinite)) ? same : read.voltage
  })
  const likeliest = phases.map((one) => one.likeliest)
  const readings = judgeMeters(raw, fill(likeliest), refuse)
  const supply = raw.supply.map((one) => Float64Array.from(one))
  const phaseOf = byBalance(likeliest, phases, readings.energy, supply, slots)
  const voltage = fill(phaseOf)
  const supplyVoltage = fillVoltages(read.supplyVoltage, read.common, slots, () => read.supplyVoltage)
  const byDrops = supplyByDrops(supply, read.supplyVoltage, read.voltage, phaseOf)
  const judged = [0, 1, 2].map((phase) => {
    const one = supply[phase] as Float64Array
    one.forEach((kw, time) => {
      if (!(kw < 0) || !(membersOf(phaseOf, phase).some((meter) => readings.energy[meter]![time]! > 0))) return
      one[time] = NaN
      refuse('supply implausible')
    })
    return judgePhase({ phase, members: membersOf(phaseOf, phase), slots, readings, voltage, supplyVoltage: supplyVoltage[phase] as Float64Array, supply: one, byDrops: byDrops[phase] }, refuse)
  })
  const { energy, current, estimated, guessed, variance, uncounted, powerFactor } = readings
  return {
    ...raw, refused, phases, phaseOf, noVoltage, energy, current, voltage, supply, supplyVoltage, estimated, guessed, variance, uncounted, powerFactor,
    unknownSupply: judged.map(({ unknown }) => unknown), supplyVariance: judged.map((one) => one.variance),
    scatter: Float64Array.from(raw.days, (_, day) => Math.sqrt(judged.reduce((sum, { scatter }) => sum + (scatter[day] as number) ** 2, 0))),
  }
}

/** Meters whose voltage does not tell the phase are given the one whose shortage follows their energy. */
function byBalance(likeliest: readonly number[], phases: readonly PhaseVerdict[], energy: readonly Float64Array[], supply: readonly Float64Array[], slots: number): number[] {
  const phaseOf = [...likeliest]
  const open = phases.flatMap(({ phase }, meter) => (phase === 'undetermined' ? [meter] : []))
  const total = (meter: number): number => (energy[meter] as Float64Array).reduce((a, b) => a + b, 0)
  for (const meter of open) phaseOf[meter] = -1
  for (let round = 0; round < 2; round++) {
    for (const meter of [...open].sort((a, b) => total(b) - total(a))) {
      phaseOf[meter] = -1
      const own = (energy[meter] as Float64Array).map((kwh) => kwh * slots / 24)
      const fits = supply.map((one, phase) => correlation(own, one.map((kw, time) => kw - energy.reduce((sum, kwh, other) => sum + (phaseOf[other] === phase ? (kwh[time] as number) * slots / 24 : 0), 0))))
      const best = fits.reduce((found, fit, phase) => ((Number.isFinite(fit) ? fit : -1) > (Number.isFinite(fits[found] as number) ? fits[found] as number : -1) ? phase : found), 0)
      phaseOf[meter] = fits.some(Number.isFinite) ? best : Math.max(0, likeliest[meter] as number)
    }
  }
  return phaseOf
}
