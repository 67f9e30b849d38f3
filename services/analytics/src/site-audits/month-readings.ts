import { FORWARD_ACTIVE_TOTAL } from '@zhuzhan/core'
import { exact } from '@zhuzhan/energy-audit'
import type { Sample, SiteMeter } from '@zhuzhan/energy-audit'
import type pg from 'pg'
import { CURVE_ITEMS } from '../metering/day-curves.js'

/** What may be an old report sent again drives nothing (OSP-1 §7.10). */
export const CHECKED = "quality <> 'replay-unchecked'"
export const MS = (column: string): string => `extract(epoch FROM ${column})::float8 * 1000`
const QUARTERS = 'mod(extract(epoch FROM time), 900) = 0'
const COUNTED = `SELECT count(*)::int AS present, (count(*) FILTER (WHERE quality IN ('estimated', 'edited')))::int AS estimated, (count(*) FILTER (WHERE quality = 'recollected'))::int AS recollected,
    ${MS('max(received_at)')} AS "receivedAt"
  FROM reading_current WHERE meter_id = $1 AND item = ${FORWARD_ACTIVE_TOTAL} AND time >= $2 AND time <= $3 AND ${QUARTERS} AND ${CHECKED}`
const at = (item: number): string => `max(value) FILTER (WHERE item = ${item})::text`
// One pass over the month for the register and what stands beside it.
const CURVE = `SELECT ${MS('time')} AS time, ${at(FORWARD_ACTIVE_TOTAL)} AS value, max(quality::text) FILTER (WHERE item = ${FORWARD_ACTIVE_TOTAL}) AS quality, ${MS(`max(received_at) FILTER (WHERE item = ${FORWARD_ACTIVE_TOTAL})`)} AS "receivedAt",
    ARRAY[${CURVE_ITEMS.slice(0, 3).map(at).join(', ')}] AS volts, ARRAY[${CURVE_ITEMS.slice(3, 6).map(at).join(', ')}] AS amps, ${at(CURVE_ITEMS[6])} AS "powerFactor"
  FROM reading_current WHERE meter_id = $1 AND item = ANY($4::int[]) AND time >= $2 AND time <= $3 AND ${QUARTERS} AND ${CHECKED} GROUP BY time ORDER BY time`

interface CurveRow { time: number; value: string | null; quality: string | null; receivedAt: number | null; volts: (string | null)[]; amps: (string | null)[]; powerFactor: string | null }
type FromReadings = Pick<SiteMeter, 'curve' | 'samples' | 'recollected' | 'latestReceivedAt' | 'counted'>

/** Quarter hours of a month that is not validated as a whole, straight from the readings. */
export async function readMonth(client: pg.ClientBase, id: number, begin: number, end: number): Promise<FromReadings> {
  const { rows } = await client.query<CurveRow>(CURVE, [id, new Date(begin), new Date(end), [FORWARD_ACTIVE_TOTAL, ...CURVE_ITEMS]])
  const curve = rows.flatMap(({ time, value, quality, receivedAt }) => (value === null ? [] : [{ time, value, quality, receivedAt }]))
  const received = curve.reduce<number | null>((latest, { receivedAt }) => Math.max(latest ?? 0, receivedAt ?? 0), null)
  return {
    curve: curve.map(({ time, value, quality }) => ({ time: Math.round(time), value: exact(value), estimated: quality === 'estimated' || quality === 'edited' })),
    samples: rows.flatMap((one) => (one.time < end ? sampleOf(one) : [])),
    recollected: curve.filter(({ quality }) => quality === 'recollected').length,
    latestReceivedAt: received === null ? null : Math.round(received),
  }
}

/** The same of a meter behind the main ones, only counted. @param from of what is expected of it */
export async function countMonth(client: pg.ClientBase, id: number, from: number, end: number): Promise<FromReadings> {
  const { rows: [counted] } = await client.query<{ present: number; estimated: number; recollected: number; receivedAt: number | null }>(COUNTED, [id, new Date(from), new Date(end - 900_000)])
  const { present = 0, estimated = 0, recollected = 0, receivedAt = null } = counted ?? {}
  return { curve: [], samples: [], counted: { present, estimated }, recollected, latestReceivedAt: receivedAt === null ? null : Math.round(receivedAt) }
}

function sampleOf({ time, volts, amps, powerFactor }: CurveRow): Sample[] {
  if (powerFactor === null && [...volts, ...amps].every((value) => value === null)) return []
  const numbers = (values: readonly (string | null)[]): (number | undefined)[] => values.map((value) => (value === null ? undefined : Number(value)))
  return [{ time: Math.round(time), volts: numbers(volts), amps: numbers(amps), powerFactor: powerFactor === null ? undefined : exact(powerFactor) }]
}
