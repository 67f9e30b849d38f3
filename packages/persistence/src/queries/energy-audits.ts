import type pg from 'pg'
import { transaction } from '../database.js'

/** Sites, runs and versions of energy audits. What is in a site's settings and in an audit is energy-audit's matter. */

export interface EnergySite {
  id: string
  level: string
  name: string | null
  settings: Record<string, unknown>
  meters: readonly { meter: string; role: string; parent: string | null }[]
  changedBy: string
  changedAt: Date
}

export async function findEnergySite(pool: pg.Pool, id: string): Promise<EnergySite | undefined> {
  const { rows: [site] } = await pool.query<Omit<EnergySite, 'meters'>>('SELECT id, level, name, settings, changed_by AS "changedBy", changed_at AS "changedAt" FROM energy_site WHERE id = $1', [id])
  if (!site) return undefined
  const { rows } = await pool.query<EnergySite['meters'][number]>(
    'SELECT m.address AS meter, s.role, p.address AS parent FROM energy_site_meter s JOIN meter m ON m.id = s.meter_id LEFT JOIN meter p ON p.id = s.parent_id WHERE s.site = $1 ORDER BY m.address', [id])
  return { ...site, meters: rows }
}

/** `utcOffsetMinutes` of the first main meter, null where a site has none. */
export interface ListedSite { id: string; level: string; name: string | null; meters: number; utcOffsetMinutes: number | null }

export async function listEnergySites(pool: pg.Pool): Promise<ListedSite[]> {
  const { rows } = await pool.query<ListedSite>(
    `SELECT id, level, name, (SELECT count(*)::int FROM energy_site_meter m WHERE m.site = s.id) AS meters,
       (SELECT t.utc_offset_minutes FROM energy_site_meter e JOIN meter m ON m.id = e.meter_id JOIN terminal t ON t.address = m.terminal_address
        WHERE e.site = s.id AND e.role = 'main' ORDER BY m.address LIMIT 1) AS "utcOffsetMinutes"
     FROM energy_site s ORDER BY id`)
  return rows
}

/** Addresses that are no registered meter. */
export async function unknownMeters(pool: pg.Pool, addresses: readonly string[]): Promise<string[]> {
  const { rows } = await pool.query<{ address: string }>("SELECT a.address FROM unnest($1::text[]) AS a (address) WHERE NOT EXISTS (SELECT FROM meter m WHERE m.address = a.address AND m.kind = 'meter')", [addresses])
  return rows.map(({ address }) => address)
}

/** Makes the site what is given, whatever it was. Meters must be registered. */
export async function putEnergySite(pool: pg.Pool, { id, level, name, settings, meters, changedBy }: Omit<EnergySite, 'changedAt'>): Promise<void> {
  await transaction(pool, async (client) => {
    await client.query(
      `INSERT INTO energy_site (id, level, name, settings, changed_by) VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (id) DO UPDATE SET level = excluded.level, name = excluded.name, settings = excluded.settings, changed_by = excluded.changed_by, changed_at = now()`, [id, level, name, JSON.stringify(settings), changedBy])
    await client.query('DELETE FROM energy_site_meter WHERE site = $1', [id])
    await client.query(
      `INSERT INTO energy_site_meter (site, meter_id, role, parent_id) SELECT $1, m.id, u.role, p.id FROM unnest($2::text[], $3::text[], $4::text[]) AS u (address, role, parent)
       JOIN meter m ON m.address = u.address LEFT JOIN meter p ON p.address = u.parent`,
      [id, meters.map(({ meter }) => meter), meters.map(({ role }) => role), meters.map(({ parent }) => parent)])
  })
}

export async function deleteEnergySite(pool: pg.Pool, id: string): Promise<boolean> {
  return (await pool.query('DELETE FROM energy_site WHERE id = $1', [id])).rowCount === 1
}

export interface AuditRun {
  id: string
  level: string
  /** 2026-10 */
  month: string
  subject: string | null
  state: string
  total: number | null
  done: number
  failed: number
  errors: readonly { subject: string; error: string }[]
  requestedBy: string
  createdAt: Date
  endedAt: Date | null
}

const RUN = `id, level, to_char(month, 'YYYY-MM') AS month, subject, state, total, done, failed, errors, requested_by AS "requestedBy", created_at AS "createdAt", ended_at AS "endedAt"`

export async function createAuditRun(pool: pg.Pool, run: Pick<AuditRun, 'id' | 'level' | 'month' | 'subject' | 'requestedBy'>): Promise<AuditRun> {
  const { rows } = await pool.query<AuditRun>(`INSERT INTO energy_audit_run (id, level, month, subject, requested_by) VALUES ($1, $2, $3::date, $4, $5) RETURNING ${RUN}`, [run.id, run.level, `${run.month}-01`, run.subject, run.requestedBy])
  return rows[0] as AuditRun
}

export async function findAuditRun(pool: pg.Pool, id: string): Promise<AuditRun | undefined> {
  return (await pool.query<AuditRun>(`SELECT ${RUN} FROM energy_audit_run WHERE id = $1`, [id])).rows[0]
}

export async function listAuditRuns(pool: pg.Pool, limit: number): Promise<AuditRun[]> {
  return (await pool.query<AuditRun>(`SELECT ${RUN} FROM energy_audit_run r ORDER BY r.created_at DESC LIMIT $1`, [limit])).rows
}

/** @returns whether it was still open */
export async function cancelAuditRun(pool: pg.Pool, id: string): Promise<boolean> {
  return (await pool.query("UPDATE energy_audit_run SET state = 'cancelled', ended_at = now(), updated_at = now() WHERE id = $1 AND state IN ('queued', 'running')", [id])).rowCount === 1
}

export interface AuditVersion {
  version: number
  month: string
  provisional: boolean
  formulas: string
  digest: Buffer
  run: string | null
  computedAt: Date
}

const VERSION = `version, to_char(month, 'YYYY-MM') AS month, provisional, formulas, digest, run, computed_at AS "computedAt"`

export async function listAuditVersions(pool: pg.Pool, level: string, subject: string): Promise<AuditVersion[]> {
  return (await pool.query<AuditVersion>(`SELECT ${VERSION} FROM energy_audit_version v WHERE level = $1 AND subject = $2 ORDER BY v.month DESC, v.version DESC LIMIT 400`, [level, subject])).rows
}

/** @param version the last when left out */
export async function findAuditVersion(pool: pg.Pool, level: string, subject: string, month: string, version?: number): Promise<(AuditVersion & { audit: unknown }) | undefined> {
  const { rows } = await pool.query<AuditVersion & { audit: unknown }>(
    `SELECT ${VERSION}, audit FROM energy_audit_version v WHERE level = $1 AND subject = $2 AND month = $3::date AND ($4::int IS NULL OR version = $4) ORDER BY v.version DESC LIMIT 1`, [level, subject, `${month}-01`, version ?? null])
  return rows[0]
}
