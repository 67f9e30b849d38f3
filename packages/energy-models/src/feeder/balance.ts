import type { CleanFeeder } from './clean.js'

/** What a feeder's phase is short of, and by how much its own losses explain that. */
export interface PhaseBalance {
  phase: number
  /** Meters of the phase, by index. */
  members: number[]
  /** By time, kW: supply less metered energy less technical loss. */
  short: Float64Array
  /** By time: 1 where this is measured and not guessed; only such slots tell meters apart. */
  measured: Uint8Array
}

/** With fewer measured slots than this share the others have to do as well. */
const LEAST_MEASURED = 0.25

/** Voltage lost between the transformer and a meter, V. */
export function dropOf({ supplyVoltage, voltage }: CleanFeeder, meter: number, phase: number): Float64Array {
  const from = supplyVoltage[phase] as Float64Array
  return (voltage[meter] as Float64Array).map((value, time) => (from[time] as number) - value)
}

/**
 * Technical loss by time, kW: voltage drop times current of each meter over the power factor. It needs no table of cables and is
 * right within a few hundredths of a percent of the supply on the computed feeder; a theft adds to the drops and is not counted in.
 */
export function technicalLoss(feeder: CleanFeeder, members: readonly number[], phase: number): Float64Array {
  const loss = new Float64Array(feeder.days.length * feeder.slots)
  for (const meter of members) {
    const drop = dropOf(feeder, meter, phase)
    const current = feeder.current[meter] as Float64Array
    for (let time = 0; time < loss.length; time++) loss[time] = (loss[time] as number) + ((drop[time] as number) * (current[time] as number)) / 1_000 / feeder.powerFactor
  }
  return loss
}

export function balanceOf(feeder: CleanFeeder, phase: number): PhaseBalance {
  const members = feeder.meters.map((_, meter) => meter).filter((meter) => feeder.phaseOf[meter] === phase)
  const unknown = feeder.unknownSupply[phase] as Uint8Array
  const loss = technicalLoss(feeder, members, phase)
  const perHour = feeder.slots / 24
  const short = (feeder.supply[phase] as Float64Array).map((kw, time) => {
    if (unknown[time] === 1) return 0
    return kw - members.reduce((sum, meter) => sum + (feeder.energy[meter] as Float64Array)[time]! * perHour, 0) - (loss[time] as number)
  })
  const measured = Uint8Array.from(short, (_, time) => (unknown[time] === 0 && members.every((meter) => feeder.guessed[meter]![time] === 0) ? 1 : 0))
  const enough = measured.reduce((a, b) => a + b, 0) >= LEAST_MEASURED * measured.length
  return { phase, members, short, measured: enough ? measured : unknown.map((one) => 1 - one) }
}
