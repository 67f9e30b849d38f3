import { DAY_MS, dayStart, nextMonth } from '@zhuzhan/core'
import { exact } from '@zhuzhan/energy-audit'
import type { Exact, Register, Sample, SiteMeter } from '@zhuzhan/energy-audit'
import type pg from 'pg'

/** Items by OAD: forward active total and tariffs, reverse active, combined reactive 1, maximum demand, phase voltages and currents, power factor. */
export const ITEMS = { total: 0x00100201, lastTariff: 0x001002ff, reverse: 0x00200201, reactive: 0x00300201, demand: 0x10100201, volts: 0x20000201, amps: 0x20010201, powerFactor: 0x200a0201 } as const

/** What may be an old report sent again drives nothing (OSP-1 §7.10). */
const CHECKED = "quality <> 'replay-unchecked'"
const QUARTERS = 'mod(extract(epoch FROM time), 900) = 0'
const MS = (column: string): string => `extract(epoch FROM ${column})::float8 * 1000`

const FIRST = `SELECT min(time) AS first FROM reading_current WHERE meter_id = $1 AND item = ${ITEMS.total} AND time >= $2 AND time < $3 AND ${CHECKED}`
const COUNTED = `SELECT count(*)::int AS present, (count(*) FILTER (WHERE quality IN ('estimated', 'edited')))::int AS estimated, (count(*) FILTER (WHERE quality = 'recollected'))::int AS recollected,
    ${MS('max(received_at)')} AS "receivedAt"
  FROM reading_current WHERE meter_id = $1 AND item = ${ITEMS.total} AND time >= $2 AND time <= $3 AND ${QUARTERS} AND ${CHECKED}`
const at = (item: number): string => `max(value) FILTER (WHERE item = ${item})::text`
// One pass over the month for the register and what stands beside it.
const CURVE = `SELECT ${MS('time')} AS time, ${at(ITEMS.total)} AS value, max(quality::text) FILTER (WHERE item = ${ITEMS.total}) AS quality, ${MS(`max(received_at) FILTER (WHERE item = ${ITEMS.total})`)} AS "receivedAt",
    ARRAY[${[0, 1, 2].map((phase) => at(ITEMS.volts + phase)).join(', ')}] AS volts, ARRAY[${[0, 1, 2].map((phase) => at(ITEMS.amps + phase)).join(', ')}] AS amps, ${at(ITEMS.powerFactor)} AS "powerFactor"
  FROM reading_current WHERE meter_id = $1 AND item = ANY($4::int[]) AND time >= $2 AND time <= $3 AND ${QUARTERS} AND ${CHECKED} GROUP BY time ORDER BY time`
const MIDNIGHTS = `SELECT time, item, value::text AS value FROM reading_current
  WHERE meter_id = $1 AND time = ANY($2::timestamptz[]) AND (item BETWEEN ${ITEMS.total} AND ${ITEMS.lastTariff} OR item IN (${ITEMS.reverse}, ${ITEMS.reactive})) AND ${CHECKED} ORDER BY time, item`
const ONE = `SELECT value::text AS value, ${MS('occurred_at')} AS "occurredAt" FROM reading_current WHERE meter_id = $1 AND time = $2 AND item = $3 AND ${CHECKED}`
const CONFLICTS = 'SELECT count(*)::int AS count FROM reading_conflict WHERE meter_id = $1 AND time >= $2 AND time <= $3'
const CURVE_ITEMS = [ITEMS.total, ...[0, 1, 2].flatMap((phase) => [ITEMS.volts + phase, ITEMS.amps + phase]), ITEMS.powerFactor]

/** One meter of a subject, as the registry has it. */
export interface MeterRow {
  id: number
  address: string
  name: string | null
  ctRatio: string
  ptRatio: string
  tariff: string | null
  offsetMinutes: number
  createdAt: Date
  role: SiteMeter['role']
  parent: string | null
}

interface CurveRow { time: number; value: string | null; quality: string | null; receivedAt: number | null; volts: (string | null)[]; amps: (string | null)[]; powerFactor: string | null }

/** Readings of one meter and month. Of meters behind the main ones the curve is only counted. */
export async function loadMeter(client: pg.ClientBase, row: MeterRow, month: string, horizonHours: number): Promise<SiteMeter> {
  const { id, createdAt, offsetMinutes, ...meter } = row
  const [begin, end] = monthOf(month, offsetMinutes)
  const span = [id, new Date(begin), new Date(end)]
  // The curve's plan tells how far back a meter is asked for what it froze before it was registered.
  const { rows: [installed] } = await client.query<{ first: Date | null }>(FIRST, [id, new Date(createdAt.getTime() - horizonHours * 3_600_000), createdAt])
  const installedAt = Math.min(createdAt.getTime(), installed?.first?.getTime() ?? Infinity)
  const midnights = Array.from({ length: Math.round((end - begin) / DAY_MS) + 1 }, (_, day) => new Date(begin + day * DAY_MS))
  const { rows: frozen } = await client.query<{ time: Date; item: number; value: string }>(MIDNIGHTS, [id, midnights])
  const conflicts = await client.query<{ count: number }>(CONFLICTS, span)
  const main = row.role === 'main'
  const rows = main ? (await client.query<CurveRow>(CURVE, [...span, CURVE_ITEMS])).rows : []
  const curve = rows.flatMap(({ time, value, quality, receivedAt }) => (value === null ? [] : [{ time, value, quality, receivedAt }]))
  const counted = main ? undefined : (await client.query<{ present: number; estimated: number; recollected: number; receivedAt: number | null }>(COUNTED, [id, new Date(Math.max(begin, installedAt)), new Date(end - 900_000)])).rows[0]
  const year = main ? await one(client, id, dayStart(`${month.slice(0, 4)}-01-01`, offsetMinutes), ITEMS.total) : undefined
  const demand = main ? await one(client, id, end, ITEMS.demand) : undefined
  const received = counted ? counted.receivedAt : curve.reduce<number | null>((latest, { receivedAt }) => Math.max(latest ?? 0, receivedAt ?? 0), null)
  return {
    ...meter, installedAt,
    curve: curve.map(({ time, value, quality }) => ({ time: Math.round(time), value: exact(value), estimated: quality === 'estimated' || quality === 'edited' })),
    ...(counted && { counted: { present: counted.present, estimated: counted.estimated } }),
    recollected: counted?.recollected ?? curve.filter(({ quality }) => quality === 'recollected').length,
    ...registersOf(frozen), samples: rows.flatMap((one) => (one.time < end ? sampleOf(one) : [])),
    yearBegin: year?.value, demandRegister: demand && { value: demand.value, occurredAt: demand.occurredAt },
    conflicts: conflicts.rows[0]?.count ?? 0, latestReceivedAt: received === null ? null : Math.round(received),
  }
}

export function monthOf(month: string, offsetMinutes: number): [begin: number, end: number] {
  return [dayStart(`${month}-01`, offsetMinutes), dayStart(`${nextMonth(month)}-01`, offsetMinutes)]
}

async function one(client: pg.ClientBase, id: number, time: number, item: number): Promise<{ value: Exact; occurredAt: number | null } | undefined> {
  const { rows: [found] } = await client.query<{ value: string; occurredAt: number | null }>(ONE, [id, new Date(time), item])
  return found && { value: exact(found.value), occurredAt: found.occurredAt === null ? null : Math.round(found.occurredAt) }
}

function registersOf(rows: readonly { time: Date; item: number; value: string }[]): Pick<SiteMeter, 'midnights' | 'reactive' | 'reverse'> {
  const midnights = new Map<number, Map<number, Exact>>()
  const others: Record<number, Register[]> = { [ITEMS.reactive]: [], [ITEMS.reverse]: [] }
  for (const { time, item, value } of rows) {
    const register = { time: time.getTime(), value: exact(value) }
    if (others[item]) others[item].push(register)
    else midnights.set(register.time, (midnights.get(register.time) ?? new Map<number, Exact>()).set(item & 255, register.value))
  }
  return { midnights: [...midnights].map(([time, values]) => ({ time, values })), reactive: others[ITEMS.reactive] ?? [], reverse: others[ITEMS.reverse] ?? [] }
}

function sampleOf({ time, volts, amps, powerFactor }: CurveRow): Sample[] {
  if (powerFactor === null && [...volts, ...amps].every((value) => value === null)) return []
  const numbers = (values: readonly (string | null)[]): (number | undefined)[] => values.map((value) => (value === null ? undefined : Number(value)))
  return [{ time: Math.round(time), volts: numbers(volts), amps: numbers(amps), powerFactor: powerFactor === null ? undefined : exact(powerFactor) }]
}
