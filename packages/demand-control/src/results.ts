import type { ChargingCase } from '@zhuzhan/energy-models'

/** One read-back of one pile. */
export interface MeasuredPile {
  pile: string
  /** Epoch ms. */
  at: number
  watts: number
  /** 10^-4 kWh delivered to the vehicle that is there; it begins anew with the next one. */
  session: number
}

export interface NightResults {
  kwhByPile: ReadonlyMap<string, number>
  kwh: number
  /** CNY. */
  cost: number
  /** Highest base load and charging read back together, kW; undefined while nothing was read. */
  peak: { kw: number; at: number } | undefined
}

const SESSION_UNITS = 10_000

/**
 * What a night brought, from the piles' own registers: what two read-backs are apart was charged between them, at the prices of that time.
 * @param readings in order of time
 */
export function nightResults(night: Pick<ChargingCase, 'base_kw' | 'price_cny_per_kwh' | 'slot_minutes' | 'slots'>, startAt: number, readings: readonly MeasuredPile[]): NightResults {
  const slotMs = night.slot_minutes * 60_000
  const slotOf = (at: number): number => Math.min(night.slots - 1, Math.max(0, Math.floor((at - startAt) / slotMs)))
  /** Mean price of what flowed from one read-back to the next. Powers change where slots do: up to the last such edge the earlier power counts, from it on the later. */
  const priceBetween = (from: number, to: number, wattsBefore: number, wattsAfter: number): number => {
    const lastEdge = startAt + Math.floor((to - startAt) / slotMs) * slotMs
    let [paid, weight] = [0, 0]
    for (let at = from; at < to;) {
      const until = Math.min(to, startAt + (Math.floor((at - startAt) / slotMs) + 1) * slotMs)
      const power = wattsBefore + wattsAfter === 0 || lastEdge <= from ? 1 : at < lastEdge ? wattsBefore : wattsAfter
      paid += (until - at) * power * (night.price_cny_per_kwh[slotOf(at)] ?? 0)
      weight += (until - at) * power
      at = until
    }
    return weight > 0 ? paid / weight : night.price_cny_per_kwh[slotOf(to)] ?? 0
  }
  const last = new Map<string, MeasuredPile>()
  const kwhByPile = new Map<string, number>()
  const together = new Map<number, number>()
  let cost = 0
  for (const one of readings) {
    const before = last.get(one.pile)
    // A register that fell belongs to another vehicle: all it shows came since.
    const units = one.session >= (before?.session ?? 0) ? one.session - (before?.session ?? 0) : one.session
    const kwh = units / SESSION_UNITS
    kwhByPile.set(one.pile, (kwhByPile.get(one.pile) ?? 0) + kwh)
    cost += kwh * priceBetween(before?.at ?? one.at, one.at, before?.watts ?? 0, one.watts)
    together.set(one.at, (together.get(one.at) ?? 0) + one.watts)
    last.set(one.pile, one)
  }
  let peak: NightResults['peak']
  for (const [at, watts] of together) {
    const kw = (night.base_kw[slotOf(at)] ?? 0) + watts / 1_000
    if (!peak || kw > peak.kw) peak = { kw, at }
  }
  return { kwhByPile, kwh: [...kwhByPile.values()].reduce((a, b) => a + b, 0), cost, peak }
}

