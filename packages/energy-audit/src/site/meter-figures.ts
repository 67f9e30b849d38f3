import { INTERVAL_MS, energyOf, inColumns, inList, intervalsOf, slotsBetween } from '../curve.js'
import type { Interval, Intervals } from '../curve.js'
import { exact, times } from '../exact.js'
import type { Exact } from '../exact.js'
import { curveByPeriod, energyByPeriod } from '../period-energy.js'
import type { EnergyByPeriod } from '../period-energy.js'
import { registerEnergy } from '../registers.js'
import type { RegisterResult } from '../registers.js'
import { samplesInColumns } from '../samples.js'
import type { Samples } from '../samples.js'
import { checkSum } from '../sum-check.js'
import type { SumCheck } from '../sum-check.js'
import { periodsOf } from '../tariff.js'
import type { Tariff } from '../tariff.js'
import type { Frame } from './frame.js'
import type { Register, SiteMeter } from './input.js'

/** One meter of a site, reduced to what the audit adds up; transformer ratios included. */
export interface MeterFigures {
  meter: SiteMeter
  ratio: Exact
  intervals: Intervals
  samples: Samples
  backwards: number
  registers: RegisterResult
  /** From registers where they tell, else the sum of the intervals; undefined when neither is there. */
  energy: Exact | undefined
  basis: 'registers' | 'curve' | 'none'
  byPeriod: EnergyByPeriod
  /** Expected and present curve points (analytics §1). */
  expected: number
  present: number
  estimated: number
  /** kvarh and fed-in kWh between the same midnights as the registers. */
  reactive: Exact | undefined
  fedIn: Exact | undefined
  intervalCheck: SumCheck | undefined
}

export function meterFigures(meter: SiteMeter, frame: Frame, tariff: Tariff | undefined, now: number): MeterFigures {
  const ratio = times(exact(meter.ctRatio), exact(meter.ptRatio))
  const { intervals, backwards } = meter.validated ? { intervals: meter.validated.intervals, backwards: 0 } : intervalsOf(meter.curve, ratio)
  const registers = registerEnergy(meter.midnights, ratio)
  const hasHolidays = [...frame.holidays.values()].includes('holiday')
  const curve = curveByPeriod(intervals, tariff, frame.monthNumber, frame.daysOf(intervals.from), frame.isFree)
  const byPeriod = energyByPeriod(registers, curve, tariff, periodsOf(tariff, frame.monthNumber, hasHolidays))
  const from = Math.max(frame.begin, meter.installedAt)
  const last = Math.min(frame.end - INTERVAL_MS, now)
  const basis = registers.kind === 'energy' ? 'registers' : intervals.from.length > 0 ? 'curve' : 'none'
  return {
    meter, ratio, intervals, samples: meter.validated?.samples ?? samplesInColumns(meter.samples), backwards, registers, byPeriod, basis,
    energy: registers.kind === 'energy' ? registers.total : basis === 'curve' ? energyOf(intervals) : undefined,
    expected: slotsBetween(from, last),
    present: meter.validated?.present ?? meter.counted?.present ?? meter.curve.filter(({ time }) => time >= from && time <= last).length,
    estimated: meter.validated?.estimated ?? meter.counted?.estimated ?? meter.curve.filter(({ estimated }) => estimated).length,
    reactive: differenceOf(meter.reactive, registers, ratio),
    fedIn: differenceOf(meter.reverse, registers, ratio),
    intervalCheck: checkSum(registers, intervals, ratio),
  }
}

/** Between the same two midnights as the active registers; undefined when one is missing or it fell. */
function differenceOf(values: readonly Register[], registers: RegisterResult, ratio: Exact): Exact | undefined {
  if (registers.kind !== 'energy') return undefined
  const [first, last] = [registers.from, registers.to].map((at) => values.find(({ time }) => time === at)?.value)
  if (first === undefined || last === undefined) return undefined
  const difference = last - first
  return difference < 0n ? undefined : times(difference, ratio)
}

/** Quarter hours in which every meter has an energy, added up. */
export function together(meters: readonly MeterFigures[]): Intervals {
  if (meters.length === 1 && meters[0]) return meters[0].intervals
  const slots = new Map<number, { interval: Interval; count: number }>()
  for (const { intervals } of meters) {
    for (const { from, energy, estimated } of inList(intervals)) {
      const so = slots.get(from)
      if (so) so.interval = { from, energy: so.interval.energy + energy, estimated: so.interval.estimated || estimated }
      if (so) so.count++
      else slots.set(from, { interval: { from, energy, estimated }, count: 1 })
    }
  }
  return inColumns([...slots.values()].filter(({ count }) => count === meters.length).map(({ interval }) => interval).sort((a, b) => a.from - b.from))
}
