import type { CommandAction } from '@zhuzhan/contracts'
import type pg from 'pg'
import { COMMAND_COLUMNS, noteAll } from '../commands/command-store.js'
import type { CommandRecord } from '../commands/command-store.js'

const UNSENT = "state IN ('accepted', 'awaiting_approval', 'approved', 'queued')"

/**
 * Commands of these meters that have not left the station lapse, in the caller's transaction. What a front end is sending at this
 * instant holds its row: either it is waited for and found sent, or it finds its command lapsed.
 * @param which `proposed`: those ordered from proposals; `any`: everybody's
 * @returns how many
 */
export async function withdrawCommands(client: pg.PoolClient, meters: readonly string[], action: CommandAction, which: 'proposed' | 'any', why: string): Promise<number> {
  if (meters.length === 0) return 0
  const own = which === 'any' ? '' : " AND batch IN (SELECT batch FROM cost_proposal WHERE state = 'ordered' AND batch IS NOT NULL AND meter = ANY($1))"
  const { rows } = await client.query<CommandRecord>(
    `UPDATE command SET state = 'expired', updated_at = now(), settled_at = now(), code = 'COMMAND_EXPIRED' WHERE meter_address = ANY($1) AND action = $2 AND ${UNSENT}${own} RETURNING ${COMMAND_COLUMNS}`, [meters, action])
  if (rows.length > 0) await noteAll(client, rows, { to: 'expired', who: 'cost-control', why, code: 'COMMAND_EXPIRED' })
  return rows.length
}

/** Every command of a batch that has not left lapses: somebody must look first. */
export async function stopBatch(client: pg.PoolClient, batch: string, why: string): Promise<number> {
  const { rows } = await client.query<CommandRecord>(
    `UPDATE command SET state = 'expired', updated_at = now(), settled_at = now(), code = 'COMMAND_EXPIRED' WHERE batch = $1 AND ${UNSENT} RETURNING ${COMMAND_COLUMNS}`, [batch])
  if (rows.length > 0) await noteAll(client, rows, { to: 'expired', who: 'cost-control', why, code: 'COMMAND_EXPIRED' })
  return rows.length
}
