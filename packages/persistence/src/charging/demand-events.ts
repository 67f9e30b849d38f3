import { HesError } from '@zhuzhan/core'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { cancelEventRun, startEventRun } from './nights.js'
import { findChargingSite, lockChargingSite } from './sites.js'

export interface DemandEvent {
  id: number
  site: string
  level: string
  subject: string
  from: Date
  to: Date
  reductionKw: number
  /** What of it the appliances are asked for; null at a site without. */
  appliancesKw: number | null
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
  /** The night in which its appliances are held. */
  run: number | null
}

export type NewDemandEvent = Omit<DemandEvent, 'id' | 'appliancesKw' | 'createdBy' | 'createdAt' | 'withdrawnBy' | 'withdrawnAt' | 'run'> & { appliancesKw?: number | undefined }

const EVENT = `id, site, level, subject, from_at AS "from", to_at AS "to", reduction_kw AS "reductionKw", appliances_kw AS "appliancesKw", highest, of_days AS "of", baseline_kw AS "baselineKw", days, digest, created_by AS "createdBy", created_at AS "createdAt",
  withdrawn_by AS "withdrawnBy", withdrawn_at AS "withdrawnAt", (SELECT n.id FROM charging_night n WHERE n.event = demand_event.id) AS run`
const QUARTER_MS = 900_000

/**
 * With the run on the appliances of the site, if it has some and they are asked for anything: the whole reduction unless `appliancesKw` says how much.
 * @throws HesError NOT_FOUND for a site; STATE_CONFLICT where the run meets another event's
 */
export function addDemandEvent(pool: pg.Pool, event: NewDemandEvent, who: string, now: Date): Promise<DemandEvent> {
  return transaction(pool, async (client) => {
    await lockChargingSite(client, event.site)
    const site = await findChargingSite(client, event.site)
    const askedKw = site && site.appliances.length > 0 ? event.appliancesKw ?? event.reductionKw : null
    const { rows: [added] } = await client.query<DemandEvent>(
      `INSERT INTO demand_event (site, level, subject, from_at, to_at, reduction_kw, highest, of_days, baseline_kw, days, digest, created_by, created_at, appliances_kw) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING ${EVENT}`,
      [event.site, event.level, event.subject, event.from, event.to, event.reductionKw, event.highest, event.of, event.baselineKw, event.days, event.digest, who, now, askedKw])
    const made = added as DemandEvent
    if (site && askedKw !== null && askedKw > 0) await startEventRun(client, { id: made.id, from: event.from, to: event.to, askedKw }, site, who, now)
    await appendAuditIn(client, [{ actor: who, action: 'demand-event.add', object: `demand-event/${made.id}`, outcome: 'ok', detail: { site: event.site, reductionKw: event.reductionKw } }], now)
    return (await findDemandEvent(client, made.id)) as DemandEvent
  })
}

export async function findDemandEvent(pool: pg.Pool | pg.ClientBase, id: number): Promise<DemandEvent | undefined> {
  return (await pool.query<DemandEvent>(`SELECT ${EVENT} FROM demand_event WHERE id = $1`, [id])).rows[0]
}

/** Those that were not withdrawn and reach into [from, to), by their beginning. */
export async function listDemandEvents(pool: pg.Pool | pg.ClientBase, site: string, from?: Date, to?: Date): Promise<DemandEvent[]> {
  return (await pool.query<DemandEvent>(`SELECT ${EVENT} FROM demand_event WHERE site = $1 AND withdrawn_at IS NULL AND to_at > coalesce($2::timestamptz, '-infinity') AND from_at < coalesce($3::timestamptz, 'infinity') ORDER BY from_at, id`,
    [site, from ?? null, to ?? null])).rows
}

/** Its run on the appliances is cancelled with it. @throws HesError NOT_FOUND; STATE_CONFLICT when it is over or was withdrawn */
export function withdrawDemandEvent(pool: pg.Pool, id: number, who: string, now: Date): Promise<DemandEvent> {
  return transaction(pool, async (client) => {
    const { rows: [withdrawn] } = await client.query<DemandEvent>(`UPDATE demand_event SET withdrawn_at = $2, withdrawn_by = $3 WHERE id = $1 AND withdrawn_at IS NULL AND to_at > $2 RETURNING ${EVENT}`, [id, now, who])
    if (!withdrawn) {
      const { rowCount } = await client.query('SELECT FROM demand_event WHERE id = $1', [id])
      throw rowCount === 0 ? new HesError('NOT_FOUND', `There is no event ${id}.`) : new HesError('STATE_CONFLICT', 'The event is over, or was withdrawn before.')
    }
    await cancelEventRun(client, id, who, now)
    await appendAuditIn(client, [{ actor: who, action: 'demand-event.withdraw', object: `demand-event/${id}`, outcome: 'ok' }], now)
    return withdrawn
  })
}

/** What the load may be in each quarter hour of an event: baseline less reduction. */
export function demandLimits({ from, baselineKw, reductionKw }: Pick<DemandEvent, 'from' | 'baselineKw' | 'reductionKw'>): { from: number; to: number; kw: number }[] {
  return baselineKw.map((kw, quarter) => ({ from: from.getTime() + quarter * QUARTER_MS, to: from.getTime() + (quarter + 1) * QUARTER_MS, kw: Math.max(0, kw - reductionKw) }))
}
