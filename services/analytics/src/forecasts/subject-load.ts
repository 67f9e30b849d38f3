import { createHash } from 'node:crypto'
import { addDays, DAY_MS, FORWARD_ACTIVE_TOTAL, HesError } from '@zhuzhan/core'
import { FORECAST_LOOK_BACK_DAYS, sumLoad } from '@zhuzhan/energy-models'
import type { Load } from '@zhuzhan/energy-models'
import { measuredPower } from '@zhuzhan/metering'
import { mainMeters, storedDays } from '@zhuzhan/persistence'
import type pg from 'pg'
import { STEP_MS } from '../metering/load-days.js'

const PER_DAY = DAY_MS / STEP_MS
/** Before the first day that is compared, and the weeks in which candidates are. */
const HISTORY_DAYS = FORECAST_LOOK_BACK_DAYS + 45

export interface SubjectLoad {
  load: Load
  utcOffsetMinutes: number
  /** What the load was made of. */
  seen: { meters: number; days: number; completeness: number; computedAt: string | null }
  digest: Buffer
}

/**
 * The load of a subject's main meters up to the day to be forecast, which is empty like everything from `knownBefore` on.
 * Only what was measured counts; the forecast fills gaps its own way.
 * @param knownBefore the instant the forecast is made at, ms
 * @throws HesError NOT_FOUND for no such subject or none with a main meter
 */
export async function subjectLoad(pool: pg.Pool, level: string, subject: string, day: string, knownBefore: (utcOffsetMinutes: number) => number): Promise<SubjectLoad> {
  const meters = await mainMeters(pool, level, subject)
  const [first] = meters
  if (!first) throw new HesError('NOT_FOUND', `There is no ${level} ${subject} with a main meter.`)
  const rows = await storedDays(pool, meters.map(({ id }) => id), FORWARD_ACTIVE_TOTAL, addDays(day, -HISTORY_DAYS), addDays(day, -1))
  const from = rows.reduce((least, row) => (row.day < least ? row.day : least), addDays(day, -1))
  // Wall time of the subject: the calendar of its own days is what a load follows.
  const start = Date.parse(`${from}T00:00:00Z`)
  const days = (Date.parse(`${day}T00:00:00Z`) - start) / DAY_MS + 1
  const known = (knownBefore(first.utcOffsetMinutes) + first.utcOffsetMinutes * 60_000 - start) / STEP_MS
  const index = new Map(meters.map(({ id }, at) => [id, at]))
  const values = meters.map(() => new Float64Array(days * PER_DAY).fill(NaN))
  const hash = createHash('sha256')
  let latest = 0
  for (const row of rows) {
    const at = ((Date.parse(`${row.day}T00:00:00Z`) - start) / DAY_MS) * PER_DAY
    const power = measuredPower(row, STEP_MS)
    const series = values[index.get(row.meterId) as number] as Float64Array
    for (let slot = 0; slot < power.length && at + slot < known; slot++) series[at + slot] = power[slot] as number
    latest = Math.max(latest, row.computedAt.getTime())
  }
  for (const series of values) hash.update(series)
  const load = sumLoad(subject, { start, perDay: PER_DAY, days, names: meters.map(({ address }) => address), values, refused: {} })
  return {
    load, utcOffsetMinutes: first.utcOffsetMinutes, digest: hash.digest(),
    seen: { meters: meters.length, days: days - 1, completeness: load.completeness, computedAt: latest === 0 ? null : new Date(latest).toISOString() },
  }
}
