import { localDay } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import type { ReadingColumns } from '@zhuzhan/contracts'
import type { TouchedDays } from '@zhuzhan/persistence'
import type { KnownMeters } from '../readings/meter-index.js'
import { CURVE_ITEMS } from '../metering/day-curves.js'

const QUARTER_HOUR_MS = 900_000

/** What is kept of closed days beside their energy. */
const OF_CURVES: ReadonlySet<number> = new Set(CURVE_ITEMS)

/**
 * Meters and local days whose figures a batch changes: energy registers (family 0, reference §7), voltages, currents and power factors on a
 * quarter hour. Other readings enter no completeness, no daily energy and no audit.
 */
export function touchedDays(columns: ReadingColumns, meters: KnownMeters): TouchedDays {
  const entries = columns.meters.map((address) => meters.get(address))
  const counts = columns.shapes.map(({ item }) => item.some((oad) => oad >>> 28 === 0 || OF_CURVES.has(oad)))
  const onQuarter = columns.times.map((time) => time % QUARTER_HOUR_MS === 0)
  const touched = { meterIds: [] as number[], days: [] as string[] }
  // Times of a batch are few: a day is worked out once for each of them and offset.
  const days = new Map<number, LocalDay[]>()
  const seen = columns.meters.map(() => [] as LocalDay[])
  for (let row = 0; row < columns.meter.length; row++) {
    const at = columns.time[row] as number
    if (!onQuarter[at] || !counts[columns.shape[row] as number]) continue
    const meter = columns.meter[row] as number
    const entry = entries[meter]
    if (!entry) continue
    let ofOffset = days.get(entry.offsetMinutes)
    if (!ofOffset) days.set(entry.offsetMinutes, ofOffset = [])
    const day = (ofOffset[at] ??= localDay(columns.times[at] as number, entry.offsetMinutes))
    const own = seen[meter] as LocalDay[]
    if (own.includes(day)) continue
    own.push(day)
    touched.meterIds.push(entry.id)
    touched.days.push(day)
  }
  return touched
}
