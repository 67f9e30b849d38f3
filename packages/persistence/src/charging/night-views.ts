import type pg from 'pg'
import { pageOf } from '../queries/where.js'
import type { Page } from '../queries/where.js'

/** What a night did, for people. What the loop needs of it is in its own state. */

export interface ChargingPlanRow { version: number; slot: number; reason: string; digest: Buffer; madeAt: Date; kw: Record<string, number[]> }
export interface ChargingBatchRow { batch: string; from: Date; to: Date; commands: number; state: string; verdict: { good: boolean; verified: number; counted: number; text: string } | null }
export interface ChargingSetPointRow {
  id: string; batch: string; pile: string; sequence: number; watts: number; from: Date; to: Date; reason: string; planVersion: number; state: string; tries: number
  commands: { try: number; command: string; whyNot: string | null }[]
}
export interface ChargingLogRow { id: number; at: Date; about: string; event: string; text: string }
export interface ChargingReadingRow { pile: string; at: Date; watts: number | null; plugged: boolean | null; session: number | null }

const PLAN = 'version, slot, reason, digest, made_at AS "madeAt"'

/** Without their powers. */
export async function listChargingPlans(pool: pg.Pool, night: number): Promise<Omit<ChargingPlanRow, 'kw'>[]> {
  return (await pool.query<Omit<ChargingPlanRow, 'kw'>>(`SELECT ${PLAN} FROM charging_plan WHERE night = $1 ORDER BY version`, [night])).rows
}

export async function findChargingPlan(pool: pg.Pool, night: number, version: number): Promise<ChargingPlanRow | undefined> {
  return (await pool.query<ChargingPlanRow>(`SELECT ${PLAN}, kw FROM charging_plan WHERE night = $1 AND version = $2`, [night, version])).rows[0]
}

export async function listChargingBatches(pool: pg.Pool, night: number): Promise<ChargingBatchRow[]> {
  return (await pool.query<ChargingBatchRow>('SELECT batch, slot_from AS "from", slot_to AS "to", commands, state, verdict FROM charging_batch WHERE night = $1 ORDER BY slot_from, batch', [night])).rows
}

export async function listChargingSetPoints(pool: pg.Pool, night: number, { after, limit }: { after?: number | undefined; limit: number }): Promise<Page<ChargingSetPointRow>> {
  const { rows } = await pool.query<ChargingSetPointRow>(
    `SELECT id, batch, pile, sequence, watts, from_at AS "from", to_at AS "to", reason, plan_version AS "planVersion", state, tries,
       coalesce((SELECT jsonb_agg(jsonb_build_object('try', s.try, 'command', s.command, 'whyNot', s.why_not) ORDER BY s.try) FROM charging_sending s WHERE s.night = p.night AND s.set_point = p.id), '[]') AS commands
     FROM charging_set_point p WHERE night = $1 AND ($2::bigint IS NULL OR sequence > $2) ORDER BY sequence LIMIT $3`, [night, after ?? null, limit + 1])
  return pageOf(rows, limit)
}

export async function listChargingLog(pool: pg.Pool, night: number, { after, limit }: { after?: number | undefined; limit: number }): Promise<Page<ChargingLogRow>> {
  const { rows } = await pool.query<ChargingLogRow>('SELECT id, at, about, event, text FROM charging_log WHERE night = $1 AND ($2::bigint IS NULL OR id > $2) ORDER BY id LIMIT $3', [night, after ?? null, limit + 1])
  return pageOf(rows, limit)
}

/** All read-backs in order of time; a night of 30 piles at one a minute has some twenty thousand. */
export async function listChargingReadings(pool: pg.Pool | pg.ClientBase, night: number): Promise<ChargingReadingRow[]> {
  return (await pool.query<ChargingReadingRow>('SELECT pile, at, watts, plugged, session FROM charging_reading WHERE night = $1 ORDER BY at, pile', [night])).rows
}

export async function chargingSetPointCounts(pool: pg.Pool, night: number): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ state: string; count: number }>('SELECT state, count(*)::int AS count FROM charging_set_point WHERE night = $1 GROUP BY state', [night])
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]))
}
