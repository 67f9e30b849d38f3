import type { MeasuredPile } from '../results.js'

export interface Reduction {
  /** What the appliances drew less than before, mean and least of the read-backs in the event, kW; undefined without one. */
  meanKw: number | undefined
  leastKw: number | undefined
}

/**
 * What the holds of an event brought by the appliances' own meters. Of one that did not answer the last answer counts.
 * @param drawsKw what each draws when nobody holds it; those of whom that is not known are left out
 * @param readings in order of time; `to` excluded
 */
export function reductionOf({ from, to }: { from: number; to: number }, drawsKw: ReadonlyMap<string, number>, readings: readonly MeasuredPile[]): Reduction {
  const last = new Map<string, number>()
  const byInstant = new Map<number, number>()
  for (const { pile, at, watts } of readings) {
    if (!drawsKw.has(pile)) continue
    last.set(pile, watts / 1_000)
    if (at >= from && at < to) byInstant.set(at, [...last].reduce((sum, [name, kw]) => sum + (drawsKw.get(name) ?? 0) - kw, 0))
  }
  const reductions = [...byInstant.values()]
  if (reductions.length === 0) return { meanKw: undefined, leastKw: undefined }
  return { meanKw: reductions.reduce((a, b) => a + b, 0) / reductions.length, leastKw: Math.min(...reductions) }
}
