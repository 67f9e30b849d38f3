import { HesError } from '@zhuzhan/core'
import { exact, pastOf, readSettings, sum, times } from '@zhuzhan/energy-audit'
import type { Exact, Level, SiteInput, SiteMeter } from '@zhuzhan/energy-audit'
import type pg from 'pg'
import { ITEMS, loadMeters, monthOf } from './load-meters.js'
import type { MeterRow } from './load-meters.js'

const METER = `m.id, m.address, m.name, m.ct_ratio::text AS "ctRatio", m.pt_ratio::text AS "ptRatio", m.tariff, t.utc_offset_minutes AS "offsetMinutes", m.created_at AS "createdAt"`
const SITE = 'SELECT id, name, settings FROM energy_site WHERE id = $1 AND level = $2'
const SITE_METERS = `SELECT ${METER}, s.role, p.address AS parent FROM energy_site_meter s JOIN meter m ON m.id = s.meter_id JOIN terminal t ON t.address = m.terminal_address LEFT JOIN meter p ON p.id = s.parent_id
  WHERE s.site = $1 ORDER BY m.address`
const LONE_METERS = `SELECT ${METER}, 'main' AS role, NULL AS parent FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.address = ANY($1::text[]) AND m.kind = 'meter'`
const CUSTOMER_SITES = "SELECT id FROM energy_site WHERE id = ANY($1::text[]) AND level = 'customer'"
const HORIZON = 'SELECT coalesce(max(horizon_hours), 48)::int AS hours FROM collection_plan WHERE interval_minutes IS NOT NULL'
const ENDS = `SELECT meter_id AS id, extract(epoch FROM time)::float8 * 1000 AS time, value::text AS value FROM reading_current
  WHERE meter_id = ANY($1::int[]) AND item = ${ITEMS.total} AND time = ANY($2::timestamptz[]) AND quality <> 'replay-unchecked'`
const DAYS = `SELECT to_char(day, 'YYYY-MM-DD') AS day, sum(energy)::text AS energy FROM daily_energy
  WHERE meter_id = ANY($1::int[]) AND item = ${ITEMS.total} AND day >= $2::date AND day < $3::date GROUP BY day HAVING count(energy) = $4 ORDER BY day`

/** What was read of a subject, or why it cannot be audited. */
export type Loaded = { subject: string; input: SiteInput } | { subject: string; error: HesError }

/** Settings of a customer of one meter, who has told none. */
const LONE = { 1: readSettings({ supply: { phases: 1 } }), 3: readSettings({ supply: { phases: 3 } }) } as const

/**
 * Reads what audits need, all from one snapshot: call it inside a REPEATABLE READ transaction. A customer without a site of its own is the
 * meter of that address; such meters are read together, with a few queries for all.
 */
export async function loadSubjects(client: pg.ClientBase, level: Level, subjects: readonly string[], month: string, now: number): Promise<Loaded[]> {
  const own = new Set(level === 'customer' ? (await client.query<{ id: string }>(CUSTOMER_SITES, [subjects])).rows.map(({ id }) => id) : subjects)
  const lone = await loadLoneMeters(client, subjects.filter((subject) => !own.has(subject)), month, now)
  const loaded: Loaded[] = []
  for (const subject of subjects) {
    const input = lone.get(subject)
    try {
      loaded.push({ subject, input: input ?? await loadSite(client, level, subject, month, now) })
    } catch (error) {
      // What the data or the settings do not allow is counted and told; what the database does not allow now is tried again.
      if (!(error instanceof HesError) || error.code === 'UNAVAILABLE') throw error
      loaded.push({ subject, error })
    }
  }
  return loaded
}

async function loadLoneMeters(client: pg.ClientBase, addresses: readonly string[], month: string, now: number): Promise<Map<string, SiteInput>> {
  const inputs = new Map<string, SiteInput>()
  if (addresses.length === 0) return inputs
  const horizon = await horizonHours(client)
  const byOffset = new Map<number, MeterRow[]>()
  for (const row of (await client.query<MeterRow>(LONE_METERS, [addresses])).rows) byOffset.set(row.offsetMinutes, [...byOffset.get(row.offsetMinutes) ?? [], row])
  for (const [offsetMinutes, rows] of byOffset) {
    const [meters, past] = [await loadMeters(client, rows, month, horizon), await pastOfMeters(client, rows, month)]
    meters.forEach((meter, n) => {
      const { id, address, name } = rows[n] as MeterRow
      inputs.set(address, {
        level: 'customer', site: { id: address, name }, month, offsetMinutes, now, settings: LONE[isThreePhase(meter) ? 3 : 1], meters: [meter], past: together([past.get(id)]), days: [],
      })
    })
  }
  return inputs
}

/** @throws HesError NOT_FOUND for no such subject or none with a main meter, BODY_INVALID for settings that no longer fit */
async function loadSite(client: pg.ClientBase, level: Level, subject: string, month: string, now: number): Promise<SiteInput> {
  const { rows: [site] } = await client.query<{ id: string; name: string | null; settings: unknown }>(SITE, [subject, level])
  const rows = site ? (await client.query<MeterRow>(SITE_METERS, [subject])).rows : []
  const mains = rows.filter(({ role }) => role === 'main')
  const [first] = mains
  if (!site || !first) throw new HesError('NOT_FOUND', `There is no ${level} ${subject} with a main meter.`)
  const offsetMinutes = first.offsetMinutes
  const meters = await loadMeters(client, rows.map((row) => ({ ...row, offsetMinutes })), month, await horizonHours(client))
  const settings = readSettings(site.settings)
  const past = await pastOfMeters(client, mains.map((row) => ({ ...row, offsetMinutes })), month)
  return {
    level, site: { id: subject, name: site.name }, month, offsetMinutes, now, settings, meters,
    past: together(mains.map(({ id }) => past.get(id))), days: await dayEnergy(client, mains, settings),
  }
}

async function horizonHours(client: pg.ClientBase): Promise<number> {
  return (await client.query<{ hours: number }>(HORIZON)).rows[0]?.hours ?? 48
}

function isThreePhase({ samples, validated }: SiteMeter): boolean {
  return samples.some(({ volts }) => volts?.[1] !== undefined) || (validated?.samples.volts[1]?.some((value) => !Number.isNaN(value)) ?? false)
}

/** Energy of the months to compare with, by meter, where it has the registers of both ends. @param meters of one offset */
async function pastOfMeters(client: pg.ClientBase, meters: readonly MeterRow[], month: string): Promise<Map<number, Map<string, Exact>>> {
  const offset = meters[0]?.offsetMinutes ?? 0
  const months = pastOf(month).map((one) => [one, monthOf(one, offset)] as const)
  const { rows } = await client.query<{ id: number; time: number; value: string }>(ENDS, [meters.map(({ id }) => id), months.flatMap(([, ends]) => ends.map((time) => new Date(time)))])
  const at = new Map(rows.map(({ id, time, value }) => [`${id} ${Math.round(time)}`, exact(value)]))
  return new Map(meters.map(({ id, ctRatio, ptRatio }) => [id, new Map(months.flatMap(([one, [begin, end]]) => {
    const [from, to] = [at.get(`${id} ${begin}`), at.get(`${id} ${end}`)]
    return from === undefined || to === undefined || to < from ? [] : [[one, times(to - from, times(exact(ctRatio), exact(ptRatio)))] as const]
  }))]))
}

/** Months that every meter has. */
function together(meters: readonly (ReadonlyMap<string, Exact> | undefined)[]): SiteInput['past'] {
  return [...meters[0]?.keys() ?? []].flatMap((month) => {
    const parts = meters.map((of) => of?.get(month))
    return parts.every((part) => part !== undefined) ? [{ month, energy: sum(parts) }] : []
  })
}

async function dayEnergy(client: pg.ClientBase, mains: readonly MeterRow[], { verifications }: SiteInput['settings']): Promise<SiteInput['days']> {
  if (verifications.length === 0) return []
  const days = verifications.flatMap(({ baselineFrom, baselineTo, from, to }) => [baselineFrom, baselineTo, from, to]).sort()
  const { rows } = await client.query<{ day: string; energy: string }>(DAYS, [mains.map(({ id }) => id), days[0], days.at(-1), mains.length])
  return rows.map(({ day, energy }) => ({ day, energy: exact(energy) }))
}
