import type { Clock, LocalDay } from '@zhuzhan/core'
import { exactText } from '@zhuzhan/energy-audit'
import { openTheftCasesIn, transaction } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'
import type { LongWork } from '../days/day-figures.js'
import { areaDay } from './area-day.js'

export interface LineLossRun {
  /** Computes what is due, the oldest days first, and queues the rest. A kill or a cancellation loses at most the one in hand. @returns how many */
  work(work: LongWork): Promise<number>
}

const SLICE_MS = 5_000
const PRIORITY = 10

const TAKE = `DELETE FROM area_loss_due WHERE (area, day) IN (SELECT area, day FROM area_loss_due ORDER BY day, area LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING area, day::text AS day`
const STORE = `INSERT INTO area_loss_day (area, day, version, digest, supply, feed_in, sales, percent, loss_class, why_not, meters_expected, meters_with_both, estimated_share, diagnosis, computed_at)
  SELECT $1, $2::date, coalesce(max(version), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14 FROM area_loss_day WHERE area = $1 AND day = $2::date
  HAVING (array_agg(digest ORDER BY version DESC))[1] IS DISTINCT FROM $3::bytea`
/** Days of areas whose meters' days changed are due; the meters' days are committed together with this. */
const DUE = `INSERT INTO area_loss_due (area, day) SELECT DISTINCT area, $2::date FROM loss_area_meter
  WHERE meter_id = ANY($1::int[]) AND from_day <= $2::date AND (to_day IS NULL OR to_day > $2::date) ON CONFLICT DO NOTHING`

export async function areasDue(client: pg.ClientBase, meterIds: readonly number[], day: LocalDay): Promise<void> {
  await client.query(DUE, [meterIds, day])
}

/** Line loss of transformer areas, day by day. */
export function createLineLossRun({ pool, queues, clock, sliceMs = SLICE_MS }: { pool: pg.Pool; queues: Pick<Queues, 'add'>; clock: Clock; sliceMs?: number }): LineLossRun {
  /** One area's day with the row that asked for it, or neither. */
  const one = (): Promise<boolean> => transaction(pool, async (client) => {
    const { rows: [due] } = await client.query<{ area: string; day: LocalDay }>(TAKE)
    if (!due) return false
    const { loss, whyNot, metersExpected, metersWithBoth, estimatedShare, diagnosis, digest } = await areaDay(client, due.area, due.day)
    await client.query(STORE, [
      due.area, due.day, digest, loss && exactText(loss.supply), loss && exactText(loss.feedIn), loss && exactText(loss.sales), loss?.percent, loss?.lossClass, whyNot,
      metersExpected, metersWithBoth, estimatedShare, JSON.stringify(diagnosis), new Date(clock.now()),
    ])
    // A case for people, with the figure it comes from: nothing else follows from it.
    await openTheftCasesIn(client, diagnosis.suspects.map(({ meter, before, now }) => ({
      meter, source: 'line-loss', why: `area ${due.area} loses more than its lines explain, and this meter counts less than it did`, evidence: { area: due.area, day: due.day, percent: loss?.percent ?? null, kwhADayBefore: before, kwhADayNow: now },
    })), 'analytics', new Date(clock.now()))
    return true
  })
  return {
    work: async ({ progress, signal }) => {
      const until = clock.monotonic() + sliceMs
      const { rows: [due] } = await pool.query<{ count: number }>('SELECT count(*)::int AS count FROM area_loss_due')
      const total = due?.count ?? 0
      let done = 0
      // What becomes due meanwhile belongs to the next run, or this one might never end.
      while (done < total) {
        signal.throwIfAborted()
        if (clock.monotonic() >= until) {
          await queues.add('analysis.line-loss', {}, { jobId: `line-loss-${clock.now()}`, priority: PRIORITY })
          return done
        }
        if (!await one()) break
        done += 1
        await progress(done, total)
      }
      return done
    },
  }
}
