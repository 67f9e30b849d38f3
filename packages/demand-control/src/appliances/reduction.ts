import type { MeasuredPile } from '../results.js'

export interface Reduction {
  /** What the appliances drew less than before, kW: mean by their registers, least by a read-back; undefined without read-backs in the event. */
  meanKw: number | undefined
  leastKw: number | undefined
}

/** kW × ms of 10^-4 kWh. */
const UNIT_KW_MS = 360

/**
 * What the holds of an event brought by the appliances' own meters. The mean goes from the first read-back in the event to the last one by the registers, so that
 * what an appliance drew while nobody reached it is in it; the least by read-backs, where of one that did not answer the last answer counts.
 * @param drawsKw what each draws when nobody holds it; those of whom that is not known are left out
 * @param readings in order of time; `to` excluded
 */
export function reductionOf({ from, to }: { from: number; to: number }, drawsKw: ReadonlyMap<string, number>, readings: readonly MeasuredPile[]): Reduction {
  const last = new Map<string, number>()
  const byInstant = new Map<number, number>()
  const spans = new Map<string, { first: MeasuredPile; last: MeasuredPile }>()
  for (const one of readings) {
    const { pile, at, watts } = one
    if (!drawsKw.has(pile)) continue
    last.set(pile, watts / 1_000)
    if (at < from || at >= to) continue
    spans.set(pile, { first: spans.get(pile)?.first ?? one, last: one })
    byInstant.set(at, [...last].reduce((sum, [name, kw]) => sum + (drawsKw.get(name) ?? 0) - kw, 0))
  }
  if (byInstant.size === 0) return { meanKw: undefined, leastKw: undefined }
  const meanOf = ({ first, last: end }: { first: MeasuredPile; last: MeasuredPile }): number => (end.at > first.at ? ((end.session - first.session) * UNIT_KW_MS) / (end.at - first.at) : end.watts / 1_000)
  return { meanKw: [...spans].reduce((sum, [name, span]) => sum + (drawsKw.get(name) ?? 0) - meanOf(span), 0), leastKw: Math.min(...byInstant.values()) }
}
