import { DAY_MS, dayStart, FORWARD_ACTIVE_TOTAL, nextMonth } from '@zhuzhan/core'
import { exact } from '@zhuzhan/energy-audit'
import type { Exact, Register, SiteMeter } from '@zhuzhan/energy-audit'
import type pg from 'pg'
import { CHECKED, MS, countMonth, readMonth } from './month-readings.js'
import { loadValidatedMonths } from './validated-months.js'
import type { MidnightValue, MonthOfMeter } from './validated-months.js'

/** Items by OAD: forward active total and tariffs, reverse active, combined reactive 1, maximum demand, phase voltages and currents, power factor. */
export const ITEMS = { total: FORWARD_ACTIVE_TOTAL, lastTariff: 0x001002ff, reverse: 0x00200201, reactive: 0x00300201, demand: 0x10100201, volts: 0x20000201, amps: 0x20010201, powerFactor: 0x200a0201 } as const

const FIRST = `SELECT min(time) AS first FROM reading_current WHERE meter_id = $1 AND item = ${ITEMS.total} AND time >= $2 AND time < $3 AND ${CHECKED}`
const MIDNIGHTS = `SELECT meter_id AS id, ${MS('time')} AS time, item, value::text AS value FROM reading_current
  WHERE meter_id = ANY($1::int[]) AND time = ANY($2::timestamptz[]) AND (item BETWEEN ${ITEMS.total} AND ${ITEMS.lastTariff} OR item IN (${ITEMS.reverse}, ${ITEMS.reactive})) AND ${CHECKED} ORDER BY time, item`
const ONE = `SELECT meter_id AS id, value::text AS value, ${MS('occurred_at')} AS "occurredAt" FROM reading_current WHERE meter_id = ANY($1::int[]) AND time = $2 AND item = $3 AND ${CHECKED}`
const CONFLICTS = 'SELECT meter_id AS id, count(*)::int AS count FROM reading_conflict WHERE meter_id = ANY($1::int[]) AND time >= $2 AND time <= $3 GROUP BY meter_id'

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

interface MidnightRow extends MidnightValue { id: number }
interface OneRow { id: number; value: string; occurredAt: number | null }

/**
 * A month of these meters, with a few queries for all of them: quarter hours of a closed month from what validation made of them, of any other
 * from the readings. Of meters behind the main ones the quarter hours are only counted. All meters share one offset.
 */
export async function loadMeters(client: pg.ClientBase, meters: readonly MeterRow[], month: string, horizonHours: number): Promise<SiteMeter[]> {
  const [offset, ids] = [meters[0]?.offsetMinutes ?? 0, meters.map(({ id }) => id)]
  const [begin, end] = monthOf(month, offset)
  const days = Math.round((end - begin) / DAY_MS)
  const installations = new Map<number, number>()
  for (const { id, createdAt } of meters) installations.set(id, await installed(client, id, createdAt, begin, horizonHours))
  const since = ids.filter((id) => (installations.get(id) as number) <= begin)
  const validated = since.length === 0 ? new Map<number, MonthOfMeter>() : await loadValidatedMonths(client, since, begin, days, [`${month}-01`, `${nextMonth(month)}-01`])
  const frozen = new Map<number, MidnightValue[]>(ids.map((id) => [id, [...validated.get(id)?.registers ?? []]]))
  const ask = async (of: readonly number[], midnights: readonly number[]): Promise<void> => {
    if (of.length === 0) return
    for (const { id, ...row } of (await client.query<MidnightRow>(MIDNIGHTS, [of, midnights.map((time) => new Date(time))])).rows) frozen.get(id)?.push(row)
  }
  await ask([...validated.keys()], [end])
  await ask(ids.filter((id) => !validated.has(id)), Array.from({ length: days + 1 }, (_, day) => begin + day * DAY_MS))
  const one = async (time: number, item: number): Promise<Map<number, OneRow>> => new Map((await client.query<OneRow>(ONE, [ids, new Date(time), item])).rows.map((row) => [row.id, row]))
  const years = await one(dayStart(`${month.slice(0, 4)}-01-01`, offset), ITEMS.total)
  const demands = await one(end, ITEMS.demand)
  const conflicts = new Map((await client.query<{ id: number; count: number }>(CONFLICTS, [ids, new Date(begin), new Date(end)])).rows.map(({ id, count }) => [id, count]))
  const loaded: SiteMeter[] = []
  for (const { id, createdAt: _, offsetMinutes: __, ...meter } of meters) {
    const installedAt = installations.get(id) as number
    const main = meter.role === 'main'
    const [year, demand] = [main ? years.get(id) : undefined, main ? demands.get(id) : undefined]
    const whole = validated.get(id)
    const quarters = whole ? quartersOf(whole, main) : main ? await readMonth(client, id, begin, end) : await countMonth(client, id, Math.max(begin, installedAt), end)
    loaded.push({
      ...meter, installedAt, ...quarters, ...registersOf(frozen.get(id) ?? []),
      yearBegin: year && exact(year.value), demandRegister: demand && { value: exact(demand.value), occurredAt: demand.occurredAt === null ? null : Math.round(demand.occurredAt) },
      conflicts: conflicts.get(id) ?? 0,
    })
  }
  return loaded
}

export function monthOf(month: string, offsetMinutes: number): [begin: number, end: number] {
  return [dayStart(`${month}-01`, offsetMinutes), dayStart(`${nextMonth(month)}-01`, offsetMinutes)]
}

/** The curve's plan tells how far back a meter is asked for what it froze before it was registered. Before the month it makes no difference. */
async function installed(client: pg.ClientBase, id: number, createdAt: Date, begin: number, horizonHours: number): Promise<number> {
  if (createdAt.getTime() <= begin) return createdAt.getTime()
  const { rows: [row] } = await client.query<{ first: Date | null }>(FIRST, [id, new Date(createdAt.getTime() - horizonHours * 3_600_000), createdAt])
  return Math.min(createdAt.getTime(), row?.first?.getTime() ?? Infinity)
}

function quartersOf({ recollected, receivedAt, registers: _, ...validated }: MonthOfMeter, main: boolean): Pick<SiteMeter, 'curve' | 'samples' | 'validated' | 'counted' | 'recollected' | 'latestReceivedAt'> {
  const { present, estimated } = validated
  return { curve: [], samples: [], recollected, latestReceivedAt: receivedAt, ...(main ? { validated } : { counted: { present, estimated } }) }
}

function registersOf(rows: readonly MidnightValue[]): Pick<SiteMeter, 'midnights' | 'reactive' | 'reverse'> {
  const midnights = new Map<number, Map<number, Exact>>()
  const others: Record<number, Register[]> = { [ITEMS.reactive]: [], [ITEMS.reverse]: [] }
  for (const { item, value, ...row } of rows) {
    const register = { time: Math.round(row.time), value: exact(value) }
    if (others[item]) others[item].push(register)
    else midnights.set(register.time, (midnights.get(register.time) ?? new Map<number, Exact>()).set(item & 255, register.value))
  }
  return {
    midnights: [...midnights].sort(([a], [b]) => a - b).map(([time, values]) => ({ time, values })),
    reactive: inOrder(others[ITEMS.reactive]), reverse: inOrder(others[ITEMS.reverse]),
  }
}

const inOrder = (registers: readonly Register[] = []): Register[] => [...registers].sort((a, b) => a.time - b.time)
