import type pg from 'pg'
import { createWhere, pageOf } from './where.js'
import type { Page, Where } from './where.js'

export interface EventView {
  id: number
  at: Date
  kind: string
  severity: 'info' | 'warning' | 'alarm'
  terminal: string | null
  meter: string | null
  code: string | null
  detail: Record<string, unknown>
}

export interface EventFilter {
  kinds?: readonly string[] | undefined
  severities?: readonly string[] | undefined
  terminal?: string | undefined
  meter?: string | undefined
}

const SELECT = 'SELECT id, at, kind, severity, terminal, meter, code, detail FROM event'

function filtered(filter: EventFilter): Where {
  return createWhere()
    .and('kind = ANY(?)', filter.kinds).and('severity = ANY(?)', filter.severities).and('terminal = ?', filter.terminal).and('meter = ?', filter.meter)
}

/** Events after an id, oldest first. */
export async function eventsAfter(pool: pg.Pool, after: number, limit: number, filter: EventFilter = {}): Promise<EventView[]> {
  const where = filtered(filter).and('id > ?', after)
  const { rows } = await pool.query<EventView>(`${SELECT} WHERE ${where.text} ORDER BY id LIMIT ${where.parameter(limit)}`, where.values)
  return rows
}

/** Events before an id and within a time, youngest first. */
export async function eventHistory(pool: pg.Pool, filter: EventFilter & { from?: Date | undefined; to?: Date | undefined; before?: number | undefined; limit: number }): Promise<Page<EventView>> {
  const where = filtered(filter).and('id < ?', filter.before).and('at >= ?', filter.from).and('at < ?', filter.to)
  const { rows } = await pool.query<EventView>(`${SELECT} WHERE ${where.text} ORDER BY id DESC LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}

export async function lastEventId(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ id: number | null }>('SELECT max(id) AS id FROM event')
  return rows[0]?.id ?? 0
}
