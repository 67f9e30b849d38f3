import type pg from 'pg'
import { transaction } from '../database.js'

/** Thresholds of validation that differ from the defaults; what may stand in them is metering's matter. */
export interface ThresholdRow { scope: string; thresholds: Record<string, unknown>; who: string; at: Date }

export async function listThresholds(pool: pg.Pool): Promise<ThresholdRow[]> {
  return (await pool.query<ThresholdRow>('SELECT scope, thresholds, who, at FROM vee_threshold ORDER BY scope')).rows
}

/** Puts all of a scope's thresholds in place of what was there. @returns what was there */
export function putThresholds(pool: pg.Pool, { scope, thresholds, who }: Omit<ThresholdRow, 'at'>): Promise<Record<string, unknown> | undefined> {
  return transaction(pool, async (client) => {
    const { rows } = await client.query<{ thresholds: Record<string, unknown> }>('SELECT thresholds FROM vee_threshold WHERE scope = $1 FOR UPDATE', [scope])
    await client.query(
      'INSERT INTO vee_threshold (scope, thresholds, who) VALUES ($1, $2, $3) ON CONFLICT (scope) DO UPDATE SET thresholds = excluded.thresholds, who = excluded.who, at = now()',
      [scope, JSON.stringify(thresholds), who])
    return rows[0]?.thresholds
  })
}

/** @returns what was there */
export async function deleteThresholds(pool: pg.Pool, scope: string): Promise<Record<string, unknown> | undefined> {
  return (await pool.query<{ thresholds: Record<string, unknown> }>('DELETE FROM vee_threshold WHERE scope = $1 RETURNING thresholds', [scope])).rows[0]?.thresholds
}
