import { DAY_MS, dayStart, FORWARD_ACTIVE_TOTAL, HesError, nextMonth } from '@zhuzhan/core'
import { exact } from '@zhuzhan/energy-audit'
import type { AuditInput, Exact } from '@zhuzhan/energy-audit'
import type pg from 'pg'

const FORWARD_LAST = 0x001002ff
const DEMAND = 0x10100201

/** What may be an old report sent again drives nothing (OSP-1 §7.10). */
const CHECKED = "quality <> 'replay-unchecked'"

const METER = `SELECT m.id, m.address, m.terminal_address AS terminal, m.name, m.ct_ratio::text AS "ctRatio", m.pt_ratio::text AS "ptRatio", m.tariff,
    t.utc_offset_minutes AS "offsetMinutes", m.created_at AS "createdAt",
    (SELECT coalesce(max(horizon_hours), 48)::int FROM collection_plan WHERE interval_minutes IS NOT NULL) AS "horizonHours"
  FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.address = $1 AND m.kind = 'meter'`
const FIRST = `SELECT min(time) AS first FROM reading_current WHERE meter_id = $1 AND item = ${FORWARD_ACTIVE_TOTAL} AND time >= $2 AND time < $3 AND ${CHECKED}`
// Epoch milliseconds: turning three thousand times into text and back would be half of the work.
const CURVE = `SELECT extract(epoch FROM time)::float8 * 1000 AS time, value::text AS value, quality::text AS quality, extract(epoch FROM received_at)::float8 * 1000 AS "receivedAt"
  FROM reading_current
  WHERE meter_id = $1 AND item = ${FORWARD_ACTIVE_TOTAL} AND time >= $2 AND time <= $3 AND mod(extract(epoch FROM time), 900) = 0 AND ${CHECKED} ORDER BY time`
const MIDNIGHTS = `SELECT time, item & 255 AS index, value::text AS value FROM reading_current
  WHERE meter_id = $1 AND time = ANY($2::timestamptz[]) AND item BETWEEN ${FORWARD_ACTIVE_TOTAL} AND ${FORWARD_LAST} AND ${CHECKED} ORDER BY time, item`
const ONE = `SELECT value::text AS value, occurred_at AS "occurredAt" FROM reading_current WHERE meter_id = $1 AND time = $2 AND item = $3 AND ${CHECKED}`
const CONFLICTS = 'SELECT count(*) AS count FROM reading_conflict WHERE meter_id = $1 AND time >= $2 AND time <= $3'

type MeterRow = AuditInput['meter'] & { id: number; createdAt: Date; horizonHours: number }
interface CurveRow { time: number; value: string; quality: string; receivedAt: number }
interface OneRow { value: string; occurredAt: Date | null }

/**
 * Reads what an audit needs, all from one snapshot: call it inside a REPEATABLE READ transaction.
 * @throws HesError NOT_FOUND when no meter has the address
 */
export async function loadAuditInput(client: pg.ClientBase, address: string, month: string, now: number): Promise<{ meterId: number; input: AuditInput }> {
  const { rows: [found] } = await client.query<MeterRow>(METER, [address])
  if (!found) throw new HesError('NOT_FOUND', `no meter ${address}`)
  const { id, createdAt, horizonHours, ...meter } = found
  const begin = dayStart(`${month}-01`, meter.offsetMinutes)
  const end = dayStart(`${nextMonth(month)}-01`, meter.offsetMinutes)
  const span = [id, new Date(begin), new Date(end)]
  const midnights = Array.from({ length: Math.round((end - begin) / DAY_MS) + 1 }, (_, day) => new Date(begin + day * DAY_MS))

  // The curve's plan tells how far back a meter is asked for what it froze before it was registered.
  const asked = new Date(createdAt.getTime() - horizonHours * 3_600_000)
  const { rows: [installed] } = await client.query<{ first: Date | null }>(FIRST, [id, asked, createdAt])
  const curve = await client.query<CurveRow>(CURVE, span)
  const registers = await client.query<{ time: Date; index: number; value: string }>(MIDNIGHTS, [id, midnights])
  const year = await client.query<OneRow>(ONE, [id, new Date(dayStart(`${month.slice(0, 4)}-01-01`, meter.offsetMinutes)), FORWARD_ACTIVE_TOTAL])
  const demand = await client.query<OneRow>(ONE, [id, new Date(end), DEMAND])
  const conflicts = await client.query<{ count: number }>(CONFLICTS, span)

  const byMidnight = new Map<number, Map<number, Exact>>()
  for (const row of registers.rows) {
    const time = row.time.getTime()
    const values = byMidnight.get(time) ?? new Map<number, Exact>()
    byMidnight.set(time, values.set(row.index, exact(row.value)))
  }
  const [own] = demand.rows
  const input: AuditInput = {
    meter,
    month,
    now,
    installedAt: Math.min(createdAt.getTime(), installed?.first?.getTime() ?? Infinity),
    curve: curve.rows.map((row) => ({ time: Math.round(row.time), value: exact(row.value), estimated: row.quality === 'estimated' || row.quality === 'edited' })),
    recollected: curve.rows.filter(({ quality }) => quality === 'recollected').length,
    midnights: [...byMidnight].map(([time, values]) => ({ time, values })),
    yearBegin: year.rows[0] ? exact(year.rows[0].value) : undefined,
    demandRegister: own ? { value: exact(own.value), occurredAt: own.occurredAt?.getTime() ?? null } : undefined,
    conflicts: conflicts.rows[0]?.count ?? 0,
    latestReceivedAt: curve.rows.reduce<number | null>((latest, { receivedAt }) => Math.max(latest ?? 0, Math.round(receivedAt)), null),
  }
  return { meterId: id, input }
}
