import type { Calendar, LocalTime } from './calendar.js'
import type { Contract } from './contract.js'
import type { RecentCharges } from './estimate.js'
import type { ChargeQuality } from './ledger.js'
import type { Money } from './money.js'
import type { Account, NoticeKind } from './states.js'

/** What keeps supply on, of an account, an area or everybody. */
export const PROTECTIONS = ['power-preserve', 'protected-equipment', 'medical', 'complaint', 'payment-pending', 'weather-warning', 'outage', 'demand-response'] as const
export type ProtectionKind = (typeof PROTECTIONS)[number]

export interface Protection {
  kind: ProtectionKind
  /** Epoch ms; the end excluded, open when absent. */
  from: number
  until?: number | undefined
  /** Names the record it stands in: a case, a warning, a command. */
  evidence: string
}

export interface Notice {
  kind: NoticeKind
  sentAt: number
  /** Still waits for its channel: it counts as none, but is not written again. */
  queued?: boolean | undefined
  /** Confirmed by the channel. */
  deliveredAt?: number | undefined
}

export interface BatchLimits {
  /** Percent of the meters of an area that may be cut within 24 h; one always may. */
  areaPercent: number
  perHour: number
}
export const BATCH_LIMITS: BatchLimits = { areaPercent: 5, perHour: 200 }

/** Everything a decision about one account rests on. */
export interface Facts {
  now: number
  /** The same at the meter's place. */
  local: LocalTime
  account: Account
  contract: Contract
  balance: Money
  /** Without charges from estimated readings. */
  measuredBalance: Money
  recent: RecentCharges
  /** The newest register a charge rests on. */
  reading?: { at: number; quality: ChargeQuality } | undefined
  /** Of this account, newest last. */
  notices: readonly Notice[]
  protections: readonly Protection[]
  calendar: Calendar
  limits: BatchLimits
  /** Meters of the area, and how many others of it were cut or are about to be within 24 h. */
  area: { meters: number; others: number }
  /** Others that were cut or are about to be within the hour. */
  hour: { others: number }
}

/** What may be cut in an area: a share, but one in small ones. */
export function areaShare(meters: number, { areaPercent }: BatchLimits): number {
  return Math.max(1, Math.floor((meters * areaPercent) / 100))
}

export function held(facts: Pick<Facts, 'now' | 'protections'>, kind: ProtectionKind): Protection | undefined {
  return facts.protections.find((one) => one.kind === kind && one.from <= facts.now && (one.until === undefined || facts.now < one.until))
}

/** Protections that put an account into the state `protected`; the others only stand in a trip's way. */
export const PRESERVING: readonly ProtectionKind[] = ['power-preserve', 'protected-equipment', 'medical']

export function preserved(facts: Pick<Facts, 'now' | 'protections'>): Protection | undefined {
  return PRESERVING.map((kind) => held(facts, kind)).find((one) => one !== undefined)
}
