import { FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import type { DayFigure } from '@zhuzhan/metering'
import type pg from 'pg'
import { STEP_MS } from './load-days.js'
import type { LoadedDay } from './load-days.js'

type Judged = { loaded: LoadedDay; figure: DayFigure }

const FILLED = `UPDATE vee_gap g SET state = 'filled', closed_at = $4
  WHERE g.meter_id = ANY($1::int[]) AND g.day = $2::date AND g.item = ${FORWARD_ACTIVE_TOTAL} AND g.state <> 'filled'
    AND NOT EXISTS (SELECT FROM jsonb_to_recordset($3::jsonb) AS n (meter_id int, from_at timestamptz, to_at timestamptz) WHERE n.meter_id = g.meter_id AND n.from_at = g.from_at AND n.to_at = g.to_at)`
const STORE = `INSERT INTO vee_gap (meter_id, item, day, from_at, to_at, reason, method, refused, state, first_seen_at)
  SELECT meter_id, ${FORWARD_ACTIVE_TOTAL}, $1::date, from_at, to_at, reason, method, refused, 'open', $3
  FROM jsonb_to_recordset($2::jsonb) AS n (meter_id int, from_at timestamptz, to_at timestamptz, reason text, method text, refused text)
  ON CONFLICT (meter_id, item, from_at, to_at) DO UPDATE SET reason = excluded.reason, method = excluded.method, refused = excluded.refused,
    state = CASE WHEN vee_gap.state = 'filled' THEN 'open' ELSE vee_gap.state END, closed_at = CASE WHEN vee_gap.state = 'final' THEN vee_gap.closed_at END`
// What is not there the collection asks for by itself; what a check rejected is read once more although it is there.
const AGAIN = `INSERT INTO collection_gap (meter_id, plan_id, slot, attempts, reason, next_try_at, again)
  SELECT n.meter_id, p.id, n.slot, 1, n.reason, $2, 'due'
  FROM jsonb_to_recordset($1::jsonb) AS n (meter_id int, slot timestamptz, reason text)
  JOIN LATERAL (SELECT id, horizon_hours FROM collection_plan WHERE enabled AND interval_minutes = 15 ORDER BY priority, id LIMIT 1) p ON true
  WHERE n.slot > $2::timestamptz - make_interval(hours => p.horizon_hours) ON CONFLICT (meter_id, plan_id, slot) DO NOTHING`
const FINAL = `UPDATE vee_gap SET state = 'final', closed_at = $1
  WHERE state = 'open' AND to_at < $1::timestamptz - make_interval(hours => coalesce((SELECT max(horizon_hours) FROM collection_plan WHERE enabled AND interval_minutes IS NOT NULL), 48))`

/** Keeps the gap list up with what was found: new gaps are opened, those that are no more are filled. */
export async function storeGaps(client: pg.ClientBase, day: LocalDay, judged: readonly Judged[], now: Date): Promise<void> {
  const gaps = judged.flatMap(({ loaded: { meter, start }, figure }) => figure.gaps.map(({ from, to, reason, method, refused }) => ({
    meter_id: meter.id, from_at: new Date(start + from * STEP_MS), to_at: new Date(start + to * STEP_MS), reason, method, refused,
  })))
  const text = JSON.stringify(gaps)
  await client.query(FILLED, [judged.map(({ loaded }) => loaded.meter.id), day, text, now])
  if (gaps.length > 0) await client.query(STORE, [day, text, now])
}

/** Has the registers around rejected intervals read once more, while the meter remembers them. */
export async function orderAgain(client: pg.ClientBase, judged: readonly Judged[], now: Date): Promise<void> {
  const slots = judged.flatMap(({ loaded: { meter, start }, figure }) => figure.gaps.filter(({ reason }) => reason.startsWith('VEE-')).flatMap(({ from, to, reason }) =>
    Array.from({ length: to - from + 1 }, (_, n) => ({ meter_id: meter.id, slot: new Date(start + (from + n) * STEP_MS), reason }))))
  if (slots.length > 0) await client.query(AGAIN, [JSON.stringify(slots), now])
}

/** Gaps that the meter no longer remembers: their estimates are final. */
export async function closeGaps(pool: pg.Pool, now: Date): Promise<number> {
  return (await pool.query(FINAL, [now])).rowCount ?? 0
}

