import type pg from 'pg'
import { createWhere, pageOf } from './where.js'
import type { Page } from './where.js'

/** Days are texts like 2026-10-05: a `date` column has no instant, and a Date would invent one. */
export interface DayRange {
  meterId: number
  /** Included. */
  from: string
  /** Excluded. */
  to: string
  limit: number
}

export interface CompletenessView {
  day: string
  plan: string
  expected: number
  present: number
  recollected: number
  computedAt: Date
}

export async function completenessPage(pool: pg.Pool, range: DayRange & { after?: { day: string; plan: string } | undefined }): Promise<Page<CompletenessView>> {
  const where = createWhere()
    .and('meter_id = ?', range.meterId).and('day >= ?', range.from).and('day < ?', range.to)
    .and('(day, plan_id) > (?::date, ?)', range.after?.day, range.after?.plan)
  const { rows } = await pool.query<CompletenessView>(
    `SELECT to_char(day, 'YYYY-MM-DD') AS day, plan_id AS plan, expected, present, recollected, computed_at AS "computedAt"
     FROM completeness c WHERE ${where.text} ORDER BY c.day, c.plan_id LIMIT ${where.parameter(range.limit + 1)}`, where.values)
  return pageOf(rows, range.limit)
}

export interface DailyEnergyView {
  day: string
  /** OAD as an unsigned number. */
  item: number
  startValue: string
  endValue: string
  energy: string | null
  state: string
  computedAt: Date
}

const ITEM = '(item::bigint & 4294967295)'

export async function dailyEnergyPage(pool: pg.Pool, range: DayRange & { items?: readonly number[] | undefined; after?: { day: string; item: number } | undefined }): Promise<Page<DailyEnergyView>> {
  const where = createWhere()
    .and('meter_id = ?', range.meterId).and('day >= ?', range.from).and('day < ?', range.to)
    .and('item = ANY(?::int[])', range.items?.map((item) => item | 0))
    .and(`(day, ${ITEM}) > (?::date, ?::bigint)`, range.after?.day, range.after?.item)
  const { rows } = await pool.query<DailyEnergyView>(
    `SELECT to_char(day, 'YYYY-MM-DD') AS day, ${ITEM} AS "item", start_value AS "startValue", end_value AS "endValue", energy, state, computed_at AS "computedAt"
     FROM daily_energy d WHERE ${where.text} ORDER BY d.day, ${ITEM} LIMIT ${where.parameter(range.limit + 1)}`, where.values)
  return pageOf(rows, range.limit)
}

export interface EnergyAuditView {
  /** 2026-10 */
  month: string
  computedAt: Date
  report: Record<string, unknown>
}

/** The report analytics computed last for this month, like 2026-10. */
export async function findEnergyAudit(pool: pg.Pool, meterId: number, month: string): Promise<EnergyAuditView | undefined> {
  const { rows } = await pool.query<EnergyAuditView>(
    `SELECT to_char(month, 'YYYY-MM') AS month, computed_at AS "computedAt", report FROM energy_audit WHERE meter_id = $1 AND month = $2::date`, [meterId, `${month}-01`])
  return rows[0]
}

export async function listEnergyAudits(pool: pg.Pool, meterId: number): Promise<Omit<EnergyAuditView, 'report'>[]> {
  const { rows } = await pool.query<Omit<EnergyAuditView, 'report'>>(
    `SELECT to_char(month, 'YYYY-MM') AS month, computed_at AS "computedAt" FROM energy_audit a WHERE meter_id = $1 ORDER BY a.month DESC`, [meterId])
  return rows
}
