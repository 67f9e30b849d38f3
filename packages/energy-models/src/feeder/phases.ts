import { correlation } from '../linear/statistics.js'
import { PHASES } from './readings.js'
import type { Feeder, Phase } from './readings.js'

export interface PhaseVerdict {
  meter: string
  phase: Phase | 'undetermined'
  /** The likeliest, also when it is not certain enough to be said. */
  likeliest: number
  /** Best less second best correlation over all days. */
  margin: number
  /** Share of days whose own best is the likeliest. */
  agreement: number
}

/** Below these nothing is said. */
const LEAST_MARGIN = 0.05
const LEAST_AGREEMENT = 0.6

/** Phase of each meter by voltage: levels, the part common to the three phases taken off, correlated over all days, voted by day (§4). */
export function identifyPhases({ meters, days, slots, voltage, supplyVoltage }: Feeder): PhaseVerdict[] {
  const length = days.length * slots
  // With one of the three missing their mean is another one's.
  const common = Float64Array.from({ length }, (_, time) => supplyVoltage.reduce((sum, one) => sum + (one[time] as number), 0) / supplyVoltage.length)
  const less = (values: Float64Array): Float64Array => values.map((value, time) => value - (common[time] as number))
  const phases = supplyVoltage.map(less)
  const parts = days.map((_, day) => [day * slots, (day + 1) * slots] as const)

  return meters.map((meter, index) => {
    const own = less(voltage[index] as Float64Array)
    const over = (from: number, to: number): number[] => phases.map((phase) => correlation(own.subarray(from, to), phase.subarray(from, to)))
    const all = over(0, length)
    const likeliest = best(all)
    const sorted = [...all].sort((a, b) => b - a)
    const margin = (sorted[0] as number) - (sorted[1] as number)
    const votes = parts.map(([from, to]) => best(over(from, to))).filter((vote) => vote >= 0)
    const agreement = votes.filter((vote) => vote === likeliest).length / Math.max(1, votes.length)
    const certain = likeliest >= 0 && margin >= LEAST_MARGIN && agreement >= LEAST_AGREEMENT
    return { meter, phase: certain ? PHASES[likeliest] as Phase : 'undetermined', likeliest, margin: likeliest < 0 ? 0 : margin, agreement }
  })
}

/** -1 when nothing can be said. */
function best(values: readonly number[]): number {
  if (values.some((value) => !Number.isFinite(value))) return -1
  return values.indexOf(Math.max(...values))
}
