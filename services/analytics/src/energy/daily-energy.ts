import { addDays, dayStart, FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import type { Place } from '@zhuzhan/metering'
import type pg from 'pg'
import { boundsOf } from '../completeness/completeness.js'
import { loadExchanges, placesOfDay } from '../metering/exchanges.js'
import { tellGone } from '../metering/gone-figures.js'
import { computeJoinedEnergy } from './joined-energy.js'

export interface RegisterSettings {
  /** The reading at which a register starts again from zero, in kWh. UNSURE: six whole digits; it depends on the meter. */
  registerFullScale: number
}

/** A register may have rolled over when it stood this near to its end and the energy that gives is this small a part of it. */
const NEAR_END = 0.01

/**
 * Energy of one local day from the registers frozen at its begin and end: (R2 - R1) x ctRatio x ptRatio, exact (analytics §1).
 *
 * Only registers that can but rise: forward and reverse active, reactive quadrants, apparent (OI 001x, 002x, 005x-00Ax). Combined
 * ones (000x, 003x, 004x) are signed and may fall rightly. A register that went backwards gives no energy, never a negative
 * one; a day without both registers gets no row. A reading that may be a replay (OSP-1 §7.10) is none. States: measured, estimated (a register was), rolled-over, backwards, ratio-changed (the multiplier, within the
 * day: no energy), doubtful (validation refuses the day: none either, computed before this), exchanged (joined-energy.ts). Days before a change of the multiplier keep theirs.
 */
const COMPUTE = `
  WITH day_of AS (
    SELECT b.id, coalesce(c.ratio, b.ratio) AS ratio, b.from_at, c.until_at < b.from_at + interval '1 day' AS ratio_changed
    FROM (
      SELECT m.id, m.ct_ratio * m.pt_ratio AS ratio, $1::timestamp AT TIME ZONE 'UTC' - make_interval(mins => t.utc_offset_minutes) AS from_at
      FROM meter m JOIN terminal t ON t.address = m.terminal_address
      WHERE m.id = ANY($2::int[]) AND m.kind = 'meter'
    ) AS b
    LEFT JOIN LATERAL (SELECT r.ct_ratio * r.pt_ratio AS ratio, r.until_at FROM meter_ratio r WHERE r.meter_id = b.id AND r.until_at > b.from_at ORDER BY r.until_at LIMIT 1) AS c ON true
  ), registers AS (
    SELECT d.id, a.item, d.ratio, d.ratio_changed, a.value AS r1, b.value AS r2,
      a.quality IN ('estimated', 'edited') OR b.quality IN ('estimated', 'edited') AS estimated,
      b.value < a.value AND a.value >= $6::numeric * (1 - ${NEAR_END}) AND a.value < $6::numeric
        AND b.value + $6::numeric - a.value <= $6::numeric * ${NEAR_END} AS rolled_over,
      a.item BETWEEN ${FORWARD_ACTIVE_TOTAL} AND ${FORWARD_ACTIVE_TOTAL + 5} AND EXISTS (SELECT FROM vee_day v WHERE v.meter_id = d.id AND v.day = $1::date AND v.item = ${FORWARD_ACTIVE_TOTAL} AND v.day_over AND v.energy IS NULL) AS doubtful
    FROM day_of d
    JOIN reading_current a ON a.meter_id = d.id AND a.meter_id = ANY($2::int[]) AND a.time = d.from_at AND a.time = ANY($7::timestamptz[]) AND a.time >= $4 AND a.time < $5 AND a.quality <> 'replay-unchecked'
    JOIN reading_current b ON b.meter_id = d.id AND b.meter_id = ANY($2::int[]) AND b.time = d.from_at + interval '1 day' AND b.time = ANY($8::timestamptz[]) AND b.item = a.item AND b.time >= $4 AND b.time < $5 AND b.quality <> 'replay-unchecked'
    WHERE a.item & 255 > 0 AND a.item >> 20 IN (1, 2, 5, 6, 7, 8, 9, 10)
  )
  INSERT INTO daily_energy (meter_id, day, item, start_value, end_value, energy, state, computed_at)
  SELECT id, $1::date, item, r1, r2,
    CASE WHEN ratio_changed OR doubtful THEN NULL WHEN r2 >= r1 THEN trim_scale((r2 - r1) * ratio) WHEN rolled_over THEN trim_scale((r2 + $6::numeric - r1) * ratio) END,
    CASE WHEN ratio_changed THEN 'ratio-changed' WHEN r2 < r1 AND NOT rolled_over THEN 'backwards' WHEN doubtful THEN 'doubtful' WHEN estimated THEN 'estimated' WHEN rolled_over THEN 'rolled-over' ELSE 'measured' END,
    $3
  FROM registers
  ON CONFLICT (meter_id, day, item) DO UPDATE
    SET start_value = excluded.start_value, end_value = excluded.end_value, energy = excluded.energy, state = excluded.state, computed_at = excluded.computed_at`

/**
 * An energy one of whose registers a person took out has nothing under it any more: it goes, and its history says what it was. Registers that went
 * with their age (retention) have no edit, and their energies stay.
 */
const TAKE_BACK = `
  WITH day_of AS (
    SELECT m.id, $1::timestamp AT TIME ZONE 'UTC' - make_interval(mins => t.utc_offset_minutes) AS from_at
    FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.id = ANY($2::int[])
  ), gone AS (
    DELETE FROM daily_energy e USING day_of d
    WHERE e.meter_id = d.id AND e.day = $1::date AND EXISTS (
      SELECT FROM reading_edit r WHERE r.meter_id = e.meter_id AND r.item = e.item AND r.time IN (d.from_at, d.from_at + interval '1 day')
        AND NOT EXISTS (SELECT FROM reading_current c WHERE c.meter_id = r.meter_id AND c.item = r.item AND c.time = r.time AND c.quality <> 'replay-unchecked'))
    RETURNING e.*
  )
  ${tellGone('daily_energy')}`

/** Days behind the exchange of a meter are none of its own. */
const LEFT = `WITH gone AS (DELETE FROM daily_energy WHERE meter_id = ANY($2::int[]) AND day = $1::date RETURNING *)
  ${tellGone('daily_energy')}`

async function offsetsOf(client: pg.ClientBase, meterIds: readonly number[]): Promise<Map<number, number>> {
  const { rows } = await client.query<{ id: number; offset: number }>("SELECT m.id, t.utc_offset_minutes AS \"offset\" FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.id = ANY($1::int[]) AND m.kind = 'meter'", [meterIds])
  return new Map(rows.map(({ id, offset }) => [id, offset]))
}

/** Computes and stores the energy of these meters on that day. The same again gives the same. */
export async function computeDailyEnergy(client: pg.ClientBase, settings: RegisterSettings, day: LocalDay, meterIds: readonly number[], now: Date): Promise<void> {
  const [from, to] = boundsOf(day, 1)
  // Midnights as constants: a join reaches no index through the view's union, and all of the day would be read.
  const { rows } = await client.query<{ offset: number }>('SELECT DISTINCT t.utc_offset_minutes AS "offset" FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.id = ANY($1::int[])', [meterIds])
  const exchanges = await loadExchanges(client, meterIds)
  const { alone, joined, off } = exchanges.length === 0 ? { alone: meterIds, joined: new Map<number, Place[]>(), off: [] } : placesOfDay(exchanges, day, await offsetsOf(client, meterIds))
  const midnights = (of: LocalDay): Date[] => rows.map(({ offset }) => new Date(dayStart(of, offset)))
  await client.query(COMPUTE, [day, alone, now, from, to, settings.registerFullScale, midnights(day), midnights(addDays(day, 1))])
  await client.query(TAKE_BACK, [day, meterIds])
  if (off.length > 0) await client.query(LEFT, [day, off])
  for (const [meter, places] of joined) await computeJoinedEnergy(client, settings, day, meter, exchanges, places, now)
}
