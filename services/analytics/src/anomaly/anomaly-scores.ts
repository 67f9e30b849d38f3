import { createHash } from 'node:crypto'
import { addDays, DAY_MS, FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import type { Clock, LocalDay } from '@zhuzhan/core'
import type { AnomalyModel, CustomerScore } from '@zhuzhan/energy-models'
import { openTheftCasesIn, orderAnomalyRun, transaction } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'
import type { LongWork } from '../days/day-figures.js'
import { createModelThread } from '../model-thread.js'
import { JUDGED_DAYS, cohortSeries } from './cohort-series.js'

export interface AnomalyScores {
  /** Orders the run of the night, once, and forgets the scores of old ones. */
  night(): Promise<void>
  /** Goes on with the oldest run that is not done, and queues the rest. A kill or a stop loses at most the cohort in hand. @returns how many meters were done now */
  work(work: LongWork): Promise<number>
}

const SLICE_MS = 5_000
/** A cohort takes a second or two. */
const SCORE_MS = 120_000
/** Behind the figures of the day and the audits. */
const PRIORITY = 20
/** Customers judged together: enough for a quantile of a day, and no more than are read and computed in a second or two. */
const LARGEST_COHORT = 64
/** Loss areas of fewer customers are judged with others of no area. Ours: under 6 the model takes nothing for common. */
const LEAST_OF_AREA = 12
/** Scores and cohorts of runs are kept so long. */
const KEPT_DAYS = 30

const AREA = "LEFT JOIN LATERAL (SELECT l.area, l.role FROM loss_area_meter l WHERE l.meter_id = m.id AND l.from_day <= $2::date AND (l.to_day IS NULL OR l.to_day > $2::date) LIMIT 1) AS a ON true"
const OLDEST = "SELECT id::int AS id FROM anomaly_run WHERE state <> 'done' ORDER BY id LIMIT 1"
const CLAIM = `UPDATE anomaly_run SET state = 'running', started_at = coalesce(started_at, $2), updated_at = $2, model_digest = coalesce(model_digest, $3), case_score = CASE WHEN total IS NULL THEN $4::float8 ELSE case_score END
  WHERE id = $1 AND state <> 'done' RETURNING to_char(day, 'YYYY-MM-DD') AS day, cursor, done, total, case_score AS "caseScore"`
// Cohorts of nearly the same size, by loss area and address. Meters that count what comes into an area are no customers.
const COHORTS = `INSERT INTO anomaly_cohort (run_id, number, area, meter_ids)
  WITH judged AS (SELECT m.id, m.address, a.area, count(*) OVER (PARTITION BY a.area) AS together FROM meter m ${AREA}
      WHERE m.kind = 'meter' AND a.role IS DISTINCT FROM 'sum' AND EXISTS (SELECT FROM vee_day v WHERE v.meter_id = m.id AND v.item = ${FORWARD_ACTIVE_TOTAL} AND v.day > $3::date AND v.day <= $2::date)),
    grouped AS (SELECT id, address, CASE WHEN together >= ${LEAST_OF_AREA} THEN area END AS area FROM judged),
    cut AS (SELECT *, (row_number() OVER (PARTITION BY area ORDER BY address) - 1) * ceil(count(*) OVER (PARTITION BY area) / $4::float8)::int / count(*) OVER (PARTITION BY area) AS part FROM grouped)
  SELECT $1::bigint, row_number() OVER (ORDER BY area NULLS LAST, part), area, array_agg(id ORDER BY address) FROM cut GROUP BY area, part`
const COUNTED = 'UPDATE anomaly_run SET total = (SELECT coalesce(sum(cardinality(meter_ids)), 0) FROM anomaly_cohort WHERE run_id = $1) WHERE id = $1 AND total IS NULL RETURNING total'
const COHORT = 'SELECT number, meter_ids AS "meterIds" FROM anomaly_cohort WHERE run_id = $1 AND number > $2 ORDER BY number LIMIT 1'
const MEMBERS = `SELECT m.id, m.address, a.area FROM meter m ${AREA} WHERE m.id = ANY($1::int[]) ORDER BY m.address`
// The cursor it was computed behind must still hold: a second worker of the same run makes this update nothing.
const STEP = "UPDATE anomaly_run SET cursor = $3, done = done + $4, scored = scored + $5, updated_at = $6 WHERE id = $1 AND cursor = $2 AND state = 'running'"
const STORE = `INSERT INTO anomaly_score (run_id, meter_id, cohort, area, score, why_not, recoverable_kwh, expected_kwh_day, counted_kwh_day, days, completeness, taken_out, model_digest, digest, computed_at)
  SELECT $1::bigint, (s->>'id')::int, $2::int, s->>'area', (s->>'score')::float8, s->>'whyNot', (s->>'recoverable')::float8, (s->>'expected')::float8, (s->>'counted')::float8, (s->>'days')::int, (s->>'completeness')::float8, s->'takenOut', $4::text, decode(s->>'digest', 'hex'), $5::timestamptz
  FROM jsonb_array_elements($3::jsonb) AS s`
const END = "UPDATE anomaly_run SET state = 'done', ended_at = $2, updated_at = $2 WHERE id = $1 AND state = 'running'"
const FORGET = ['anomaly_score', 'anomaly_cohort'].map((table) => `DELETE FROM ${table} WHERE run_id IN (SELECT id FROM anomaly_run WHERE ended_at < $1)`)

interface Run { day: LocalDay; cursor: number; done: number; total: number | null; caseScore: number | null }
interface Cohort { number: number; meterIds: number[] }
interface Member { id: number; address: string; area: string | null }

/** Another worker took the step: there is nothing left to do here. */
class Overtaken extends Error {}

/**
 * Scores of all customers, cohort by cohort, with cases for people from a score on; nothing else follows from one.
 * @param model read when a job needs it
 * @param caseScore 1: no cases
 */
export function createAnomalyScores({ pool, queues, clock, model: modelOf, caseScore, nightZone, sliceMs = SLICE_MS, largestCohort = LARGEST_COHORT }: {
  pool: pg.Pool; queues: Pick<Queues, 'add'>; clock: Clock; model: () => Promise<AnomalyModel>; caseScore: number; nightZone: string; sliceMs?: number; largestCohort?: number
}): AnomalyScores {
  const now = (): Date => new Date(clock.now())
  /** Its meters are counted and put together once; a kill in between leaves neither. */
  const begun = (id: number, model: AnomalyModel): Promise<Run | undefined> => transaction(pool, async (client) => {
    const { rows: [run] } = await client.query<Run>(CLAIM, [id, now(), model.digest, caseScore < 1 ? caseScore : null])
    if (!run || run.total !== null) return run
    await client.query(COHORTS, [id, run.day, addDays(run.day, -JUDGED_DAYS), largestCohort])
    const { rows: [counted] } = await client.query<{ total: number }>(COUNTED, [id])
    return { ...run, total: counted?.total ?? 0 }
  })
  /** The scores of a cohort, its cases and the step of the run, or nothing of it. */
  const store = (id: number, run: Run, cohort: Cohort, members: readonly Member[], scores: readonly CustomerScore[], digests: readonly Buffer[], model: AnomalyModel): Promise<void> => transaction(pool, async (client) => {
    const rows = members.map((member, at) => rowOf(member, scores[at] as CustomerScore, digests[at] as Buffer))
    const { rowCount } = await client.query(STEP, [id, run.cursor, cohort.number, cohort.meterIds.length, rows.filter(({ score }) => score !== null).length, now()])
    if (rowCount !== 1) throw new Overtaken()
    await client.query(STORE, [id, cohort.number, JSON.stringify(rows), model.digest, now()])
    await client.query('UPDATE anomaly_cohort SET digest = $3 WHERE run_id = $1 AND number = $2', [id, cohort.number, createHash('sha256').update(Buffer.concat(digests)).digest()])
    const suspicious = rows.filter(({ score }) => run.caseScore !== null && score !== null && score >= run.caseScore)
    const opened = await openTheftCasesIn(client, suspicious.map(({ address, score, recoverable, expected, counted, completeness, ...rest }) => ({
      meter: address, source: 'score', why: `its use in the ${JUDGED_DAYS} days up to ${run.day} looks tampered with against its own history`, score: score as number, recoverableKwh: (recoverable as number).toFixed(4),
      evidence: { run: id, day: run.day, score, recoverableKwhAMonth: recoverable, expectedKwhADay: expected, countedKwhADay: counted, completeness, area: rest.area, model: model.digest, data: rest.digest },
    })), 'analytics', now())
    await client.query('UPDATE anomaly_run SET cases = cases + $2 WHERE id = $1', [id, opened.filter((one) => 'id' in one).length])
  })
  return {
    night: async () => {
      const { rows: [night] } = await pool.query<{ day: LocalDay }>("SELECT to_char(($1::timestamptz AT TIME ZONE $2)::date - 1, 'YYYY-MM-DD') AS day", [now(), nightZone])
      await orderAnomalyRun(pool, { day: (night as { day: LocalDay }).day, nightly: true, who: 'analytics', now: now() })
      for (const forget of FORGET) await pool.query(forget, [new Date(clock.now() - KEPT_DAYS * DAY_MS)])
    },
    work: async ({ progress, signal }) => {
      const until = clock.monotonic() + sliceMs
      const { rows: [open] } = await pool.query<{ id: number }>(OLDEST)
      if (!open) return 0
      const again = (): Promise<string> => queues.add('analysis.anomaly-scores', {}, { jobId: `anomaly-scores-${clock.now()}`, priority: PRIORITY })
      const model = await modelOf()
      const run = await begun(open.id, model)
      if (!run) return 0
      const thread = createModelThread()
      let done = 0
      try {
        for (;;) {
          signal.throwIfAborted()
          const { rows: [cohort] } = await pool.query<Cohort>(COHORT, [open.id, run.cursor])
          if (!cohort) break
          // Each job takes the run on, however long it took to begin it.
          if (done > 0 && clock.monotonic() >= until) {
            await again()
            return done
          }
          // A meter deleted since is not there.
          const { rows: members } = await pool.query<Member>(MEMBERS, [cohort.meterIds, run.day])
          const { history, series, digests } = await cohortSeries(pool, members.map(({ id }) => id), run.day, signal)
          const scores = await thread.run('scoreCustomers', [model, history, series], SCORE_MS, signal)
          await store(open.id, run, cohort, members, scores, digests, model)
          run.cursor = cohort.number
          done += cohort.meterIds.length
          await progress(run.done + done, run.total ?? 0)
        }
      } catch (error) {
        if (error instanceof Overtaken) return done
        throw error
      } finally {
        await thread.stop()
      }
      await pool.query(END, [open.id, now()])
      if (((await pool.query(OLDEST)).rowCount ?? 0) > 0) await again()
      return done
    },
  }
}

const rounded = (value: number | undefined): number | null => (value === undefined ? null : Math.round(value * 1_000) / 1_000)

function rowOf({ id, address, area }: Member, { score, recoverable, refused, completeness, takenOut }: CustomerScore, digest: Buffer) {
  return {
    id, address, area, score, whyNot: score === null ? refused ?? 'nothing can be said' : null, recoverable: rounded(recoverable?.aMonth), expected: rounded(recoverable?.expectedADay), counted: rounded(recoverable?.countedADay),
    days: recoverable?.days ?? null, completeness: Math.round(completeness * 1e4) / 1e4, takenOut, digest: digest.toString('hex'),
  }
}
