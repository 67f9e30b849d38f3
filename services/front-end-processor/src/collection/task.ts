import type { Apdu } from '@zhuzhan/dlt698'
import type { CollectionPlan, MeterRecord } from '@zhuzhan/persistence'
import { slotRanges } from './slots.js'
import type { SlotRange } from './slots.js'

const DAY_MS = 86_400_000
const MONTH_FREEZE = '5006'
/** Rows asked for in one request; about 2 KB of answer for a curve with phases. */
const ROWS_PER_REQUEST = 24

/** `meter`: the rows of one meter's own freeze. `records`: those of many meters, as the terminal has collected them (60120300). */
export type Way = 'meter' | 'records'

/** One request, with its repeats. */
export interface Task {
  way: Way
  meters: readonly MeterRecord[]
  range: SlotRange
  timeouts: number[]
  asked: number
  /** The answer to an earlier request of this task. */
  came: Apdu | undefined
  late: Promise<Apdu>
  onLate(answer: Apdu): void
}

function createTask(way: Way, meters: readonly MeterRecord[], range: SlotRange): Task {
  let onLate!: (answer: Apdu) => void
  const late = new Promise<Apdu>((resolve) => { onLate = resolve })
  const one: Task = {
    way, meters, range, timeouts: [], asked: 0, came: undefined, late,
    onLate: (answer) => {
      one.came = answer
      onLate(answer)
    },
  }
  return one
}

/** @param slots sorted */
export function meterTasks(plan: CollectionPlan, meter: MeterRecord, slots: readonly number[]): Task[] {
  return slotRanges(slots, stepOf(plan), ROWS_PER_REQUEST).map((range) => createTask('meter', [meter], range))
}

/** Sorted slots a meter owes, with the vain tries so far. */
export interface Owed {
  meter: MeterRecord
  slots: ReadonlyMap<number, number>
}

/**
 * Requests for what is owed. Meters that owe the same slots are asked for together from the terminal's own records: one request
 * over the air for many meters, where the way through the terminal takes one a meter. What was tried before, or is to be read once
 * more because a check has rejected it, is asked of the meter itself.
 */
export function plannedTasks(plan: CollectionPlan, owed: readonly Owed[], fromRecords: boolean): Task[] {
  if (!fromRecords) return owed.flatMap(({ meter, slots }) => meterTasks(plan, meter, [...slots.keys()]))
  const alike = new Map<string, { range: SlotRange; meters: MeterRecord[] }>()
  const tried: Task[] = []
  for (const { meter, slots } of owed) {
    const fresh = [...slots.keys()].filter((slot) => slots.get(slot) === 0)
    tried.push(...meterTasks(plan, meter, [...slots.keys()].filter((slot) => slots.get(slot) !== 0)))
    for (const range of slotRanges(fresh, stepOf(plan), ROWS_PER_REQUEST)) {
      const key = range.slots.join(' ')
      const group = alike.get(key)
      if (group) group.meters.push(meter)
      else alike.set(key, { range, meters: [meter] })
    }
  }
  return [...alike.values()].flatMap(({ range, meters }) => {
    const together = Math.floor(ROWS_PER_REQUEST / range.slots.length)
    if (together < 2 || meters.length < 2) return meters.map((meter) => createTask('meter', [meter], range))
    return Array.from({ length: Math.ceil(meters.length / together) }, (_, n) => createTask('records', meters.slice(n * together, (n + 1) * together), range))
  }).concat(tried)
}

/** Distance of neighbouring slots, ms; of months the longest. */
function stepOf(plan: CollectionPlan): number {
  if (plan.intervalMinutes !== null) return plan.intervalMinutes * 60_000
  return plan.freezeOad.startsWith(MONTH_FREEZE) ? 31 * DAY_MS : DAY_MS
}
