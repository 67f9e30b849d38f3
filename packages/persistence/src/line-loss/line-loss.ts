import { FORWARD_ACTIVE_TOTAL, HesError } from '@zhuzhan/core'
import type pg from 'pg'
import { transaction } from '../database.js'
import { LOCK } from '../locks.js'

export interface TopologyLine {
  area: string
  meter: string
  role: string
  from: string
  to: string | null
}

const UNKNOWN = `SELECT DISTINCT u.meter FROM unnest($1::text[]) AS u (meter) WHERE NOT EXISTS (SELECT FROM meter m WHERE m.address = u.meter AND m.kind = 'meter') ORDER BY u.meter LIMIT 5`
const INSERT = `INSERT INTO loss_area_meter (area, meter_id, role, from_day, to_day) SELECT u.area, m.id, u.role, u.from_day, u.to_day
  FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::date[]) AS u (area, address, role, from_day, to_day) JOIN meter m ON m.address = u.address ON CONFLICT DO NOTHING`
const OVERLAP = `SELECT m.address, a.area AS one, b.area AS other, greatest(a.from_day, b.from_day)::text AS day FROM loss_area_meter a
  JOIN loss_area_meter b ON b.meter_id = a.meter_id AND (b.area, b.from_day) > (a.area, a.from_day) AND b.from_day < coalesce(a.to_day, 'infinity') AND a.from_day < coalesce(b.to_day, 'infinity')
  JOIN meter m ON m.id = a.meter_id WHERE a.area = ANY($1::text[]) OR b.area = ANY($1::text[]) LIMIT 1`
// Of days that were computed, and of days that can be: the old history's and the new one's.
const DUE = `INSERT INTO area_loss_due (area, day) SELECT area, day FROM area_loss_day WHERE area = ANY($1::text[])
  UNION SELECT l.area, v.day FROM loss_area_meter l JOIN vee_day v ON v.meter_id = l.meter_id AND v.item = ${FORWARD_ACTIVE_TOTAL} AND v.day_over AND v.day >= l.from_day AND (l.to_day IS NULL OR v.day < l.to_day)
  WHERE l.area = ANY($1::text[]) AND l.role = 'sum' ON CONFLICT DO NOTHING`

/**
 * Makes the history of every area in the lines what the lines say, and has its days computed anew. All or nothing.
 * @returns how many days are computed
 * @throws HesError NOT_FOUND for a meter that is not registered, STATE_CONFLICT for one that would be in two areas, or twice in one, on a day
 */
export async function replaceTopology(pool: pg.Pool, lines: readonly TopologyLine[], changedBy: string): Promise<number> {
  const areas = [...new Set(lines.map(({ area }) => area))]
  return transaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock($1)', [LOCK.topology])
    // Nobody takes a day that is due until this stands: he would read the topology of before, and nothing would be due afterwards.
    await client.query('LOCK TABLE area_loss_due IN SHARE ROW EXCLUSIVE MODE')
    const { rows: unknown } = await client.query<{ meter: string }>(UNKNOWN, [lines.map(({ meter }) => meter)])
    if (unknown.length > 0) throw new HesError('NOT_FOUND', `Not registered: ${unknown.map(({ meter }) => meter).join(', ')}.`)
    await client.query('INSERT INTO loss_area (id, changed_by) SELECT unnest($1::text[]), $2 ON CONFLICT (id) DO UPDATE SET changed_by = excluded.changed_by, changed_at = now()', [areas, changedBy])
    await client.query('DELETE FROM loss_area_meter WHERE area = ANY($1::text[])', [areas])
    const { rowCount } = await client.query(INSERT, [lines.map(({ area }) => area), lines.map(({ meter }) => meter), lines.map(({ role }) => role), lines.map(({ from }) => from), lines.map(({ to }) => to)])
    if (rowCount !== lines.length) throw new HesError('STATE_CONFLICT', 'A meter begins twice in the same area on the same day.')
    const { rows: [twice] } = await client.query<{ address: string; one: string; other: string; day: string }>(OVERLAP, [areas])
    if (twice) throw new HesError('STATE_CONFLICT', `Meter ${twice.address} would be in ${twice.one} and ${twice.other} on ${twice.day}.`)
    return (await client.query(DUE, [areas])).rowCount ?? 0
  })
}

/** The whole topology with its history, by area, meter and day. */
export async function listTopology(pool: pg.Pool): Promise<TopologyLine[]> {
  return (await pool.query<TopologyLine>(
    'SELECT l.area, m.address AS meter, l.role, l.from_day::text AS "from", l.to_day::text AS "to" FROM loss_area_meter l JOIN meter m ON m.id = l.meter_id ORDER BY l.area, l.role, m.address, l.from_day')).rows
}

export interface LossArea {
  area: string
  sumMeters: number
  userMeters: number
  due: number
  last: { day: string; percent: number | null; conclusion: string } | null
}

export async function listLossAreas(pool: pg.Pool): Promise<LossArea[]> {
  const now = (role: string): string => `(SELECT count(*)::int FROM loss_area_meter l WHERE l.area = a.id AND l.role = '${role}' AND l.to_day IS NULL)`
  return (await pool.query<LossArea>(
    `SELECT a.id AS area, ${now('sum')} AS "sumMeters", ${now('user')} AS "userMeters", (SELECT count(*)::int FROM area_loss_due d WHERE d.area = a.id) AS due,
       (SELECT json_build_object('day', d.day, 'percent', d.percent, 'conclusion', d.diagnosis->>'conclusion') FROM area_loss_day d WHERE d.area = a.id ORDER BY d.day DESC, d.version DESC LIMIT 1) AS last
     FROM loss_area a ORDER BY a.id`)).rows
}

export interface LossDay {
  day: string
  version: number
  supply: string | null
  feedIn: string | null
  sales: string | null
  percent: number | null
  lossClass: string | null
  whyNot: string | null
  metersExpected: number
  metersWithBoth: number
  estimatedShare: number
  diagnosis: unknown
  digest: Buffer
  computedAt: Date
}

const LOSS_DAY = `day::text AS day, version, supply::text AS supply, feed_in::text AS "feedIn", sales::text AS sales, percent, loss_class AS "lossClass", why_not AS "whyNot", meters_expected AS "metersExpected",
  meters_with_both AS "metersWithBoth", estimated_share AS "estimatedShare", diagnosis, digest, computed_at AS "computedAt"`

/** The latest version of each day, from included, to not. */
export async function listLossDays(pool: pg.Pool, area: string, from: string, to: string): Promise<LossDay[]> {
  return (await pool.query<LossDay>(`SELECT DISTINCT ON (area_loss_day.day) ${LOSS_DAY} FROM area_loss_day WHERE area = $1 AND area_loss_day.day >= $2::date AND area_loss_day.day < $3::date ORDER BY area_loss_day.day, version DESC`, [area, from, to])).rows
}

/** Every version of one day, the latest first. */
export async function listLossVersions(pool: pg.Pool, area: string, day: string): Promise<LossDay[]> {
  return (await pool.query<LossDay>(`SELECT ${LOSS_DAY} FROM area_loss_day WHERE area = $1 AND area_loss_day.day = $2::date ORDER BY version DESC`, [area, day])).rows
}
