import { HesError } from '@zhuzhan/core'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'

export interface DemandEvent {
  id: number
  site: string
  level: string
  subject: string
  from: Date
  to: Date
  reductionKw: number
  highest: number
  of: number
  /** kW by quarter hour of the event. */
  baselineKw: number[]
  /** The days the baseline was computed from. */
  days: string[]
  digest: Buffer
  createdBy: string
  createdAt: Date
  withdrawnBy: string | null
  withdrawnAt: Date | null
}

export type NewDemandEvent = Omit<DemandEvent, 'id' | 'createdBy' | 'createdAt' | 'withdrawnBy' | 'withdrawnAt'>

const EVENT = `id, site, level, subject, from_at AS "from", to_at AS "to", reduction_kw AS "reductionKw", highest, of_days AS "of", baseline_kw AS "baselineKw", days, digest, created_by AS "createdBy", created_at AS "createdAt",
  withdrawn_by AS "withdrawnBy", withdrawn_at AS "withdrawnAt"`
const QUARTER_MS = 900_000

export function addDemandEvent(pool: pg.Pool, event: NewDemandEvent, who: string, now: Date): Promise<DemandEvent> {
  return transaction(pool, async (client) => {
    const { rows: [added] } = await client.query<DemandEvent>(
      `INSERT INTO demand_event (site, level, subject, from_at, to_at, reduction_kw, highest, of_days, baseline_kw, days, digest, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING ${EVENT}`,
      [event.site, event.level, event.subject, event.from, event.to, event.reductionKw, event.highest, event.of, event.baselineKw, event.days, event.digest, who, now])
    const made = added as DemandEvent
    await appendAuditIn(client, [{ actor: who, action: 'demand-event.add', object: `demand-event/${made.id}`, outcome: 'ok', detail: { site: event.site, reductionKw: event.reductionKw } }], now)
    return made
  })
}

export async function findDemandEvent(pool: pg.Pool, id: number): Promise<DemandEvent | undefined> {
  return (await pool.query<DemandEvent>(`SELECT ${EVENT} FROM demand_event WHERE id = $1`, [id])).rows[0]
}

/** Those that were not withdrawn and reach into [from, to), by their beginning. */
export async function listDemandEvents(pool: pg.Pool | pg.ClientBase, site: string, from?: Date, to?: Date): Promise<DemandEvent[]> {
  return (await pool.query<DemandEvent>(`SELECT ${EVENT} FROM demand_event WHERE site = $1 AND withdrawn_at IS NULL AND to_at > coalesce($2::timestamptz, '-infinity') AND from_at < coalesce($3::timestamptz, 'infinity') ORDER BY from_at, id`,
    [site, from ?? null, to ?? null])).rows
}

/** @throws HesError NOT_FOUND; STATE_CONFLICT when it is over or was withdrawn */
export function withdrawDemandEvent(pool: pg.Pool, id: number, who: string, now: Date): Promise<DemandEvent> {
  return transaction(pool, async (client) => {
    const { rows: [withdrawn] } = await client.query<DemandEvent>(`UPDATE demand_event SET withdrawn_at = $2, withdrawn_by = $3 WHERE id = $1 AND withdrawn_at IS NULL AND to_at > $2 RETURNING ${EVENT}`, [id, now, who])
    if (!withdrawn) {
      const { rowCount } = await client.query('SELECT FROM demand_event WHERE id = $1', [id])
      throw rowCount === 0 ? new HesError('NOT_FOUND', `There is no event ${id}.`) : new HesError('STATE_CONFLICT', 'The event is over, or was withdrawn before.')
    }
    await appendAuditIn(client, [{ actor: who, action: 'demand-event.withdraw', object: `demand-event/${id}`, outcome: 'ok' }], now)
    return withdrawn
  })
}

/** What the load may be in each quarter hour of an event: baseline less reduction. */
export function demandLimits({ from, baselineKw, reductionKw }: Pick<DemandEvent, 'from' | 'baselineKw' | 'reductionKw'>): { from: number; to: number; kw: number }[] {
  return baselineKw.map((kw, quarter) => ({ from: from.getTime() + quarter * QUARTER_MS, to: from.getTime() + (quarter + 1) * QUARTER_MS, kw: Math.max(0, kw - reductionKw) }))
}
