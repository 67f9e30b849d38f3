import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { insertEvents } from '../events.js'

export type MandateRowState = 'drafted' | 'awaiting_approval' | 'in-force' | 'stopped' | 'rejected'

/** A standing mandate as the station keeps it; the crypto machine judges by its own copy. OSP-1 §7.6 */
export interface MandateRecord {
  /** 16 bytes hex. */
  mandate: string
  tkm: Buffer
  service: string
  /** Code, 8 bytes hex, and as the registry writes it. */
  area: string
  areaName: string
  notBefore: Date
  notAfter: Date
  perHour: number
  perDay: number
  state: MandateRowState
  requestedBy: string
  approver: string
  operatorPerson: string
  approverPerson: string
  sigOperator: Buffer | null
  createdAt: Date
  decidedAt: Date | null
  stoppedBy: string | null
}
export type NewMandate = Pick<MandateRecord, 'mandate' | 'service' | 'area' | 'areaName' | 'notBefore' | 'notAfter' | 'perHour' | 'perDay' | 'requestedBy' | 'approver' | 'operatorPerson' | 'approverPerson'> & { tkm: Uint8Array }

export interface MandateStore {
  create(mandate: NewMandate): Promise<MandateRecord>
  find(mandate: string): Promise<MandateRecord | undefined>
  /** Newest first. */
  list(limit: number): Promise<MandateRecord[]>
  /** In force at this time, of every area. */
  inForce(at: Date): Promise<MandateRecord[]>
  /** Guarded: undefined when it was not in one of `from` any more. */
  move(mandate: string, from: readonly MandateRowState[], to: MandateRowState, who: string, more?: { sigOperator?: Uint8Array; outcome?: string }): Promise<MandateRecord | undefined>
  /** Tells once of each mandate that is over within `soon` and once that it is over, unless another of its area lasts longer. @returns events written */
  warn(at: Date, soon: Date): Promise<number>
}

const COLUMNS = `mandate, tkm, service, area, area_name AS "areaName", not_before AS "notBefore", not_after AS "notAfter", per_hour AS "perHour", per_day::float8 AS "perDay", state, requested_by AS "requestedBy",
  approver, operator_person AS "operatorPerson", approver_person AS "approverPerson", sig_operator AS "sigOperator", created_at AS "createdAt", decided_at AS "decidedAt", stopped_by AS "stoppedBy"`

export function createMandateStore(pool: pg.Pool): MandateStore {
  const note = (client: pg.ClientBase, { mandate, area, state }: Pick<MandateRecord, 'mandate' | 'area' | 'state'>, who: string, outcome = 'ok'): Promise<unknown> =>
    appendAuditIn(client as pg.PoolClient, [{ actor: who, action: `mandate.${state}`, object: `mandate/${mandate}`, outcome, detail: { area } }])
  return {
    create: (mandate) => transaction(pool, async (client) => {
      const { rows } = await client.query<MandateRecord>(
        `INSERT INTO standing_mandate (mandate, tkm, service, area, area_name, not_before, not_after, per_hour, per_day, requested_by, approver, operator_person, approver_person)
         VALUES ($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13) RETURNING ${COLUMNS}`,
        [mandate.mandate, mandate.tkm, mandate.service, mandate.area, mandate.areaName, mandate.notBefore, mandate.notAfter, mandate.perHour, mandate.perDay, mandate.requestedBy, mandate.approver, mandate.operatorPerson, mandate.approverPerson])
      const record = rows[0] as MandateRecord
      await note(client, record, record.requestedBy)
      return record
    }),
    find: async (mandate) => (await pool.query<MandateRecord>(`SELECT ${COLUMNS} FROM standing_mandate WHERE mandate = $1`, [mandate])).rows[0],
    list: async (limit) => (await pool.query<MandateRecord>(`SELECT ${COLUMNS} FROM standing_mandate ORDER BY created_at DESC, mandate LIMIT $1`, [limit])).rows,
    inForce: async (at) => (await pool.query<MandateRecord>(`SELECT ${COLUMNS} FROM standing_mandate WHERE state = 'in-force' AND not_before <= $1 AND not_after > $1 ORDER BY not_after`, [at])).rows,
    move: (mandate, from, to, who, { sigOperator, outcome } = {}) => transaction(pool, async (client) => {
      const { rows: [record] } = await client.query<MandateRecord>(
        `UPDATE standing_mandate SET state = $3, sig_operator = COALESCE($4, sig_operator), decided_at = CASE WHEN $3 IN ('in-force', 'rejected') THEN now() ELSE decided_at END,
           stopped_by = CASE WHEN $3 = 'stopped' THEN $5 ELSE stopped_by END WHERE mandate = $1 AND state = ANY($2) RETURNING ${COLUMNS}`, [mandate, from, to, sigOperator ?? null, who])
      if (record) await note(client, record, who, outcome)
      return record
    }),
    warn: (at, soon) => transaction(pool, async (client) => {
      const { rows } = await client.query<{ mandate: string; areaName: string; notAfter: Date; warned: number }>(
        `UPDATE standing_mandate m SET warned = CASE WHEN not_after <= $1 THEN 2 ELSE 1 END
         WHERE state = 'in-force' AND ((not_after <= $1 AND warned < 2) OR (not_after <= $2 AND warned < 1))
           AND NOT EXISTS (SELECT 1 FROM standing_mandate n WHERE n.area = m.area AND n.state = 'in-force' AND n.not_before <= m.not_after AND n.not_after > m.not_after AND n.not_after > $2)
         RETURNING mandate, area_name AS "areaName", not_after AS "notAfter", warned`, [at, soon])
      await insertEvents(client, rows.map(({ mandate, areaName, notAfter, warned }) => ({
        kind: 'mandate.ending' as const, severity: warned === 2 ? 'alarm' as const : 'warning' as const, detail: { mandate, area: areaName, notAfter: notAfter.toISOString(), over: warned === 2 },
      })))
      return rows.length
    }),
  }
}
