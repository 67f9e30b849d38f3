import { createHash } from 'node:crypto'
import { addDays, DAY_MS, FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { ANOMALY_HISTORY_DAYS } from '@zhuzhan/energy-models'
import type { SeriesTable } from '@zhuzhan/energy-models'
import { measuredPower } from '@zhuzhan/metering'
import { storedDays } from '@zhuzhan/persistence'
import type pg from 'pg'
import { STEP_MS } from '../metering/load-days.js'

const PER_DAY = DAY_MS / STEP_MS
const STEP_HOURS = STEP_MS / 3_600_000
/** What the shipped model was trained on: 60 days after 60 days. */
export const JUDGED_DAYS = 60
/** Read together: turning digits into numbers holds nothing up for longer than some tens of milliseconds. */
const AT_ONCE = 8

export interface CohortSeries {
  history: SeriesTable
  series: SeriesTable
  /** SHA-256 by meter, of what was measured. */
  digests: Buffer[]
}

/**
 * Quarter hours in kWh of meters, by their ids as names: the 60 days judged and the 60 before, in wall time. What validation only estimated is
 * missing here (NaN).
 * @param day the last one judged
 */
export async function cohortSeries(pool: pg.Pool, meterIds: readonly number[], day: LocalDay, signal: AbortSignal): Promise<CohortSeries> {
  const from = addDays(day, 1 - JUDGED_DAYS - ANOMALY_HISTORY_DAYS)
  const start = Date.parse(`${from}T00:00:00Z`)
  const days = ANOMALY_HISTORY_DAYS + JUDGED_DAYS
  const names = meterIds.map(String)
  const values = meterIds.map(() => new Float64Array(days * PER_DAY).fill(NaN))
  const index = new Map(meterIds.map((id, at) => [id, at]))
  for (let at = 0; at < meterIds.length; at += AT_ONCE) {
    signal.throwIfAborted()
    for (const row of await storedDays(pool, meterIds.slice(at, at + AT_ONCE), FORWARD_ACTIVE_TOTAL, from, day)) {
      const slot = ((Date.parse(`${row.day}T00:00:00Z`) - start) / DAY_MS) * PER_DAY
      const own = values[index.get(row.meterId) as number] as Float64Array
      own.set(measuredPower(row, STEP_MS).subarray(0, PER_DAY).map((kw) => kw * STEP_HOURS), slot)
    }
  }
  const table = (first: number, last: number): SeriesTable => ({ start: start + first * DAY_MS, perDay: PER_DAY, days: last - first, names, values: values.map((one) => one.slice(first * PER_DAY, last * PER_DAY)), refused: {} })
  return {
    history: table(0, ANOMALY_HISTORY_DAYS), series: table(ANOMALY_HISTORY_DAYS, days),
    digests: values.map((one) => createHash('sha256').update(one).digest()),
  }
}
