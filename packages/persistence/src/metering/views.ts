import type pg from 'pg'
import { createWhere, pageOf } from '../queries/where.js'
import type { Page } from '../queries/where.js'

const OAD = (column: string): string => `(${column}::bigint & 4294967295)`

export interface EditView {
  id: number
  at: Date
  item: number
  time: Date
  kind: string
  value: string | null
  before: string | null
  who: string
  why: string
  /** It is what holds now. */
  inForce: boolean
}

/** Edits of a meter, the latest first. */
export async function listEdits(pool: pg.Pool, filter: { meterId: number; before?: number | undefined; limit: number }): Promise<Page<EditView>> {
  const where = createWhere().and('d.meter_id = ?', filter.meterId).and('d.id < ?', filter.before)
  const { rows } = await pool.query<EditView>(
    `SELECT d.id, d.at, ${OAD('d.item')} AS item, d.time, d.kind, d.value::text AS value, d.before::text AS before, d.who, d.why, e.edit IS NOT NULL AS "inForce"
     FROM reading_edit d LEFT JOIN edited_value e ON e.edit = d.id
     WHERE ${where.text} ORDER BY d.id DESC LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}

export interface EnergyGapView {
  id: number
  meter: string
  utcOffsetMinutes: number
  item: number
  from: Date
  to: Date
  reason: string
  method: string | null
  refused: string | null
  state: string
  firstSeenAt: Date
  closedAt: Date | null
}

/** Intervals without usable energy, the oldest first. */
export async function listEnergyGaps(pool: pg.Pool, filter: { meter?: string | undefined; state?: string | undefined; after?: number | undefined; limit: number }): Promise<Page<EnergyGapView>> {
  const where = createWhere().and('m.address = ?', filter.meter).and('g.state = ?', filter.state).and('g.id > ?', filter.after)
  const { rows } = await pool.query<EnergyGapView>(
    `SELECT g.id, m.address AS meter, t.utc_offset_minutes AS "utcOffsetMinutes", ${OAD('g.item')} AS item, g.from_at AS "from", g.to_at AS "to", g.reason, g.method, g.refused,
       g.state, g.first_seen_at AS "firstSeenAt", g.closed_at AS "closedAt"
     FROM vee_gap g JOIN meter m ON m.id = g.meter_id JOIN terminal t ON t.address = m.terminal_address
     WHERE ${where.text} ORDER BY g.id LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}

export interface FigureChangeView {
  id: number
  at: Date
  figure: string
  subject: string
  before: Record<string, unknown>
  after: Record<string, unknown>
  cause: Record<string, unknown>
}

/** Corrections of a meter's derived figures, the latest first. */
export async function listFigureChanges(pool: pg.Pool, filter: { meterId: number; figure?: string | undefined; before?: number | undefined; limit: number }): Promise<Page<FigureChangeView>> {
  const where = createWhere().and('h.meter_id = ?', filter.meterId).and('h.figure = ?', filter.figure).and('h.id < ?', filter.before)
  const { rows } = await pool.query<FigureChangeView>(
    `SELECT h.id, h.at, h.figure, h.subject, h.before, h.after, h.cause FROM figure_history h
     WHERE ${where.text} ORDER BY h.id DESC LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}

/** Where one meter stopped and another went on. */
export interface JointView {
  at: string
  kind: string
  before: { meter: string; register: string; ratio: string }
  after: { meter: string; register: string; ratio: string }
}

export interface ValidatedDayView {
  day: string
  item: number
  dayOver: boolean
  decimals: number
  energy: string | null
  whyNot: string | null
  basis: string | null
  counts: Record<string, number>
  estimatedShare: number
  complete: boolean
  mayAct: boolean
  best: (number | null)[]
  states: Buffer
  gaps: Record<string, unknown>[]
  findings: Record<string, unknown>[]
  periods: Record<string, { total: number; estimated: number }>
  /** Seconds; null: check 1 did not run. */
  clock: { at: string; deviation: number; uncertainty: number } | null
  joints: JointView[]
  computedAt: Date
  /** How long meters remember curves. */
  memoryHours: number
}

/** Validated days of a meter; `from` included, `to` excluded. */
export async function listValidatedDays(pool: pg.Pool, filter: { meterId: number; from: string; to: string; after?: string | undefined; limit: number }): Promise<Page<ValidatedDayView>> {
  const where = createWhere().and('d.meter_id = ?', filter.meterId).and('d.day >= ?', filter.from).and('d.day < ?', filter.to).and('d.day > ?::date', filter.after)
  const { rows } = await pool.query<ValidatedDayView>(
    `SELECT to_char(d.day, 'YYYY-MM-DD') AS day, ${OAD('d.item')} AS item, d.day_over AS "dayOver", d.decimals, d.energy::text AS energy, d.why_not AS "whyNot", d.basis, d.counts,
       d.estimated_share AS "estimatedShare", d.complete, d.may_act AS "mayAct", d.best, d.states, d.gaps, d.findings, d.periods, d.clock, d.joints, d.computed_at AS "computedAt",
       (SELECT coalesce(max(horizon_hours), 48)::int FROM collection_plan WHERE enabled AND interval_minutes IS NOT NULL) AS "memoryHours"
     FROM vee_day d WHERE ${where.text} ORDER BY d.day LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}

export interface ConsumptionMonthView {
  month: string
  energy: string | null
  whyNot: string | null
  days: number
  estimatedShare: number
  byPeriod: Record<string, string>
  cost: string | null
  notApplied: string[]
  mayAct: boolean
  meter: string
  joints: JointView[]
  computedAt: Date
}

/** Months of a meter's supply point, the latest first: those of meters before it, while they counted there, among them. */
export async function listConsumptionMonths(pool: pg.Pool, meterId: number): Promise<ConsumptionMonthView[]> {
  const { rows } = await pool.query<ConsumptionMonthView>(
    `SELECT to_char(month, 'YYYY-MM') AS month, energy::text AS energy, why_not AS "whyNot", days, estimated_share AS "estimatedShare", by_period AS "byPeriod", cost::text AS cost,
       not_applied AS "notApplied", may_act AS "mayAct", m.address AS meter, joints, computed_at AS "computedAt"
     FROM consumption_month c JOIN meter m ON m.id = c.meter_id
     WHERE (c.meter_id = $1 AND NOT EXISTS (SELECT FROM supply_meter s WHERE s.holder = $1))
       OR EXISTS (SELECT FROM supply_meter s WHERE s.holder = $1 AND s.meter_id = c.meter_id AND (s.to_day IS NULL OR c.month + interval '1 month' <= s.to_day) AND (s.from_day IS NULL OR c.month >= date_trunc('month', s.from_day)))
     ORDER BY c.month DESC`, [meterId])
  return rows
}
