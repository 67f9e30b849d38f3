import type { ReadingColumns } from '@zhuzhan/contracts'
import type pg from 'pg'
import type { MeterEntry } from '../readings/meter-index.js'
import { localDay } from './local-day.js'

const QUARTER_HOUR_MS = 900_000

/**
 * Meters and local days whose figures a batch changes: energy registers (family 0, reference §7) on a quarter hour. Other
 * readings enter no completeness and no daily energy.
 */
export function touchedDays(columns: ReadingColumns, meters: ReadonlyMap<string, MeterEntry>): { meterIds: number[]; days: string[] } {
  const entries = columns.meters.map((address) => meters.get(address))
  const seen = new Set<string>()
  const touched = { meterIds: [] as number[], days: [] as string[] }
  for (let row = 0; row < columns.meter.length; row++) {
    const time = columns.time[row] as number
    if ((columns.item[row] as number) >>> 28 !== 0 || time % QUARTER_HOUR_MS !== 0) continue
    const entry = entries[columns.meter[row] as number]
    if (!entry) continue
    const day = localDay(time, entry.offsetMinutes)
    const key = `${entry.id} ${day}`
    if (seen.has(key)) continue
    seen.add(key)
    touched.meterIds.push(entry.id)
    touched.days.push(day)
  }
  return touched
}

// Not waited for on disk: the log is ahead of the job's completion in the same database; on Redis a power cut may cost the
// last half second, which the next sweep makes good.
const WRITE = `WITH lazy AS (SELECT set_config('synchronous_commit', 'off', true))
  INSERT INTO touched_days (meter_ids, days) SELECT $1::int[], $2::date[] FROM lazy`

/** Notes them for the next recomputation. Must be called after the rows are committed and before their job ends. */
export async function noteTouched(pool: pg.Pool, touched: { meterIds: number[]; days: string[] }): Promise<void> {
  if (touched.meterIds.length > 0) await pool.query(WRITE, [touched.meterIds, touched.days])
}
