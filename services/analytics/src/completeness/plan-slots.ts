import type { LocalDay } from '@zhuzhan/core'

/** A row of collection_plan as far as completeness needs it. */
export interface PlanRow {
  id: string
  freeze_oad: string
  items: string[]
  interval_minutes: number | null
  horizon_hours: number
}

/** The slots a plan owes on one day. */
export interface PlanSlots {
  planId: string
  /** Item that stands for the slot: a record of a freeze arrives with all its columns or not at all. */
  lead: number
  /** Seconds between slots; a day has 86,400 / step of them, the first at local midnight. */
  step: number
  horizonHours: number
}

const DAY_S = 86_400

/**
 * What a plan owes on a day, or nothing. A daily freeze of day D is stamped D 00:00 (reference §8.4) and is owed on D; a
 * monthly one on the month's first day.
 */
export function slotsOf(plan: PlanRow, day: LocalDay): PlanSlots | undefined {
  const step = stepOf(plan, day)
  const [first] = plan.items
  if (step === undefined || first === undefined) return undefined
  const oad = Number.parseInt(first, 16) >>> 0
  // Index 0 asks for the whole array; its first element, the total, is always there.
  const lead = (oad & 0xff) === 0 ? oad + 1 : oad
  return { planId: plan.id, lead: lead | 0, step, horizonHours: plan.horizon_hours }
}

function stepOf(plan: PlanRow, day: LocalDay): number | undefined {
  if (plan.interval_minutes !== null) return plan.interval_minutes * 60
  switch (plan.freeze_oad.slice(0, 4).toUpperCase()) {
    case '5003': return 3_600
    case '5004': return DAY_S
    case '5006': return day.endsWith('-01') ? DAY_S : undefined
    default: return undefined
  }
}
