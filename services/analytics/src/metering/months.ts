import { FORWARD_ACTIVE_TOTAL, dayStart, localDay, nextMonth } from '@zhuzhan/core'
import { TARIFFS, exact } from '@zhuzhan/energy-audit'
import type { Period } from '@zhuzhan/energy-audit'
import { holderAt, monthFigure, periodEnergy, placesUntil } from '@zhuzhan/metering'
import type { DayPart } from '@zhuzhan/metering'
import type pg from 'pg'
import { loadExchanges } from './exchanges.js'
import { tellGone } from './gone-figures.js'

// Days of each supply point's meters while they counted there, as days of the meter that counts at the month's end.
const DAYS = `SELECT p.holder AS meter, to_char(v.day, 'YYYY-MM-DD') AS day, v.energy::text AS energy, v.why_not AS "whyNot", v.estimated_share AS "estimatedShare", v.may_act AS "mayAct",
    v.periods, v.decimals, v.ratio::text AS ratio, v.joints, m.tariff
  FROM unnest($1::int[], $2::int[], $3::date[], $4::date[]) AS p (holder, meter, from_day, to_day) JOIN vee_day v ON v.meter_id = p.meter AND v.day >= p.from_day AND v.day < p.to_day JOIN meter m ON m.id = p.holder
  WHERE v.meter_id = ANY($2::int[]) AND v.item = ${FORWARD_ACTIVE_TOTAL} AND v.day_over ORDER BY p.holder, v.day`
const COMPARED = ['energy', 'why_not', 'days', 'estimated_share', 'by_period', 'cost', 'not_applied', 'may_act', 'joints']
const STORE = `INSERT INTO consumption_month (meter_id, month, item, ${COMPARED.join(', ')}, computed_at)
  SELECT meter_id, $2::date, ${FORWARD_ACTIVE_TOTAL}, ${COMPARED.join(', ')}, $3
  FROM jsonb_to_recordset($1::jsonb) AS r (meter_id int, energy numeric, why_not text, days int, estimated_share float8, by_period jsonb, cost numeric, not_applied jsonb, may_act boolean, joints jsonb)
  ON CONFLICT (meter_id, month, item) DO UPDATE SET ${[...COMPARED, 'computed_at'].map((column) => `${column} = excluded.${column}`).join(', ')}
  WHERE (${COMPARED.map((column) => `consumption_month.${column}`).join(', ')}) IS DISTINCT FROM (${COMPARED.map((column) => `excluded.${column}`).join(', ')})`

interface DayRow {
  meter: number
  day: string
  energy: string | null
  whyNot: string | null
  estimatedShare: number
  mayAct: boolean
  periods: Record<string, { total: number }>
  decimals: number
  ratio: string
  joints: object[]
  tariff: string | null
}

// A month in which a meter was taken off is the supply point's, under the meter that counts at its end.
const GONE = `WITH gone AS (DELETE FROM consumption_month WHERE meter_id = ANY($1::int[]) AND month = $2::date AND item = ${FORWARD_ACTIVE_TOTAL} RETURNING *)
  ${tellGone('consumption_month')}`
const OFFSETS = 'SELECT m.id, t.utc_offset_minutes AS "offset" FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.id = ANY($1::int[])'

interface Span { holder: number; meter: number; from: string; to: string }

/** Which days of which meters make the month of the supply points that these meters belong to, and whose month it is not any more. */
async function spansOf(client: pg.ClientBase, month: string, meterIds: readonly number[]): Promise<{ spans: Span[]; off: number[] }> {
  const [first, next] = [`${month}-01`, `${nextMonth(month)}-01`]
  const exchanges = await loadExchanges(client, meterIds)
  if (exchanges.length === 0) return { spans: meterIds.map((id) => ({ holder: id, meter: id, from: first, to: next })), off: [] }
  const { rows } = await client.query<{ id: number; offset: number }>(OFFSETS, [meterIds])
  const holders = new Map<number, number>()
  const off: number[] = []
  for (const { id, offset } of rows) {
    const [begin, end] = [dayStart(first, offset), dayStart(next, offset)]
    if (!placesUntil(exchanges, id, end)) off.push(id)
    // Of the place where it counted when the month began, and of the one where it counts at its end.
    for (const holder of [holderAt(exchanges, id, begin + 1, end), placesUntil(exchanges, id, end) && id]) if (holder !== undefined) holders.set(holder, offset)
  }
  const spans = [...holders].flatMap(([holder, offset]) => (placesUntil(exchanges, holder, dayStart(next, offset)) ?? []).map(({ meter, from, to }): Span => ({
    holder, meter,
    from: from === null ? first : [first, localDay(from, offset)].sort()[1] as string, to: to === null ? next : [next, localDay(to, offset)].sort()[0] as string,
  })))
  return { spans: spans.filter(({ from, to }) => from < to), off }
}

/**
 * Sums up a month of the supply points of these meters from its days that are over. Between the first and the last of them none may be missing.
 * @returns the meters that count there at the month's end
 */
export async function computeMonths(client: pg.ClientBase, month: string, meterIds: readonly number[], now: Date): Promise<number[]> {
  const { spans, off } = await spansOf(client, month, meterIds)
  if (off.length > 0) await client.query(GONE, [off, `${month}-01`])
  const { rows } = await client.query<DayRow>(DAYS, [spans.map(({ holder }) => holder), spans.map(({ meter }) => meter), spans.map(({ from }) => from), spans.map(({ to }) => to)])
  const byMeter = new Map<number, DayRow[]>()
  for (const row of rows) byMeter.set(row.meter, [...byMeter.get(row.meter) ?? [], row])
  const figures = [...byMeter].map(([meter, days]) => {
    const parts = days.map(({ periods, decimals, ratio, energy, joints: _, ...day }): DayPart => ({
      ...day, energy: energy === null ? null : exact(energy), periods: periodEnergy(new Map(Object.entries(periods)) as Map<Period, { total: number }>, decimals, ratio),
    }))
    const expected = Number(days.at(-1)?.day.slice(8)) - Number(days[0]?.day.slice(8)) + 1
    const { whyNot, estimatedShare, byPeriod, cost, notApplied, mayAct, ...figure } = monthFigure(parts, expected, TARIFFS.find(({ id }) => id === days[0]?.tariff))
    return {
      ...figure, meter_id: meter, why_not: whyNot, estimated_share: estimatedShare, by_period: byPeriod, not_applied: notApplied, may_act: mayAct,
      cost: cost === null ? null : moneyText(cost), joints: days.flatMap(({ joints }) => joints),
    }
  })
  if (figures.length > 0) await client.query(STORE, [JSON.stringify(figures), `${month}-01`, now])
  return [...new Set(spans.map(({ holder }) => holder))]
}

/** A whole count of 0.0001 CNY as CNY. */
function moneyText(units: string): string {
  const padded = units.padStart(5, '0')
  return `${padded.slice(0, -4)}.${padded.slice(-4)}`
}
