import { readCase } from '@zhuzhan/energy-models'
import type { ChargingCase, Phase, Vehicle } from '@zhuzhan/energy-models'

/** What of a site decides on a night's case. */
export interface NightSite {
  utcOffsetMinutes: number
  transformer: { kva: number; loadFactor: number; powerFactor: number }
  phaseLimitKw?: number | undefined
  phaseDifferenceLimitKw?: number | undefined
  /** Price from a time of day on, `22:00`; the last one holds over midnight. */
  tariff: readonly { from: string; cnyPerKwh: number }[]
}

export interface NightSpan {
  /** Epoch ms. */
  startAt: number
  slots: number
  slotMinutes: number
  /** Where the limit is lower for a while. */
  limits: readonly { from: number; to: number; kw: number }[]
}

export interface SitePile { pile: string; phase: Phase | null; minWatts: number; maxWatts: number; priority: number }
export interface SiteVehicle { pile: string; plugAt: number; departAt: number; kwh: number; deficitKwh: number }

/** k × Sn × PF. */
export function siteLimitKw({ kva, loadFactor, powerFactor }: NightSite['transformer']): number {
  return Math.round(kva * loadFactor * powerFactor * 1_000) / 1_000
}

/** The limit by slot, where an event lowers it for any part of the slot. */
export function slotLimits({ transformer }: Pick<NightSite, 'transformer'>, { startAt, slots, slotMinutes, limits }: NightSpan): number[] {
  const slotMs = slotMinutes * 60_000
  const usual = siteLimitKw(transformer)
  return Array.from({ length: slots }, (_, slot) => startAt + slot * slotMs)
    .map((start) => Math.min(usual, ...limits.filter(({ from, to }) => from < start + slotMs && to > start).map(({ kw }) => kw)))
}

/** Minutes after local midnight. */
export function localMinutes(at: number, utcOffsetMinutes: number): number {
  return (((Math.floor(at / 60_000) + utcOffsetMinutes) % 1_440) + 1_440) % 1_440
}

export function priceAt({ tariff, utcOffsetMinutes }: Pick<NightSite, 'tariff' | 'utcOffsetMinutes'>, at: number): number {
  const now = localMinutes(at, utcOffsetMinutes)
  const minutesOf = (from: string): number => Number(from.slice(0, 2)) * 60 + Number(from.slice(3))
  const holds = tariff.filter(({ from }) => minutesOf(from) <= now).at(-1) ?? tariff.at(-1)
  return holds?.cnyPerKwh ?? 0
}

/**
 * The case of a night at a site. A vehicle charges in slots that it is there for as a whole; one that is there for none is left out.
 * @param baseKw by slot
 * @throws HesError DATA_REFUSED as `readCase`
 */
export function siteNight(site: NightSite, span: NightSpan, baseKw: readonly number[], piles: readonly SitePile[], vehicles: readonly SiteVehicle[]): ChargingCase {
  const { startAt, slots, slotMinutes } = span
  const slotMs = slotMinutes * 60_000
  const byName = new Map(piles.map((one) => [one.pile, one]))
  const evs = vehicles.flatMap(({ pile, plugAt, departAt, kwh, deficitKwh }): Partial<Vehicle>[] => {
    const of = byName.get(pile)
    const plug = Math.max(0, Math.ceil((plugAt - startAt) / slotMs))
    const depart = Math.min(slots, Math.floor((departAt - startAt) / slotMs))
    if (!of || depart <= plug) return []
    return [{
      pile, plug_slot: plug, depart_slot: depart, energy_kwh: kwh, max_kw: of.maxWatts / 1_000, min_kw: of.minWatts / 1_000, priority: of.priority, deficit_kwh: deficitKwh,
      ...(of.phase !== null && { phase: of.phase }),
    }]
  })
  return readCase({
    slot_minutes: slotMinutes, slots, base_kw: [...baseKw],
    transformer_limit_kw: slotLimits(site, span),
    price_cny_per_kwh: Array.from({ length: slots }, (_, slot) => priceAt(site, startAt + slot * slotMs)),
    ...(site.phaseLimitKw !== undefined && { phase_limit_kw: site.phaseLimitKw }),
    ...(site.phaseDifferenceLimitKw !== undefined && { phase_difference_limit_kw: site.phaseDifferenceLimitKw }),
    evs,
  })
}
