import type { CurvePoint, Intervals } from '../curve.js'
import type { Exact } from '../exact.js'
import type { DayRegisters } from '../registers.js'
import type { Sample, Samples } from '../samples.js'
import type { SiteSettings } from './settings.js'

export const LEVELS = ['customer', 'area', 'plant'] as const
/** A customer, a transformer area (a supply meter and its users), a plant (main meters with sub-meters). */
export type Level = (typeof LEVELS)[number]

/** A register at one midnight, before transformer ratios. */
export interface Register {
  time: number
  value: Exact
}

/** Quarter hours as validation left them (analytics §2): what it rejected is not in them, what it estimated is marked. */
export interface ValidatedMonth {
  intervals: Intervals
  /** Registers on quarter hours that are there, as in a curve of points. */
  present: number
  /** Quarter hours estimated or edited. */
  estimated: number
  samples: Samples
  /** Digests of the days it was made from: they stand for all of the above where it must be told whether the data are the same. */
  digest: Uint8Array
}

export interface SiteMeter {
  address: string
  name: string | null
  /** What the site draws comes through its main meters; sub-meters and users lie behind one. */
  role: 'main' | 'sub' | 'user'
  /** Address of the meter in front. */
  parent: string | null
  ctRatio: string
  ptRatio: string
  /** As registered; may name no tariff that is known here. */
  tariff: string | null
  /** From here on quarter hours are expected, epoch ms. */
  installedAt: number
  /** Forward active total on quarter hours of the month, both ends included, by time. May be left out behind main meters. */
  curve: readonly CurvePoint[]
  /** What validation made of the month; takes the place of `curve` and `samples`, which are empty then. */
  validated?: ValidatedMonth
  /** Where the curve is left out: how many of its points there are, and how many of these are estimated. */
  counted?: { present: number; estimated: number }
  /** Points that a later pass brought. */
  recollected: number
  /** Frozen forward active registers at the midnights of the month, both ends included, by time. */
  midnights: readonly DayRegisters[]
  /** Combined reactive energy 1, kvarh, and reverse active energy, kWh, at midnights; empty when not collected. */
  reactive: readonly Register[]
  reverse: readonly Register[]
  samples: readonly Sample[]
  /** The register at the local begin of the year, kWh before ratios. */
  yearBegin: Exact | undefined
  /** The meter's own maximum demand of the month, kW before ratios. */
  demandRegister: { value: Exact; occurredAt: number | null } | undefined
  conflicts: number
  latestReceivedAt: number | null
}

/** A month other than the one audited: the one before, the same of last year. */
export interface PastMonth {
  month: string
  energy: Exact
  cost?: Exact | undefined
  /** Pmax - Pmin, kW. */
  peakValley?: Exact | undefined
}

/** Everything an audit is computed from; nothing else is looked at. */
export interface SiteInput {
  level: Level
  site: { id: string; name: string | null }
  /** `2026-10`, of the local calendar. */
  month: string
  offsetMinutes: number
  /** Epoch ms. */
  now: number
  settings: SiteSettings
  meters: readonly SiteMeter[]
  past: readonly PastMonth[]
  /** Energy of whole days of the site, for verified savings. */
  days: readonly { day: string; energy: Exact }[]
}
