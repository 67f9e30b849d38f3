import { DAY_MS, dayStart } from '@zhuzhan/core'
import type { LocalDay } from '@zhuzhan/core'
import { placesUntil } from '@zhuzhan/metering'
import type { MeterExchange, Place } from '@zhuzhan/metering'
import type pg from 'pg'

// Everything that hangs together with these meters: figures of a supply point look back and forth over its exchanges.
const LINKED = `WITH RECURSIVE linked AS (
    SELECT id, at, old_meter, new_meter FROM meter_exchange WHERE old_meter = ANY($1::int[]) OR new_meter = ANY($1::int[])
    UNION SELECT x.id, x.at, x.old_meter, x.new_meter FROM linked l JOIN meter_exchange x ON l.old_meter IN (x.old_meter, x.new_meter) OR l.new_meter IN (x.old_meter, x.new_meter))
  SELECT extract(epoch FROM x.at)::float8 * 1000 AS at, x.old_meter AS before, x.new_meter AS after, x.registers FROM meter_exchange x WHERE x.id IN (SELECT id FROM linked)`

/** Exchanges of these meters and of all that counted before or after them. */
export async function loadExchanges(client: pg.ClientBase, meterIds: readonly number[]): Promise<MeterExchange[]> {
  const { rows } = await client.query<Omit<MeterExchange, 'registers'> & { registers: Record<string, [string, string]> }>(LINKED, [meterIds])
  return rows.map(({ at, registers, ...one }) => ({ ...one, at: Math.round(at), registers: new Map(Object.entries(registers).map(([item, pair]) => [Number(item), pair])) }))
}

/** Offsets east and west of UTC, the longest: a day has begun or is not over within these, whatever its zone. */
const EAST_MS = 14 * 3_600_000
const WEST_MS = 12 * 3_600_000

/**
 * These meters, and those whose figures of the day count their readings because they were mounted in their place within it.
 * In a zone at the edge one too many may be among them, which costs time and changes nothing.
 */
export async function withThoseAfter(client: pg.ClientBase, day: LocalDay, meterIds: readonly number[]): Promise<number[]> {
  const start = dayStart(day, 0)
  const exchanges = await loadExchanges(client, meterIds)
  const after = exchanges.filter(({ at }) => at >= start - EAST_MS && at <= start + DAY_MS + WEST_MS).map((one) => one.after)
  return [...new Set([...meterIds, ...after])].sort((a, b) => a - b)
}

/** Meters of a day by what it is to them. */
export interface DayPlaces {
  /** One meter counts all day. */
  alone: number[]
  /** An exchange lies within: the places that touch the day, by the meter that counts at its end. */
  joined: Map<number, Place[]>
  /** Taken off by the day's end: the day belongs to the supply point's new meter, or is none of theirs. */
  off: number[]
}

/** @param offsets minutes east of UTC by meter */
export function placesOfDay(exchanges: readonly MeterExchange[], day: LocalDay, offsets: ReadonlyMap<number, number>): DayPlaces {
  const places: DayPlaces = { alone: [], joined: new Map(), off: [] }
  for (const [meter, offset] of offsets) {
    const [start, end] = [dayStart(day, offset), dayStart(day, offset) + DAY_MS]
    const chain = exchanges.length === 0 ? undefined : placesUntil(exchanges, meter, end)
    const touching = chain?.filter(({ from, to }) => (to === null || to >= start) && (from === null || from < end))
    if (exchanges.length > 0 && !chain) places.off.push(meter)
    else if (touching?.some(({ from }) => from !== null && from >= start)) places.joined.set(meter, touching)
    else places.alone.push(meter)
  }
  return places
}
