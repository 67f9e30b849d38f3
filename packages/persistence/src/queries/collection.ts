import type pg from 'pg'
import { HesError } from '@zhuzhan/core'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import type { Prisma } from '../database.js'
import { createWhere, pageOf } from './where.js'
import type { Page } from './where.js'

export interface PlanView {
  id: string
  name: string
  freezeOad: string
  items: string[]
  intervalMinutes: number | null
  taskRecords: string | null
  everySeconds: number
  horizonHours: number
  priority: number
  enabled: boolean
}

export function listPlans(prisma: Prisma): Promise<PlanView[]> {
  return prisma.collectionPlan.findMany({ orderBy: [{ priority: 'asc' }, { id: 'asc' }] })
}

export interface PlanChange {
  name?: string | undefined
  items?: readonly string[] | undefined
  taskRecords?: 'started' | 'stored' | null | undefined
  everySeconds?: number | undefined
  horizonHours?: number | undefined
  priority?: number | undefined
  enabled?: boolean | undefined
}

/** @throws HesError NOT_FOUND */
export function changePlan(pool: pg.Pool, id: string, change: PlanChange, who: string): Promise<PlanView> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<PlanView>(
      `UPDATE collection_plan SET name = COALESCE($2, name), items = COALESCE($3, items), every_seconds = COALESCE($4, every_seconds), horizon_hours = COALESCE($5, horizon_hours),
         priority = COALESCE($6, priority), enabled = COALESCE($7, enabled), task_records = CASE WHEN $8 THEN $9 ELSE task_records END
       WHERE id = $1 RETURNING id, name, freeze_oad AS "freezeOad", items, interval_minutes AS "intervalMinutes", task_records AS "taskRecords", every_seconds AS "everySeconds", horizon_hours AS "horizonHours", priority, enabled`,
      [id, change.name ?? null, change.items ?? null, change.everySeconds ?? null, change.horizonHours ?? null, change.priority ?? null, change.enabled ?? null, change.taskRecords !== undefined, change.taskRecords ?? null])
    const plan = rows[0]
    if (!plan) throw new HesError('NOT_FOUND', `there is no collection plan ${id}`)
    await appendAuditIn(client, [{ actor: who, action: 'plan.change', object: `plan/${id}`, outcome: 'ok', detail: { ...change } }])
    return plan
  })
}

export interface GapKey {
  meterId: number
  plan: string
  slot: Date
}
export interface GapView extends GapKey {
  meter: string
  utcOffsetMinutes: number
  attempts: number
  reason: string
  firstSeenAt: Date
  nextTryAt: Date
}

/** Slots known to be missing, by meter, plan and slot. */
export async function listGaps(pool: pg.Pool, filter: { meter?: string | undefined; plan?: string | undefined; after?: GapKey | undefined; limit: number }): Promise<Page<GapView>> {
  const where = createWhere()
    .and("g.again IS DISTINCT FROM ?", 'done').and('m.address = ?', filter.meter).and('g.plan_id = ?', filter.plan)
    .and('(g.meter_id, g.plan_id, g.slot) > (?, ?, ?)', filter.after?.meterId, filter.after?.plan, filter.after?.slot)
  const { rows } = await pool.query<GapView>(
    `SELECT g.meter_id AS "meterId", m.address AS meter, t.utc_offset_minutes AS "utcOffsetMinutes", g.plan_id AS plan, g.slot, g.attempts, g.reason,
       g.first_seen_at AS "firstSeenAt", g.next_try_at AS "nextTryAt"
     FROM collection_gap g JOIN meter m ON m.id = g.meter_id JOIN terminal t ON t.address = m.terminal_address
     WHERE ${where.text} ORDER BY g.meter_id, g.plan_id, g.slot LIMIT ${where.parameter(filter.limit + 1)}`, where.values)
  return pageOf(rows, filter.limit)
}
