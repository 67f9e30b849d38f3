import { exact, exactText, sum, times } from '@zhuzhan/energy-audit'
import type { Exact } from '@zhuzhan/energy-audit'
import { registerDifference } from '../vee/difference.js'
import { digitsText } from '../vee/series.js'

/** A register value at an instant. */
export interface RegisterValue {
  /** Epoch ms. */
  time: number
  /** Whole digits of the register. */
  digits: number
  estimated: boolean
}

/** A time in which one meter with one multiplier counted at a place. */
export interface Stretch {
  meter: string
  /** Epoch ms. */
  from: number
  /** Null: still so. */
  to: number | null
  ctRatio: string
  ptRatio: string
  decimals: number
  /** Digits at which the register starts again from zero. */
  fullScale: number
  /** Registers read when the meter was mounted, taken off, or its multiplier changed; undefined: the reading of that instant is needed. */
  begin?: number
  end?: number
}

/** Where two stretches meet; printed with every figure that goes over it. */
export interface Joint {
  at: number
  kind: 'exchange' | 'multiplier'
  before: { meter: string; register: string; ratio: string }
  after: { meter: string; register: string; ratio: string }
}

/** What one stretch adds. */
export interface Part {
  meter: string
  from: number
  to: number
  /** Registers as read. */
  start: string
  end: string
  rollOvers: number
  ratio: string
  energy: Exact
}

export type Consumption =
  | { kind: 'energy'; energy: Exact; parts: Part[]; joints: Joint[]; estimated: boolean }
  | { kind: 'refused'; reason: string; at: number }

/** Digits as energy, kWh, before ratios. */
export function exactDigits(digits: number, decimals: number): Exact {
  return exact(digitsText(digits, decimals))
}

/**
 * Energy between two instants from registers: differences within each stretch, times its multiplier, added up (analytics §1). The order in
 * which the registers came does not matter. A fall that no roll-over explains, a missing register and a time without a meter are refused.
 * @param stretches by time
 */
export function consumptionBetween(stretches: readonly Stretch[], registers: (meter: string) => readonly RegisterValue[], from: number, to: number, nearFullScale: number): Consumption {
  const parts: Part[] = []
  let [reached, estimated] = [from, false]
  for (const stretch of stretches) {
    const [begin, end] = [Math.max(from, stretch.from), Math.min(to, stretch.to ?? Infinity)]
    if (begin >= end) continue
    if (begin !== reached) return { kind: 'refused', reason: 'no meter is known for a part of the time', at: reached }
    const part = partOf(stretch, registers(stretch.meter), begin, end, nearFullScale)
    if ('reason' in part) return { kind: 'refused', ...part }
    parts.push(part.part)
    estimated ||= part.estimated
    reached = end
  }
  if (reached < to) return { kind: 'refused', reason: 'no meter is known for a part of the time', at: reached }
  return { kind: 'energy', energy: sum(parts.map(({ energy }) => energy)), parts, joints: jointsOf(parts), estimated }
}

function partOf(stretch: Stretch, all: readonly RegisterValue[], from: number, to: number, near: number): { part: Part; estimated: boolean } | { reason: string; at: number } {
  const own = all.filter(({ time }) => time >= from && time <= to).sort((a, b) => a.time - b.time)
  const read = (at: number, mounted: number | undefined, bound: number | null): RegisterValue | undefined =>
    (mounted !== undefined && at === bound ? { time: at, digits: mounted, estimated: false } : own.find(({ time }) => time === at))
  const [first, last] = [read(from, stretch.begin, stretch.from), read(to, stretch.end, stretch.to)]
  if (!first || !last) return { reason: `no register of ${stretch.meter}`, at: first ? to : from }
  const line = [first, ...own.filter(({ time }) => time > from && time < to), last]
  let [digits, rollOvers] = [0, 0]
  for (let n = 1; n < line.length; n++) {
    const [r1, r2] = [line[n - 1] as RegisterValue, line[n] as RegisterValue]
    const difference = registerDifference(r1.digits, r2.digits, stretch.fullScale, near)
    if (difference.kind !== 'energy') return { reason: `the register of ${stretch.meter} went backwards`, at: r2.time }
    digits += difference.digits
    if (difference.rolledOver) rollOvers++
  }
  const ratio = times(exact(stretch.ctRatio), exact(stretch.ptRatio))
  const text = (value: RegisterValue): string => digitsText(value.digits, stretch.decimals)
  const energy = times(exactDigits(digits, stretch.decimals), ratio)
  return {
    part: { meter: stretch.meter, from, to, start: text(first), end: text(last), rollOvers, ratio: exactText(ratio), energy },
    estimated: first.estimated || last.estimated,
  }
}

function jointsOf(parts: readonly Part[]): Joint[] {
  return parts.slice(1).map((after, n) => {
    const before = parts[n] as Part
    return {
      at: after.from, kind: after.meter === before.meter ? 'multiplier' : 'exchange',
      before: { meter: before.meter, register: before.end, ratio: before.ratio }, after: { meter: after.meter, register: after.start, ratio: after.ratio },
    }
  })
}
