import { HesError } from '@zhuzhan/core'
import type { ChargingPile, ChargingSiteSettings } from '@zhuzhan/contracts'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'

export interface ChargingSite {
  site: string
  name: string
  area: string | null
  settings: ChargingSiteSettings
  piles: ChargingPile[]
  /** `minWatts`: least power, `maxWatts`: rated power. */
  appliances: ChargingPile[]
  changedBy: string
  changedAt: Date
}

export type NewChargingSite = Pick<ChargingSite, 'site' | 'name' | 'area' | 'settings' | 'piles' | 'appliances'>

const loads = (which: 'IS NULL' | 'IS NOT NULL'): string => `coalesce((SELECT jsonb_agg(jsonb_build_object('pile', p.pile, 'meter', m.address, 'phase', p.phase, 'minWatts', p.min_watts, 'maxWatts', p.max_watts, 'priority', p.priority, 'appliance', p.appliance) ORDER BY p.pile)
  FROM charging_pile p JOIN meter m ON m.id = p.meter_id WHERE p.site = s.id AND p.appliance ${which}), '[]')`
const SITE = `s.id AS site, s.name, s.area, s.settings, ${loads('IS NULL')} AS piles, ${loads('IS NOT NULL')} AS appliances, s.changed_by AS "changedBy", s.changed_at AS "changedAt"`

export async function findChargingSite(pool: pg.Pool | pg.ClientBase, site: string): Promise<ChargingSite | undefined> {
  return (await pool.query<ChargingSite>(`SELECT ${SITE} FROM charging_site s WHERE s.id = $1`, [site])).rows[0]
}

export async function listChargingSites(pool: pg.Pool): Promise<{ site: string; name: string; area: string | null; piles: number; appliances: number; night: number | null; changedBy: string; changedAt: Date }[]> {
  return (await pool.query<{ site: string; name: string; area: string | null; piles: number; appliances: number; night: number | null; changedBy: string; changedAt: Date }>(
    `SELECT s.id AS site, s.name, s.area, (SELECT count(*)::int FROM charging_pile p WHERE p.site = s.id AND p.appliance IS NULL) AS piles, (SELECT count(*)::int FROM charging_pile p WHERE p.site = s.id AND p.appliance IS NOT NULL) AS appliances,
       (SELECT n.id FROM charging_night n WHERE n.site = s.id AND n.state IN ('running', 'cancelling') AND n.event IS NULL) AS night, s.changed_by AS "changedBy", s.changed_at AS "changedAt"
     FROM charging_site s ORDER BY s.id`)).rows
}

/** The site's row is held, so that nothing else decides about it meanwhile. @throws HesError NOT_FOUND */
export async function lockChargingSite(client: pg.ClientBase, site: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM charging_site WHERE id = $1 FOR UPDATE', [site])
  if (rowCount !== 1) throw new HesError('NOT_FOUND', `There is no charging site ${site}.`)
}

/**
 * Makes a site, its piles and its appliances what is given. A night that runs keeps what it was started with.
 * @throws HesError NOT_FOUND for a load's meter that is not registered; STATE_CONFLICT for one of another site
 */
export function putChargingSite(pool: pg.Pool, { site, name, area, settings, piles, appliances }: NewChargingSite, who: string, now: Date): Promise<void> {
  return transaction(pool, async (client) => {
    await client.query(
      `INSERT INTO charging_site (id, name, area, settings, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (id) DO UPDATE SET name = excluded.name, area = excluded.area, settings = excluded.settings, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
      [site, name, area, JSON.stringify(settings), who, now])
    const loads = [...piles, ...appliances]
    const meters = loads.map(({ meter }) => meter)
    const { rows: unknown } = await client.query<{ meter: string }>("SELECT u.meter FROM unnest($1::text[]) AS u (meter) WHERE NOT EXISTS (SELECT FROM meter m WHERE m.address = u.meter) LIMIT 5", [meters])
    if (unknown.length > 0) throw new HesError('NOT_FOUND', `Not registered: ${unknown.map(({ meter }) => meter).join(', ')}.`)
    await client.query('DELETE FROM charging_pile WHERE site = $1', [site])
    const { rowCount } = await client.query(
      `INSERT INTO charging_pile (site, pile, meter_id, phase, min_watts, max_watts, priority, appliance)
       SELECT $1, u.pile, m.id, u.phase, u.min_watts, u.max_watts, u.priority, u.appliance FROM unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::int[], $7::float8[], $8::jsonb[]) AS u (pile, meter, phase, min_watts, max_watts, priority, appliance)
       JOIN meter m ON m.address = u.meter ON CONFLICT DO NOTHING`,
      [site, loads.map(({ pile }) => pile), meters, loads.map(({ phase }) => phase), loads.map(({ minWatts }) => minWatts), loads.map(({ maxWatts }) => maxWatts), loads.map(({ priority }) => priority), loads.map(({ appliance }) => (appliance ? JSON.stringify(appliance) : null))])
    if (rowCount !== loads.length) throw new HesError('STATE_CONFLICT', 'The meter of a pile or appliance belongs to another site.')
    await appendAuditIn(client, [{ actor: who, action: 'charging-site.put', object: `charging-site/${site}`, outcome: 'ok', detail: { piles: piles.length, appliances: appliances.length } }], now)
  })
}

/** @throws HesError NOT_FOUND; STATE_CONFLICT for a site that has had a night: its log stays */
export function deleteChargingSite(pool: pg.Pool, site: string, who: string, now: Date): Promise<void> {
  return transaction(pool, async (client) => {
    await lockChargingSite(client, site)
    const { rows } = await client.query('SELECT FROM charging_night WHERE site = $1 LIMIT 1', [site])
    if (rows.length > 0) throw new HesError('STATE_CONFLICT', 'The site has had nights; what they did is kept.')
    await client.query('DELETE FROM charging_site WHERE id = $1', [site])
    await appendAuditIn(client, [{ actor: who, action: 'charging-site.delete', object: `charging-site/${site}`, outcome: 'ok' }], now)
  })
}
