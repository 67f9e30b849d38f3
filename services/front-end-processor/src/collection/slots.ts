import type { CollectionPlan } from '@zhuzhan/persistence'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** A freeze needs a moment to be written, and clocks differ a little: a slot is asked for this long after its time. */
export const SLOT_GRACE_MS = 30_000
const MONTH_FREEZE = '5006'

/**
 * The instants (epoch ms, oldest first) a plan expects between its horizon and now. Curves: whole multiples of the interval from
 * local midnight (ruling of the reference §13); day freezes: local midnights; month freezes: local midnights of the 1st.
 */
export function expectedSlots(plan: Pick<CollectionPlan, 'freezeOad' | 'intervalMinutes' | 'horizonHours'>, nowMs: number, offsetMinutes: number): number[] {
  const last = nowMs - SLOT_GRACE_MS
  const first = nowMs - plan.horizonHours * HOUR_MS
  if (plan.freezeOad.startsWith(MONTH_FREEZE)) return monthStarts(first, last, offsetMinutes)
  const step = plan.intervalMinutes === null ? DAY_MS : plan.intervalMinutes * MINUTE_MS
  const shift = offsetMinutes * MINUTE_MS
  const slots: number[] = []
  // Offsets are whole minutes and every interval divides a day, so local midnights are multiples of the step from the shift.
  for (let slot = Math.ceil((first + shift) / step) * step - shift; slot <= last; slot += step) slots.push(slot)
  return slots
}

function monthStarts(first: number, last: number, offsetMinutes: number): number[] {
  const shift = offsetMinutes * MINUTE_MS
  const local = new Date(first + shift)
  const slots: number[] = []
  for (let month = local.getUTCMonth(); ; month += 1) {
    const slot = Date.UTC(local.getUTCFullYear(), month, 1) - shift
    if (slot > last) return slots
    if (slot >= first) slots.push(slot)
  }
}

/** One record request: slots close enough together that few unwanted rows come with them. */
export interface SlotRange {
  from: number
  /** Excluded. */
  to: number
  slots: number[]
}

/** Cuts sorted slots into requests of at most `max` rows. `step` is the distance of neighbours, ms. */
export function slotRanges(slots: readonly number[], step: number, max: number): SlotRange[] {
  const ranges: SlotRange[] = []
  for (const slot of slots) {
    const current = ranges.at(-1)
    const fits = current && slot - current.from < max * step && slot - (current.slots.at(-1) as number) <= 2 * step
    if (current && fits) {
      current.slots.push(slot)
      current.to = slot + 1_000
    } else ranges.push({ from: slot, to: slot + 1_000, slots: [slot] })
  }
  return ranges
}

/** Local hour at which the night window begins: lines and terminals have little else to do then. */
const NIGHT_HOUR = 1

/** When a slot that did not come is asked for again (analytics reference §2): 15 min, 1 h, 4 h, then at the begin of the next night window. */
export function nextTry(attempts: number, nowMs: number, offsetMinutes: number): Date {
  const delay = [15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS][attempts]
  if (delay !== undefined) return new Date(nowMs + delay)
  const shift = offsetMinutes * MINUTE_MS - NIGHT_HOUR * HOUR_MS
  return new Date((Math.floor((nowMs + shift) / DAY_MS) + 1) * DAY_MS - shift)
}
