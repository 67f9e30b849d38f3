import { DAY_MS } from '@zhuzhan/core'
import { INTERVAL_MS } from './curve.js'

export const SLOTS = 96

/** Where quarter hours lie in local days. */
export interface LocalDays {
  /** Number of the local day of each quarter hour, counted from the instant asked for. */
  day: Int32Array
  /** Quarter hour of that day, 0 to 95. */
  slot: Uint8Array
  /** Days with all 96 quarter hours: their number, and the place of their first. */
  whole: readonly { day: number; at: number }[]
}

/** Kept by list: months of closed days share one list, so a run over many meters works this out once. */
const known = new WeakMap<Float64Array, { midnight: number; days: LocalDays }>()

/** @param from begins of quarter hours, epoch ms, rising; not written to any more @param midnight a local midnight, whose day is number 0 */
export function localDaysOf(from: Float64Array, midnight: number): LocalDays {
  const kept = known.get(from)
  if (kept?.midnight === midnight) return kept.days
  const [day, slot] = [new Int32Array(from.length), new Uint8Array(from.length)]
  const whole: { day: number; at: number }[] = []
  for (let n = 0, first = 0; n < from.length; n += 1) {
    const since = (from[n] as number) - midnight
    day[n] = Math.floor(since / DAY_MS)
    slot[n] = Math.floor((since - (day[n] as number) * DAY_MS) / INTERVAL_MS)
    if (day[n] !== day[first]) first = n
    if (n - first === SLOTS - 1) whole.push({ day: day[n] as number, at: first })
  }
  const days = { day, slot, whole }
  known.set(from, { midnight, days })
  return days
}
