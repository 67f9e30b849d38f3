import { HesError } from '@zhuzhan/core'
import { exact, pastOf, readSettings, times } from '@zhuzhan/energy-audit'
import type { Exact, Level, SiteInput } from '@zhuzhan/energy-audit'
import type pg from 'pg'
import { ITEMS, loadMeter, monthOf } from './load-meters.js'
import type { MeterRow } from './load-meters.js'

const METER = `m.id, m.address, m.name, m.ct_ratio::text AS "ctRatio", m.pt_ratio::text AS "ptRatio", m.tariff, t.utc_offset_minutes AS "offsetMinutes", m.created_at AS "createdAt"`
const SITE = 'SELECT id, name, settings FROM energy_site WHERE id = $1 AND level = $2'
const SITE_METERS = `SELECT ${METER}, s.role, p.address AS parent FROM energy_site_meter s JOIN meter m ON m.id = s.meter_id JOIN terminal t ON t.address = m.terminal_address LEFT JOIN meter p ON p.id = s.parent_id
  WHERE s.site = $1 ORDER BY m.address`
const LONE_METER = `SELECT ${METER}, 'main' AS role, NULL AS parent FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.address = $1 AND m.kind = 'meter'`
const HORIZON = 'SELECT coalesce(max(horizon_hours), 48)::int AS hours FROM collection_plan WHERE interval_minutes IS NOT NULL'
const ENDS = `SELECT meter_id AS id, extract(epoch FROM time)::float8 * 1000 AS time, value::text AS value FROM reading_current
  WHERE meter_id = ANY($1::int[]) AND item = ${ITEMS.total} AND time = ANY($2::timestamptz[]) AND quality <> 'replay-unchecked'`
const DAYS = `SELECT to_char(day, 'YYYY-MM-DD') AS day, sum(energy)::text AS energy FROM daily_energy
  WHERE meter_id = ANY($1::int[]) AND item = ${ITEMS.total} AND day >= $2::date AND day < $3::date GROUP BY day HAVING count(energy) = $4 ORDER BY day`

/**
 * Reads what an audit needs, all from one snapshot: call it inside a REPEATABLE READ transaction. A customer without a site of its
 * own is the meter of that address.
 * @throws HesError NOT_FOUND for no such subject or none with a main meter, BODY_INVALID for settings that no longer fit
 */
export async function loadSite(client: pg.ClientBase, level: Level, subject: string, month: string, now: number): Promise<SiteInput> {
  const { rows: [site] } = await client.query<{ id: string; name: string | null; settings: unknown }>(SITE, [subject, level])
  const rows = site ? (await client.query<MeterRow>(SITE_METERS, [subject])).rows : level === 'customer' ? (await client.query<MeterRow>(LONE_METER, [subject])).rows : []
  const mains = rows.filter(({ role }) => role === 'main')
  const [first] = mains
  if (!first) throw new HesError('NOT_FOUND', `There is no ${level} ${subject} with a main meter.`)
  const { rows: [horizon] } = await client.query<{ hours: number }>(HORIZON)
  const meters = []
  for (const row of rows) meters.push(await loadMeter(client, { ...row, offsetMinutes: first.offsetMinutes }, month, horizon?.hours ?? 48))
  const threePhase = meters.some(({ samples }) => samples.some(({ volts }) => volts?.[1] !== undefined))
  const settings = readSettings(site?.settings ?? { supply: { phases: threePhase ? 3 : 1 } })
  return {
    level, site: { id: subject, name: site ? site.name : first.name }, month, offsetMinutes: first.offsetMinutes, now, settings, meters,
    past: await pastEnergy(client, mains, month),
    days: await dayEnergy(client, mains, settings),
  }
}

/** Energy of the months to compare with, where every main meter has the registers of both ends. */
async function pastEnergy(client: pg.ClientBase, mains: readonly MeterRow[], month: string): Promise<SiteInput['past']> {
  const offset = mains[0]?.offsetMinutes ?? 0
  const months = pastOf(month).map((one) => [one, monthOf(one, offset)] as const)
  const { rows } = await client.query<{ id: number; time: number; value: string }>(ENDS, [mains.map(({ id }) => id), months.flatMap(([, ends]) => ends.map((time) => new Date(time)))])
  const at = new Map(rows.map(({ id, time, value }) => [`${id} ${Math.round(time)}`, exact(value)]))
  return months.flatMap(([one, [begin, end]]) => {
    let energy: Exact = 0n
    for (const { id, ctRatio, ptRatio } of mains) {
      const [from, to] = [at.get(`${id} ${begin}`), at.get(`${id} ${end}`)]
      if (from === undefined || to === undefined || to < from) return []
      energy += times(to - from, times(exact(ctRatio), exact(ptRatio)))
    }
    return [{ month: one, energy }]
  })
}

async function dayEnergy(client: pg.ClientBase, mains: readonly MeterRow[], { verifications }: SiteInput['settings']): Promise<SiteInput['days']> {
  if (verifications.length === 0) return []
  const days = verifications.flatMap(({ baselineFrom, baselineTo, from, to }) => [baselineFrom, baselineTo, from, to]).sort()
  const { rows } = await client.query<{ day: string; energy: string }>(DAYS, [mains.map(({ id }) => id), days[0], days.at(-1), mains.length])
  return rows.map(({ day, energy }) => ({ day, energy: exact(energy) }))
}
