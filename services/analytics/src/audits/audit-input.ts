import { DAY_MS, dayStart, FORWARD_ACTIVE_TOTAL, HesError, nextMonth } from '@zhuzhan/core'
import { exact, exactText, times } from '@zhuzhan/energy-audit'
import type { AuditInput, Exact } from '@zhuzhan/energy-audit'
import { continuedRegisters, jointsBetween, placesUntil } from '@zhuzhan/metering'
import type { Place } from '@zhuzhan/metering'
import type pg from 'pg'
import { loadExchanges } from '../metering/exchanges.js'

const FORWARD_LAST = 0x001002ff
const DEMAND = 0x10100201

/** What may be an old report sent again drives nothing (OSP-1 §7.10). */
const CHECKED = "quality <> 'replay-unchecked'"

const METER = `SELECT m.id, m.address, m.terminal_address AS terminal, m.name, m.ct_ratio::text AS "ctRatio", m.pt_ratio::text AS "ptRatio", m.tariff,
    t.utc_offset_minutes AS "offsetMinutes", m.created_at AS "createdAt",
    (SELECT coalesce(max(horizon_hours), 48)::int FROM collection_plan WHERE interval_minutes IS NOT NULL) AS "horizonHours"
  FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE (m.address = $1 OR m.id = ANY($2::int[])) AND m.kind = 'meter'`
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
interface CurveRow { time: number; value: Exact; quality: string; receivedAt: number }
interface OneRow { value: string; occurredAt: Date | null }

/**
 * Reads what an audit needs, all from one snapshot: call it inside a REPEATABLE READ transaction.
 * @throws HesError NOT_FOUND when no meter has the address
 */
export async function loadAuditInput(client: pg.ClientBase, address: string, month: string, now: number): Promise<{ meterId: number; input: AuditInput }> {
  const { rows: [found] } = await client.query<MeterRow>(METER, [address, []])
  if (!found) throw new HesError('NOT_FOUND', `no meter ${address}`)
  const { id, horizonHours, offsetMinutes } = found
  const begin = dayStart(`${month}-01`, offsetMinutes)
  const end = dayStart(`${nextMonth(month)}-01`, offsetMinutes)
  const yearBegin = dayStart(`${month.slice(0, 4)}-01-01`, offsetMinutes)
  const exchanges = await loadExchanges(client, [id])
  const chain = placesUntil(exchanges, id, end)
  if (!chain) throw new HesError('STATE_CONFLICT', `${address} was taken off by the end of ${month}: the audit is that of the meter in its place`)
  const [ofYear, places] = [chain.filter(({ to }) => to === null || to > yearBegin), chain.filter(({ to }) => to === null || to > begin)]
  const rows = new Map((ofYear.length > 1 ? (await client.query<MeterRow>(METER, [address, ofYear.map((place) => place.meter)])).rows : [found]).map((row) => [row.id, row]))
  const ratioOf = ({ meter: of }: Place): string => { const row = rows.get(of) as MeterRow; return exactText(times(exact(row.ctRatio), exact(row.ptRatio))) }
  const line = continuedRegisters(exchanges, places, places.map(ratioOf), FORWARD_ACTIVE_TOTAL) as NonNullable<ReturnType<typeof continuedRegisters>>

  const first = places[0] as Place
  const { createdAt } = rows.get(first.meter) as MeterRow
  // The curve's plan tells how far back a meter is asked for what it froze before it was registered.
  const asked = new Date(createdAt.getTime() - horizonHours * 3_600_000)
  const { rows: [installed] } = await client.query<{ first: Date | null }>(FIRST, [first.meter, asked, createdAt])
  const [curve, registers]: [CurveRow[], { time: Date; index: number; value: Exact }[]] = [[], []]
  let conflicts = 0
  for (const [n, place] of places.entries()) {
    const [from, to] = [Math.max(begin, place.from ?? begin), Math.min(end, place.to === null ? end : place.to - 1)]
    const span = [place.meter, new Date(from), new Date(to)]
    const midnights = Array.from({ length: Math.round((end - begin) / DAY_MS) + 1 }, (_, day) => begin + day * DAY_MS).filter((time) => time >= from && time <= to)
    for (const row of (await client.query<Omit<CurveRow, 'value'> & { value: string }>(CURVE, span)).rows) curve.push({ ...row, value: line.of(n, exact(row.value)) })
    for (const row of (await client.query<{ time: Date; index: number; value: string }>(MIDNIGHTS, [place.meter, midnights.map((time) => new Date(time))])).rows) {
      const ofItem = row.index === 1 ? line : continuedRegisters(exchanges, places, places.map(ratioOf), FORWARD_ACTIVE_TOTAL - 1 + row.index)
      // A rate of which the joint is not known tells nothing over it.
      if (ofItem) registers.push({ ...row, value: ofItem.of(n, exact(row.value)) })
    }
    conflicts += (await client.query<{ count: number }>(CONFLICTS, span)).rows[0]?.count ?? 0
  }
  const ofYearLine = continuedRegisters(exchanges, ofYear, ofYear.map(ratioOf), FORWARD_ACTIVE_TOTAL)
  const year = (await client.query<OneRow>(ONE, [ofYear[0]?.meter, new Date(yearBegin), FORWARD_ACTIVE_TOTAL])).rows[0]
  // The meter's own maximum tells only of its own part of the month.
  const own = places.length > 1 ? undefined : (await client.query<OneRow>(ONE, [id, new Date(end), DEMAND])).rows[0]

  const byMidnight = new Map<number, Map<number, Exact>>()
  for (const row of registers) {
    const time = row.time.getTime()
    const values = byMidnight.get(time) ?? new Map<number, Exact>()
    byMidnight.set(time, values.set(row.index, row.value))
  }
  const { address: _, terminal, name, ctRatio, ptRatio, tariff } = found
  const [installedAt, alike] = [Math.min(createdAt.getTime(), installed?.first?.getTime() ?? Infinity, first.from ?? Infinity), new Set(places.map(ratioOf)).size === 1]
  const input: AuditInput = {
    meter: { address, terminal, name, tariff, offsetMinutes, ...(alike ? { ctRatio, ptRatio } : { ctRatio: line.ratio, ptRatio: '1' }) },
    month,
    now,
    installedAt,
    curve: curve.map((row) => ({ time: Math.round(row.time), value: row.value, estimated: row.quality === 'estimated' || row.quality === 'edited' })),
    recollected: curve.filter(({ quality }) => quality === 'recollected').length,
    midnights: [...byMidnight].map(([time, values]) => ({ time, values })),
    yearBegin: year && ofYearLine && new Set(ofYear.map(ratioOf)).size === 1 ? ofYearLine.of(0, exact(year.value)) - ofYearLine.of(ofYear.length - places.length, 0n) : undefined,
    demandRegister: own ? { value: exact(own.value), occurredAt: own.occurredAt?.getTime() ?? null } : undefined,
    conflicts,
    latestReceivedAt: curve.reduce<number | null>((latest, { receivedAt }) => Math.max(latest ?? 0, Math.round(receivedAt)), null),
    ...(places.length > 1 && { joints: jointsBetween(exchanges, places, places.map((place) => ({ address: (rows.get(place.meter) as MeterRow).address, ratio: ratioOf(place) })), FORWARD_ACTIVE_TOTAL) }),
  }
  return { meterId: id, input }
}
