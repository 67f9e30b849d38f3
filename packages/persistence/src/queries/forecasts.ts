import type pg from 'pg'

/** Day-ahead forecasts, and the validated days they are computed from and compared with. */

export interface ForecastRow {
  level: string
  subject: string
  day: string
  version: number
  utcOffsetMinutes: number
  method: string | null
  /** kW by quarter hour; null with the reason in whyNot. */
  power: number[] | null
  whyNot: string | null
  backTest: Record<string, unknown> | null
  seen: Record<string, unknown>
  digest: Buffer
  computedAt: Date
}

const ROW = `level, subject, to_char(day, 'YYYY-MM-DD') AS day, version, utc_offset_minutes AS "utcOffsetMinutes", method, power, why_not AS "whyNot", back_test AS "backTest", seen, digest, computed_at AS "computedAt"`

/** One version of a day's forecast; the newest unless said. */
export async function findForecast(pool: pg.Pool, level: string, subject: string, day: string, version?: number): Promise<ForecastRow | undefined> {
  const { rows } = await pool.query<ForecastRow>(
    `SELECT ${ROW} FROM load_forecast WHERE level = $1 AND subject = $2 AND day = $3::date AND ($4::int IS NULL OR version = $4) ORDER BY version DESC LIMIT 1`, [level, subject, day, version ?? null])
  return rows[0]
}

/** The newest version of each day, the last day first. */
export async function listForecasts(pool: pg.Pool, level: string, subject: string, { from, to, limit }: { from: string; to: string; limit: number }): Promise<ForecastRow[]> {
  const { rows } = await pool.query<ForecastRow>(
    `SELECT DISTINCT ON (load_forecast.day) ${ROW} FROM load_forecast WHERE level = $1 AND subject = $2 AND load_forecast.day >= $3::date AND load_forecast.day <= $4::date ORDER BY load_forecast.day DESC, version DESC LIMIT $5`, [level, subject, from, to, limit])
  return rows
}

/** Adds a version, unless the newest one was computed from the same load. @returns the version that holds now */
export async function storeForecast(pool: pg.Pool, { level, subject, day, utcOffsetMinutes, method, power, whyNot, backTest, seen, digest, computedAt }: Omit<ForecastRow, 'version'>): Promise<number> {
  const { rows: [row] } = await pool.query<{ version: number }>(
    `WITH last AS (SELECT version, digest FROM load_forecast WHERE level = $1 AND subject = $2 AND day = $3::date ORDER BY version DESC LIMIT 1),
     added AS (
       INSERT INTO load_forecast (level, subject, day, version, utc_offset_minutes, method, power, why_not, back_test, seen, digest, computed_at)
       SELECT $1, $2, $3::date, coalesce((SELECT version FROM last), 0) + 1, $4, $5, $6, $7, $8, $9, $10, $11 WHERE NOT EXISTS (SELECT FROM last WHERE digest = $10)
       RETURNING version)
     SELECT version FROM added UNION ALL SELECT version FROM last WHERE digest = $10`,
    [level, subject, day, utcOffsetMinutes, method, power, whyNot, backTest && JSON.stringify(backTest), JSON.stringify(seen), digest, computedAt])
  if (!row) throw new Error('a forecast was neither stored nor found')
  return row.version
}

/** A main meter of a subject; a customer without a site of its own is the meter of that address. */
export interface SubjectMeter { id: number; address: string; utcOffsetMinutes: number }

export async function mainMeters(pool: pg.Pool, level: string, subject: string): Promise<SubjectMeter[]> {
  const meter = 'm.id, m.address, t.utc_offset_minutes AS "utcOffsetMinutes" FROM meter m JOIN terminal t ON t.address = m.terminal_address'
  const site = await pool.query<SubjectMeter>(
    `SELECT ${meter} JOIN energy_site_meter s ON s.meter_id = m.id JOIN energy_site e ON e.id = s.site WHERE s.site = $1 AND e.level = $2 AND s.role = 'main' ORDER BY m.address`, [subject, level])
  if (site.rows.length > 0 || level !== 'customer') return site.rows
  return (await pool.query<SubjectMeter>(`SELECT ${meter} WHERE m.address = $1 AND m.kind = 'meter'`, [subject])).rows
}

/** Intervals of a validated day as stored: digits of the register, null where unknown, and a state byte each. */
export interface StoredDay { meterId: number; day: string; best: (number | null)[]; states: Buffer; decimals: number; ratio: number; computedAt: Date }

/** Validated days of meters, both days included. */
export async function storedDays(pool: pg.Pool, meterIds: readonly number[], item: number, from: string, to: string): Promise<StoredDay[]> {
  const { rows } = await pool.query<StoredDay>(
    `SELECT meter_id AS "meterId", to_char(day, 'YYYY-MM-DD') AS day, best, states, decimals, ratio::float8 AS ratio, computed_at AS "computedAt" FROM vee_day
     WHERE meter_id = ANY($1::int[]) AND item = $2 AND day >= $3::date AND day <= $4::date ORDER BY meter_id, day`, [meterIds, item, from, to])
  return rows
}
