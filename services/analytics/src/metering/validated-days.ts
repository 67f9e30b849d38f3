import { addDays, FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { exact, exactText, times } from '@zhuzhan/energy-audit'
import { MISSING, dayFigure, exactDigits, periodDigits } from '@zhuzhan/metering'
import type { DayFigure, Joint } from '@zhuzhan/metering'
import type pg from 'pg'
import { areasDue } from '../line-loss/line-loss.js'
import { storeCurves } from './day-curves.js'
import { orderAgain, storeGaps } from './gaps.js'
import { tellGone } from './gone-figures.js'
import { STEP_MS, loadDays } from './load-days.js'
import type { LoadedDay } from './load-days.js'
import { computeMonths } from './months.js'

/** Days back that may look at a day as history: the largest `stepHistoryDays` that the thresholds allow. */
const LOOKING_BACK_DAYS = 400

const EXISTING = `SELECT meter_id AS id FROM vee_day WHERE meter_id = ANY($1::int[]) AND day = $2::date AND item = ${FORWARD_ACTIVE_TOTAL} AND day_over`
const COLUMNS = 'meter_id, day, item, day_over, decimals, ratio, digits, energy, why_not, basis, counts, estimated_share, complete, may_act, best, states, gaps, findings, periods, clock, joints, computed_at'
const COMPARED = ['day_over', 'decimals', 'ratio', 'digits', 'energy', 'why_not', 'basis', 'counts', 'estimated_share', 'complete', 'may_act', 'best', 'states', 'gaps', 'findings', 'periods', 'clock', 'joints']
const STORE = `INSERT INTO vee_day (${COLUMNS})
  SELECT meter_id, $2::date, ${FORWARD_ACTIVE_TOTAL}, day_over, decimals, ratio, digits, energy, why_not, basis, counts, estimated_share, complete, may_act, best, decode(states, 'hex'), gaps, findings, periods, clock, joints, $3
  FROM jsonb_to_recordset($1::jsonb) AS r (meter_id int, day_over boolean, decimals int, ratio numeric, digits bigint, energy numeric, why_not text, basis text, counts jsonb,
    estimated_share float8, complete boolean, may_act boolean, best int[], states text, gaps jsonb, findings jsonb, periods jsonb, clock jsonb, joints jsonb)
  ON CONFLICT (meter_id, day, item) DO UPDATE SET ${[...COMPARED, 'computed_at'].map((column) => `${column} = excluded.${column}`).join(', ')}
  WHERE (${COMPARED.map((column) => `vee_day.${column}`).join(', ')}) IS DISTINCT FROM (${COMPARED.map((column) => `excluded.${column}`).join(', ')})
  RETURNING meter_id AS id, day_over AS over`
const LATER = `INSERT INTO touched_days (meter_ids, days, cause)
  SELECT array_agg(meter_id), array_agg(day), $4::jsonb FROM vee_day
  WHERE meter_id = ANY($1::int[]) AND item = ${FORWARD_ACTIVE_TOTAL} AND day > $2::date AND day <= $3::date HAVING count(*) > 0`
// Audits of the month in progress are made each night anyway. What is due already becomes due anew: whoever queues it meanwhile must not take it for done.
const AUDIT_DUE = `INSERT INTO audit_due (meter_id, month) SELECT meter_id, month FROM energy_audit
  WHERE meter_id = ANY($1::int[]) AND month = date_trunc('month', $2::date)::date AND report #>> '{period,monthOver}' = 'true' ORDER BY meter_id ON CONFLICT (meter_id, month) DO UPDATE SET month = excluded.month`

const GONE = `WITH gone AS (DELETE FROM vee_day WHERE meter_id = ANY($1::int[]) AND day = $2::date AND item = ${FORWARD_ACTIVE_TOTAL} RETURNING *),
    told AS (${tellGone('vee_day')} WHERE day_over)
  SELECT meter_id AS id FROM gone`

/** Why figures are computed anew, as it stands in their history. */
export interface Cause extends Record<string, unknown> {
  kind: 'readings' | 'edit' | 'exchange' | 'earlier-day' | 'sweep'
}

/**
 * Validates one day of these meters, estimates what is missing, sums up the months, and notes the later days that look at this one.
 * Nothing is written that came out equal. Call it inside a transaction.
 */
export async function computeValidatedDays(client: pg.ClientBase, settings: { registerFullScale: number }, day: LocalDay, meterIds: readonly number[], now: Date, cause: Cause): Promise<void> {
  const { days: loaded, off } = await loadDays(client, day, meterIds, now.getTime(), settings.registerFullScale)
  await storeDays(client, day, loaded, now, cause)
  // Behind the new meter's day, which takes their place in the months.
  if (off.length > 0) await leave(client, day, off, now)
}

async function storeDays(client: pg.ClientBase, day: LocalDay, loaded: readonly LoadedDay[], now: Date, cause: Cause): Promise<void> {
  if (loaded.length === 0) return
  await storeCurves(client, day, loaded.filter(({ dayOver }) => dayOver).map(({ meter, curve }) => ({ meterId: meter.id, ...curve })))
  const figures = loaded.map((one) => ({ loaded: one, figure: dayFigure(one.readings) }))
  const { rows: over } = await client.query<{ id: number }>(EXISTING, [loaded.map(({ meter }) => meter.id), day])
  const { rows: changed } = await client.query<{ id: number; over: boolean }>(STORE, [JSON.stringify(figures.map(veeRow)), day, now])
  if (changed.length === 0) return
  const ids = new Set(changed.map(({ id }) => id))
  const moved = figures.filter(({ loaded: { meter } }) => ids.has(meter.id))
  await storeGaps(client, day, moved, now)
  await orderAgain(client, moved, now)
  const ended = changed.filter((one) => one.over).map(({ id }) => id)
  if (ended.length === 0) return
  const before = new Set(over.map(({ id }) => id))
  const corrected = ended.some((id) => before.has(id))
  await client.query("SELECT set_config('zhuzhan.correction', $1, true)", [corrected ? 'on' : 'off'])
  const holders = await computeMonths(client, day.slice(0, 7), ended, now)
  await client.query(AUDIT_DUE, [[...new Set([...ended, ...holders])], day])
  await areasDue(client, ended, day)
  await client.query(LATER, [ended, day, addDays(day, LOOKING_BACK_DAYS), JSON.stringify(laterCause(cause, day))])
}

/** A day behind the exchange of a meter is none of its own: what was computed of it goes, and its history says what it was. */
async function leave(client: pg.ClientBase, day: LocalDay, meterIds: readonly number[], now: Date): Promise<void> {
  const { rows: gone } = await client.query<{ id: number }>(GONE, [meterIds, day])
  await client.query("DELETE FROM completeness c USING meter m JOIN terminal t ON t.address = m.terminal_address WHERE c.meter_id = ANY($1::int[]) AND c.day = $2::date AND m.id = c.meter_id AND meter_off(m.id, $2::timestamp AT TIME ZONE 'UTC' - make_interval(mins => t.utc_offset_minutes))", [meterIds, day])
  await client.query('DELETE FROM day_curve WHERE meter_id = ANY($1::int[]) AND day = $2::date', [meterIds, day])
  await client.query("UPDATE vee_gap SET state = 'filled', closed_at = $3 WHERE meter_id = ANY($1::int[]) AND day = $2::date AND state <> 'filled'", [meterIds, day, now])
  if (gone.length === 0) return
  await client.query("SELECT set_config('zhuzhan.correction', 'on', true)")
  await computeMonths(client, day.slice(0, 7), gone.map(({ id }) => id), now)
  await areasDue(client, gone.map(({ id }) => id), day)
}

/** A day that is computed for an earlier one's sake tells what had moved that one. */
function laterCause(cause: Cause, day: LocalDay): Cause {
  return cause.kind === 'earlier-day' ? cause : { kind: 'earlier-day', day, of: cause }
}

/** The row of vee_day. */
export function veeRow({ loaded: { meter, start, dayOver, ratio, ratioChanged, readings, clock, joints }, figure }: { loaded: Pick<LoadedDay, 'start' | 'dayOver' | 'ratio' | 'ratioChanged' | 'clock' | 'joints'> & { meter: Pick<LoadedDay['meter'], 'id' | 'tariff' | 'offsetMinutes'>; readings: Pick<LoadedDay['readings'], 'decimals'> }; figure: DayFigure }): Record<string, unknown> {
  const refused = ratioChanged && figure.energy !== null
  const energy = refused ? null : figure.energy
  const periods = periodDigits(figure.best, start, STEP_MS, meter.tariff, meter)
  return {
    meter_id: meter.id, day_over: dayOver, decimals: readings.decimals, ratio,
    digits: energy, energy: energy === null ? null : exactText(times(exactDigits(energy, readings.decimals), exact(ratio))),
    why_not: refused ? 'the multiplier was changed within the day, and no register of that instant is known' : figure.whyNot, basis: refused ? null : figure.basis,
    counts: figure.counts, estimated_share: figure.estimatedShare, complete: figure.complete && !refused, may_act: figure.mayAct && !refused && dayOver && joints.length === 0,
    best: [...figure.best.energy].map((one) => (one === MISSING ? null : one)), states: Buffer.from(figure.best.states).toString('hex'),
    gaps: figure.gaps, findings: figure.findings.map((one) => ({ ...one, limit: finite(one.limit), value: finite(one.value) })), periods: Object.fromEntries(periods), clock, joints: told(joints),
  }
}

/** Instants as text, as everywhere in stored figures. */
const told = (joints: readonly Joint[]): object[] => joints.map((joint) => ({ ...joint, at: new Date(joint.at).toISOString() }))

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)
