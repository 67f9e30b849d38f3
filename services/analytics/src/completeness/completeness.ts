import type pg from 'pg'
import type { LocalDay } from '@zhuzhan/core'
import { slotsOf } from './plan-slots.js'
import type { PlanRow } from './plan-slots.js'

export async function loadPlans(client: pg.ClientBase): Promise<PlanRow[]> {
  const { rows } = await client.query<PlanRow>('SELECT id, freeze_oad, items, interval_minutes, horizon_hours FROM collection_plan WHERE enabled ORDER BY id')
  return rows
}

/**
 * Expected and present slots of one plan on one local day for many meters (analytics §1).
 *
 * A reading that may be a replay (OSP-1 §7.10) is not present: it is read again. Expected are the slots from the meter's installation to now. Installed counts from the registration, or from an earlier
 * reading inside the plan's horizon: a meter that delivers what it froze before was there; or from the exchange in which it was mounted, up to the one in which it was taken off. Partition bounds ($7, $8, $10) are
 * constants, so that the planner opens some days and not four hundred.
 */
const COMPUTE = `
  WITH day_of AS (
    SELECT m.id, m.created_at, $1::timestamp AT TIME ZONE 'UTC' - make_interval(mins => t.utc_offset_minutes) AS from_at
    FROM meter m JOIN terminal t ON t.address = m.terminal_address
    WHERE m.id = ANY($2::int[]) AND m.kind = 'meter'
  ), due AS (
    SELECT d.id, d.from_at, greatest((SELECT max(x.at) FROM meter_exchange x WHERE x.new_meter = d.id AND x.at < d.from_at + interval '1 day'), d.from_at) AS mounted_at,
      (SELECT max(x.at) FROM meter_exchange x WHERE x.old_meter = d.id AND x.at < d.from_at + interval '1 day' AND meter_off(x.old_meter, d.from_at + interval '1 day')) AS off_at,
      CASE WHEN d.created_at <= d.from_at THEN d.from_at ELSE greatest(d.from_at, coalesce(f.first_at, d.created_at)) END AS low,
      least(d.from_at + interval '1 day' - make_interval(secs => $5::numeric), $6::timestamptz) AS high
    FROM day_of d LEFT JOIN LATERAL (
      SELECT min(r.time) AS first_at FROM reading_value r
      WHERE d.created_at > d.from_at AND r.meter_id = d.id AND r.item = $4 AND r.time < d.created_at AND r.time >= d.created_at - make_interval(hours => $9::int)
        AND r.time >= $10 AND r.time < $8 AND r.quality <> 'replay-unchecked'
    ) f ON true
  ), there AS (
    SELECT id, from_at, greatest(low, mounted_at) AS low, least(high, off_at - interval '1 microsecond') AS high FROM due
  ), owed AS (
    SELECT id, from_at, low, high,
      greatest(0, floor(extract(epoch FROM high - from_at) / $5::numeric) - ceil(extract(epoch FROM low - from_at) / $5::numeric) + 1)::int AS expected
    FROM there
  )
  INSERT INTO completeness (meter_id, day, plan_id, expected, present, recollected, computed_at)
  SELECT o.id, $1::date, $3, o.expected, count(r.time), count(r.time) FILTER (WHERE r.quality = 'recollected'), $6
  FROM owed o LEFT JOIN reading_value r ON r.meter_id = o.id AND r.item = $4 AND r.time BETWEEN o.low AND o.high AND r.time >= $7 AND r.time < $8
    AND r.quality <> 'replay-unchecked' AND mod(extract(epoch FROM r.time - o.from_at), $5::numeric) = 0
  WHERE o.expected > 0
  GROUP BY o.id, o.expected
  ON CONFLICT (meter_id, day, plan_id) DO UPDATE
    SET expected = excluded.expected, present = excluded.present, recollected = excluded.recollected, computed_at = excluded.computed_at`

/** Computes and stores the completeness of these meters on that day, for every plan. The same again gives the same. */
export async function computeCompleteness(client: pg.ClientBase, plans: readonly PlanRow[], day: LocalDay, meterIds: readonly number[], now: Date): Promise<void> {
  const [from, to] = boundsOf(day, 1)
  for (const plan of plans) {
    const slots = slotsOf(plan, day)
    if (!slots) continue
    const earliest = new Date(from.getTime() - slots.horizonHours * 3_600_000)
    await client.query(COMPUTE, [day, meterIds, slots.planId, slots.lead, slots.step, now, from, to, slots.horizonHours, earliest])
  }
}

/** Instants between which a local day (and the given number of days from it on) lies, whatever the offset. */
export function boundsOf(day: LocalDay, days: number): [Date, Date] {
  const midnight = Date.parse(`${day}T00:00:00Z`)
  return [new Date(midnight - 14 * 3_600_000), new Date(midnight + days * 86_400_000 + 14 * 3_600_000)]
}
