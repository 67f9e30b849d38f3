import type pg from 'pg'
import { createWhere, pageOf } from './queries/where.js'
import type { Page } from './queries/where.js'

/** Runs of the anomaly score and what they said. The runs are worked on by analytics. */

export interface AnomalyRun {
  id: number
  /** The last local day judged. */
  day: string
  nightly: boolean
  requestedBy: string
  state: 'queued' | 'running' | 'done'
  /** Meters; null before they were counted. */
  total: number | null
  done: number
  scored: number
  cases: number
  modelDigest: string | null
  /** Score from which it opens cases; null: none. */
  caseScore: number | null
  createdAt: Date
  startedAt: Date | null
  endedAt: Date | null
}

export interface AnomalyScore {
  meter: string
  utcOffsetMinutes: number
  area: string | null
  cohort: number
  score: number | null
  whyNot: string | null
  recoverableKwh: number | null
  expectedKwhDay: number | null
  countedKwhDay: number | null
  days: number | null
  completeness: number
  takenOut: Record<string, number>
  modelDigest: string
  digest: Buffer
  computedAt: Date
  rank: [number, number, number]
}

const RUN = `id::int AS id, to_char(day, 'YYYY-MM-DD') AS day, nightly, requested_by AS "requestedBy", state, total, done, scored, cases, model_digest AS "modelDigest", case_score AS "caseScore",
  created_at AS "createdAt", started_at AS "startedAt", ended_at AS "endedAt"`

/** Orders a run; one of the same day that is not done is the answer in place of a second. A night has one run, however often it is asked for. @returns undefined when the night has had its run */
export async function orderAnomalyRun(pool: pg.Pool, { day, nightly, who, now }: { day: string; nightly: boolean; who: string; now: Date }): Promise<AnomalyRun | undefined> {
  await pool.query('INSERT INTO anomaly_run (day, nightly, requested_by, created_at, updated_at) VALUES ($1::date, $2, $3, $4, $4) ON CONFLICT DO NOTHING', [day, nightly, who, now])
  const { rows: [run] } = await pool.query<AnomalyRun>(`SELECT ${RUN} FROM anomaly_run WHERE anomaly_run.day = $1::date AND state <> 'done'`, [day])
  return run
}

/** The newest first. */
export async function listAnomalyRuns(pool: pg.Pool, limit: number): Promise<AnomalyRun[]> {
  return (await pool.query<AnomalyRun>(`SELECT ${RUN} FROM anomaly_run ORDER BY anomaly_run.id DESC LIMIT $1`, [limit])).rows
}

/** One run, or without an id the last that is done. */
export async function findAnomalyRun(pool: pg.Pool, id?: number): Promise<AnomalyRun | undefined> {
  const { rows: [run] } = await pool.query<AnomalyRun>(`SELECT ${RUN} FROM anomaly_run WHERE CASE WHEN $1::bigint IS NULL THEN state = 'done' ELSE anomaly_run.id = $1 END ORDER BY anomaly_run.day DESC, anomaly_run.id DESC LIMIT 1`, [id ?? null])
  return run
}

const SCORE = `m.address AS meter, t.utc_offset_minutes AS "utcOffsetMinutes", s.area, s.cohort, s.score, s.why_not AS "whyNot", s.recoverable_kwh AS "recoverableKwh", s.expected_kwh_day AS "expectedKwhDay",
  s.counted_kwh_day AS "countedKwhDay", s.days, s.completeness, s.taken_out AS "takenOut", s.model_digest AS "modelDigest", s.digest, s.computed_at AS "computedAt"`
const [BY_SCORE, BY_ENERGY, LAST] = ['coalesce(s.score, -1)', 'coalesce(s.recoverable_kwh, -1)', '-s.meter_id::float8']

/** What a run said, the most suspicious first; those it said nothing about come last. */
export async function listAnomalyScores(pool: pg.Pool, { run, rank, area, meter, after, limit }: {
  run: number; rank: 'recoverable' | 'score'; area?: string | undefined; meter?: string | undefined; after?: readonly [number, number, number] | undefined; limit: number
}): Promise<Page<AnomalyScore>> {
  const order = rank === 'score' ? [BY_SCORE, BY_ENERGY, LAST] : [BY_ENERGY, BY_SCORE, LAST]
  const where = createWhere().and('s.run_id = ?', run).and('s.area = ?', area).and('m.address = ?', meter)
  if (after) where.and(`(${order.join(', ')}) < (?::float8, ?::float8, ?::float8)`, ...after)
  const most = where.parameter(limit + 1)
  const { rows } = await pool.query<AnomalyScore>(
    `SELECT ${SCORE}, ARRAY[${order.join(', ')}] AS rank FROM anomaly_score s JOIN meter m ON m.id = s.meter_id JOIN terminal t ON t.address = m.terminal_address
     WHERE ${where.text} ORDER BY ${order.map((one) => `${one} DESC`).join(', ')} LIMIT ${most}`, where.values)
  return pageOf(rows, limit)
}
