import { FORWARD_ACTIVE_TOTAL, nextMonth } from '@zhuzhan/core'
import { TARIFFS, exact } from '@zhuzhan/energy-audit'
import type { Period } from '@zhuzhan/energy-audit'
import { monthFigure, periodEnergy } from '@zhuzhan/metering'
import type { DayPart } from '@zhuzhan/metering'
import type pg from 'pg'

const DAYS = `SELECT v.meter_id AS meter, to_char(v.day, 'YYYY-MM-DD') AS day, v.energy::text AS energy, v.why_not AS "whyNot", v.estimated_share AS "estimatedShare", v.may_act AS "mayAct",
    v.periods, v.decimals, v.ratio::text AS ratio, m.tariff
  FROM vee_day v JOIN meter m ON m.id = v.meter_id
  WHERE v.meter_id = ANY($1::int[]) AND v.item = ${FORWARD_ACTIVE_TOTAL} AND v.day >= $2::date AND v.day < $3::date AND v.day_over ORDER BY v.meter_id, v.day`
const COMPARED = ['energy', 'why_not', 'days', 'estimated_share', 'by_period', 'cost', 'not_applied', 'may_act']
const STORE = `INSERT INTO consumption_month (meter_id, month, item, ${COMPARED.join(', ')}, computed_at)
  SELECT meter_id, $2::date, ${FORWARD_ACTIVE_TOTAL}, ${COMPARED.join(', ')}, $3
  FROM jsonb_to_recordset($1::jsonb) AS r (meter_id int, energy numeric, why_not text, days int, estimated_share float8, by_period jsonb, cost numeric, not_applied jsonb, may_act boolean)
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
  tariff: string | null
}

/** Sums up a month of these meters from its days that are over. Between the first and the last of them none may be missing. */
export async function computeMonths(client: pg.ClientBase, month: string, meterIds: readonly number[], now: Date): Promise<void> {
  const { rows } = await client.query<DayRow>(DAYS, [meterIds, `${month}-01`, `${nextMonth(month)}-01`])
  const byMeter = new Map<number, DayRow[]>()
  for (const row of rows) byMeter.set(row.meter, [...byMeter.get(row.meter) ?? [], row])
  const figures = [...byMeter].map(([meter, days]) => {
    const parts = days.map(({ periods, decimals, ratio, energy, ...day }): DayPart => ({
      ...day, energy: energy === null ? null : exact(energy), periods: periodEnergy(new Map(Object.entries(periods)) as Map<Period, { total: number }>, decimals, ratio),
    }))
    const expected = Number(days.at(-1)?.day.slice(8)) - Number(days[0]?.day.slice(8)) + 1
    const { whyNot, estimatedShare, byPeriod, cost, notApplied, mayAct, ...figure } = monthFigure(parts, expected, TARIFFS.find(({ id }) => id === days[0]?.tariff))
    return {
      ...figure, meter_id: meter, why_not: whyNot, estimated_share: estimatedShare, by_period: byPeriod, not_applied: notApplied, may_act: mayAct,
      cost: cost === null ? null : moneyText(cost),
    }
  })
  if (figures.length > 0) await client.query(STORE, [JSON.stringify(figures), `${month}-01`, now])
}

/** A whole count of 0.0001 CNY as CNY. */
function moneyText(units: string): string {
  const padded = units.padStart(5, '0')
  return `${padded.slice(0, -4)}.${padded.slice(-4)}`
}
