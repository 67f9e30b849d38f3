import { DAY_MS, addDays } from '@zhuzhan/core'
import type { Clock, LocalDay } from '@zhuzhan/core'
import { LOCK, transaction } from '@zhuzhan/persistence'
import type pg from 'pg'
import { computeCompleteness, loadPlans } from '../completeness/completeness.js'
import type { PlanRow } from '../completeness/plan-slots.js'
import { computeDailyEnergy } from '../energy/daily-energy.js'
import type { RegisterSettings } from '../energy/daily-energy.js'
import { withThoseAfter } from '../metering/exchanges.js'
import { computeValidatedDays } from '../metering/validated-days.js'
import type { Cause } from '../metering/validated-days.js'

/** How long work tells where it is, and learns that it should end: the next worker goes on from what was committed. */
export interface LongWork {
  progress(done: number, total: number): Promise<void>
  signal: AbortSignal
}

export interface DayFigures {
  /** Computes what stored batches touched longer ago than the settling time, and what people changed at once. @returns meter-days computed */
  touched(work?: LongWork): Promise<number>
  /** Computes the last `days` days of every meter, touched or not: a silent meter must show what it owes. */
  sweep(days: number, work?: LongWork): Promise<number>
}

/** Log rows taken in one transaction. */
const BATCHES = 8
/** Meters computed in one statement. */
const METERS = 500

const READINGS: Cause = { kind: 'readings' }
const SWEEP: Cause = { kind: 'sweep' }

// A day in progress is touched by every report of its meter: touches of one settling time make one computation.
const SETTLE = `WITH taken AS (
    DELETE FROM touched_days WHERE cause IS NULL AND EXISTS (SELECT FROM touched_days WHERE cause IS NULL AND noted_at > 'epoch' AND noted_at <= now() - make_interval(secs => $1)) RETURNING meter_ids, days
  ), touched AS (SELECT DISTINCT u.meter_id, u.day FROM taken, unnest(meter_ids, days) AS u (meter_id, day))
  INSERT INTO touched_days (meter_ids, days, noted_at)
  SELECT array_agg(meter_id), array_agg(day), 'epoch' FROM (SELECT meter_id, day, (row_number() OVER (ORDER BY day, meter_id) - 1) / ${METERS} AS part FROM touched) AS parts GROUP BY part ORDER BY part`
const DUE = "(cause IS NOT NULL OR noted_at = 'epoch')"
const TAKE = `DELETE FROM touched_days WHERE id IN (SELECT id FROM touched_days WHERE ${DUE} ORDER BY cause IS NULL, id LIMIT ${BATCHES} FOR UPDATE SKIP LOCKED) RETURNING id, meter_ids, days::text[] AS days, cause`

/** Completeness, daily energy, validated days and months, kept up with the readings and their edits. */
export function createDayFigures({ pool, clock, settings }: { pool: pg.Pool; clock: Clock; settings: RegisterSettings & { figuresSettleSeconds: number } }): DayFigures {
  const compute = async (client: pg.ClientBase, plans: readonly PlanRow[], day: LocalDay, meterIds: readonly number[], cause: Cause, signal: AbortSignal | undefined): Promise<void> => {
    const now = new Date(clock.now())
    // Written into the history of every figure that this changes.
    await client.query("SELECT set_config('zhuzhan.cause', $1, true)", [JSON.stringify(cause)])
    for (let at = 0; at < meterIds.length; at += METERS) {
      signal?.throwIfAborted()
      const some = meterIds.slice(at, at + METERS)
      await computeCompleteness(client, plans, day, some, now)
      // The midnight register ends the day before and begins this one.
      for (const one of [addDays(day, -1), day]) {
        const whole = await withThoseAfter(client, one, some)
        await computeValidatedDays(client, settings, one, whole, now, cause)
        await computeDailyEnergy(client, settings, one, whole, now)
      }
    }
  }

  /** One handful of the log; 0 when it is empty. */
  const step = (signal: AbortSignal | undefined): Promise<number> => transaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.figures])
    const { rows } = await client.query<{ id: number; meter_ids: number[]; days: string[]; cause: Cause | null }>(TAKE)
    // By day and cause, days in their order: a day looks at those before it. What people did comes before what just arrived.
    const groups = new Map<string, { day: LocalDay; cause: Cause; meters: Set<number> }>()
    for (const { meter_ids, days, cause } of rows) {
      days.forEach((day, index) => {
        const key = `${day} ${cause ? `0${JSON.stringify(cause)}` : '1'}`
        const group = groups.get(key) ?? { day, cause: cause ?? READINGS, meters: new Set() }
        group.meters.add(meter_ids[index] as number)
        groups.set(key, group)
      })
    }
    const plans = groups.size > 0 ? await loadPlans(client) : []
    let done = 0
    for (const [, { day, cause, meters }] of [...groups].sort(([a], [b]) => (a < b ? -1 : 1))) {
      await compute(client, plans, day, [...meters].sort((a, b) => a - b), cause, signal)
      done += meters.size
    }
    return rows.length === 0 ? 0 : Math.max(done, 1)
  })

  return {
    touched: async (work) => {
      await transaction(pool, async (client) => {
        await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.figures])
        await client.query(SETTLE, [settings.figuresSettleSeconds])
      })
      const start = await pool.query<{ batches: number }>(`SELECT count(*) AS batches FROM touched_days WHERE ${DUE}`)
      const total = start.rows[0]?.batches ?? 0
      let computed = 0
      // What arrives meanwhile belongs to the next run, or this one might never end.
      for (let taken = 0; taken < total; taken += BATCHES) {
        const done = await step(work?.signal)
        if (done === 0) break
        computed += done
        await work?.progress(Math.min(taken + BATCHES, total), total)
      }
      return computed
    },
    sweep: async (days, work) => {
      const { rows } = await pool.query<{ id: number }>("SELECT id FROM meter WHERE kind = 'meter' ORDER BY id")
      const ids = rows.map((row) => row.id)
      // Days that have begun anywhere, back from the latest; where they have not, nothing is owed yet.
      const latest = new Date(clock.now() + 14 * 3_600_000).toISOString().slice(0, 10)
      const oldest = Math.floor((clock.now() - 12 * 3_600_000) / DAY_MS) - (days - 1)
      const span = Math.floor(Date.parse(`${latest}T00:00:00Z`) / DAY_MS) - oldest + 1
      let computed = 0
      for (let back = 0; back < span; back++) {
        const day = addDays(latest, -back)
        for (let at = 0; at < ids.length; at += METERS) {
          const some = ids.slice(at, at + METERS)
          await transaction(pool, async (client) => {
            await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.figures])
            await compute(client, await loadPlans(client), day, some, SWEEP, work?.signal)
          })
          computed += some.length
        }
        await work?.progress(back + 1, span)
      }
      return computed
    },
  }
}
