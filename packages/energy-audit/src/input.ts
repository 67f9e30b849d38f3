import type { CurvePoint } from './curve.js'
import type { Exact } from './exact.js'
import type { DayRegisters } from './registers.js'

/** Everything an audit is computed from; nothing else is looked at. */
export interface AuditInput {
  meter: {
    address: string
    terminal: string
    name: string | null
    ctRatio: string
    ptRatio: string
    /** As registered; may name no tariff that is known here. */
    tariff: string | null
    offsetMinutes: number
  }
  /** `2026-10`, of the terminal's calendar. */
  month: string
  /** Instants in epoch ms. */
  now: number
  /** From here on slots are expected. */
  installedAt: number
  /** Forward active total (00100201) on quarter hours of the month, both ends included, by time. */
  curve: readonly CurvePoint[]
  /** Points of the curve that a later pass brought. */
  recollected: number
  /** Frozen forward active registers at the midnights of the month, both ends included, by time. */
  midnights: readonly DayRegisters[]
  /** Total register at the local begin of the year, kWh before ratios. */
  yearBegin: Exact | undefined
  /** The meter's own maximum demand of the month (10100201 in the monthly freeze), kW before ratios. */
  demandRegister: { value: Exact; occurredAt: number | null } | undefined
  /** Values that contradict stored ones, in the month. */
  conflicts: number
  latestReceivedAt: number | null
  /** Exchanges of the meter within the month: the registers above go on as one line, from the first meter's. */
  joints?: readonly AuditJoint[]
}

/** Where one meter stopped and another went on, registers as read. */
export interface AuditJoint {
  /** Epoch ms. */
  at: number
  before: { meter: string; register: string; ratio: string }
  after: { meter: string; register: string; ratio: string }
}
