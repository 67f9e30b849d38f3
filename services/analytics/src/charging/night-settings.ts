import type { ChargingSiteWas } from '@zhuzhan/contracts'
import { DAY_MS } from '@zhuzhan/core'
import { siteLimitKw, siteNight, slotLimits } from '@zhuzhan/demand-control'
import type { Appliance, LoopSettings, SiteVehicle } from '@zhuzhan/demand-control'
import type { ChargingCase } from '@zhuzhan/energy-models'
import { findForecast, whoseVehicle } from '@zhuzhan/persistence'
import type { ChargingNight, ChargingVehicle } from '@zhuzhan/persistence'
import type pg from 'pg'

const QUARTER_MS = 900_000
/** Quarter hours of a day. */
const QUARTERS = 96

export interface NightTimes { startAt: number; slotMs: number; endAt: number }

export function timesOf({ startAt, slots, slotMinutes }: ChargingNight): NightTimes {
  const slotMs = slotMinutes * 60_000
  return { startAt: startAt.getTime(), slotMs, endAt: startAt.getTime() + slots * slotMs }
}

/** Base load by slot as it is known now, kW. */
export async function baseLoad(pool: pg.Pool, night: ChargingNight): Promise<number[]> {
  const { settings } = night.siteWas
  const { startAt, slotMs } = timesOf(night)
  const local = (slot: number): number => startAt + slot * slotMs + settings.utcOffsetMinutes * 60_000
  const quarterOf = (slot: number): number => Math.floor((((local(slot) % DAY_MS) + DAY_MS) % DAY_MS) / QUARTER_MS)
  const slots = Array.from({ length: night.slots }, (_, slot) => slot)
  const { base } = settings
  if ('kw' in base) return slots.map(() => base.kw)
  if ('kwByQuarterHour' in base) return slots.map((slot) => base.kwByQuarterHour[quarterOf(slot)] ?? 0)
  const dayOf = (slot: number): string => new Date(local(slot)).toISOString().slice(0, 10)
  const days = new Map<string, readonly number[] | null>()
  for (const day of new Set(slots.map(dayOf))) days.set(day, (await findForecast(pool, base.forecast.level, base.forecast.subject, day))?.power ?? null)
  return slots.map((slot) => {
    const power = days.get(dayOf(slot))
    return power?.length === QUARTERS ? power[quarterOf(slot)] ?? base.withoutKw : base.withoutKw
  })
}

/** The night's case from what is known now; vehicles that opted out are not in it. */
export function nightCase({ siteWas: { settings, piles, limits }, slots, slotMinutes, startAt }: ChargingNight, baseKw: readonly number[], vehicles: readonly ChargingVehicle[], deficits: ReadonlyMap<string, number>): ChargingCase {
  const wanted = vehicles.map((one): SiteVehicle => ({ pile: one.pile, plugAt: one.plugAt.getTime(), departAt: one.departAt.getTime(), kwh: one.kwh, deficitKwh: deficits.get(whoseVehicle(one)) ?? 0 }))
  return siteNight(settings, { startAt: startAt.getTime(), slots, slotMinutes, limits }, baseKw, piles, wanted)
}

/** What stands in the site's entry of an appliance, in kW and ms. */
export function appliancesOf({ piles }: ChargingSiteWas): Appliance[] {
  return piles.flatMap(({ pile, minWatts, maxWatts, appliance }) => (appliance ? [{
    name: pile, ratedKw: maxWatts / 1_000, leastKw: minWatts / 1_000, longestHoldMs: appliance.longestHoldSeconds * 1_000, dayHoldMs: appliance.dayHoldSeconds * 1_000, recoveryMs: appliance.recoverySeconds * 1_000,
  }] : []))
}

/**
 * By slot of an event's run, what its appliances are to draw less than they would; where nothing is asked, the room for what they make up, negative.
 * @param baseKw of the site, in which they are as they run normally
 */
export function lessOf(night: ChargingNight, baseKw: readonly number[]): number[] {
  const { settings, event } = night.siteWas
  const { startAt, slotMs } = timesOf(night)
  return Array.from({ length: night.slots }, (_, slot) => {
    const start = startAt + slot * slotMs
    const roomKw = siteLimitKw(settings.transformer) - (baseKw[slot] ?? 0) - settings.baseMarginKw
    return event && start < event.to && start + slotMs > event.from ? Math.max(event.askedKw, -roomKw) : -roomKw
  })
}

/** By how much a hold may be longer than its slots: as many steps as all appliances together take, before it and after it. */
export function holdSlackMs({ piles, settings: { transformer, loop } }: ChargingSiteWas): number {
  const steps = Math.ceil(piles.reduce((sum, { maxWatts }) => sum + maxWatts, 0) / 1_000 / (loop.rampShare * siteLimitKw(transformer)))
  return steps <= 1 ? 0 : 4 * steps * loop.stepSeconds * 1_000
}

/** kW that the plan leaves free: error of the base load, and what the piles fall back to when their commands are lost. */
export function marginOf({ settings: { baseMarginKw, safeWatts }, piles }: ChargingSiteWas): number {
  return baseMarginKw + (safeWatts * piles.length) / 1_000
}

/** @param baseKw by slot */
export function loopSettings(night: ChargingNight, baseKw: readonly number[]): LoopSettings {
  const { settings, piles, limits, event } = night.siteWas
  const { stepSeconds, intervalSeconds, repeatSeconds, rampShare, verifiedShare, toleranceKw, approval } = settings.loop
  const { startAt, slotMs } = timesOf(night)
  const limitKw = slotLimits(settings, { startAt, slots: night.slots, slotMinutes: night.slotMinutes, limits })
  const slotOf = (at: number): number => Math.min(night.slots - 1, Math.max(0, Math.floor((at - startAt) / slotMs)))
  const ratedKw = piles.reduce((sum, { maxWatts }) => sum + maxWatts / 1_000, 0)
  return {
    areaKw: siteLimitKw(settings.transformer),
    // What appliances draw when nobody holds them is in the base load: no command of theirs can bring more than that.
    roomKw: event ? () => ratedKw : (at) => Math.max(0, (limitKw[slotOf(at)] ?? 0) - (baseKw[slotOf(at)] ?? 0) - settings.baseMarginKw),
    safeKw: new Map(piles.map(({ pile, maxWatts }) => [pile, (event ? maxWatts : settings.safeWatts) / 1_000])),
    ...(event && { load: 'appliance', fallEarly: true }),
    rampShare, verifiedShare, toleranceKw, approval, stepMs: stepSeconds * 1_000, intervalMs: intervalSeconds * 1_000, repeatMs: repeatSeconds * 1_000,
    name: `n${night.id}.`,
  }
}
