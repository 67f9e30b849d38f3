import type pg from 'pg'
import { createWhere, pageOf } from './where.js'
import type { Page } from './where.js'

export interface AuditView {
  id: number
  at: Date
  actor: string
  action: string
  object: string
  outcome: string
  reason: string | null
  detail: Record<string, unknown>
  hash: Buffer
}

export interface AuditFilter {
  from?: Date | undefined
  to?: Date | undefined
  actor?: string | undefined
  /** Exact, or a beginning that ends in a dot. */
  action?: string | undefined
  object?: string | undefined
  outcome?: string | undefined
  before?: number | undefined
  limit: number
}

/** Audit entries, youngest first. */
export async function auditPage(pool: pg.Pool, filter: AuditFilter): Promise<Page<AuditView>> {
  const where = createWhere()
    .and('id < ?', filter.before).and('at >= ?', filter.from).and('at < ?', filter.to).and('actor = ?', filter.actor)
    .and(filter.action?.endsWith('.') ? 'starts_with(action, ?)' : 'action = ?', filter.action)
    .and('object = ?', filter.object).and('outcome = ?', filter.outcome)
  const { rows } = await pool.query<AuditView>(
    `SELECT id, at, actor, action, object, outcome, reason, detail, hash FROM audit_entry WHERE ${where.text} ORDER BY id DESC LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}

/** The youngest entry under a signature; 0 while nothing is signed. */
export async function lastSignedEntry(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query<{ id: number | null }>('SELECT max(entry_id) AS id FROM audit_head')
  return rows[0]?.id ?? 0
}
