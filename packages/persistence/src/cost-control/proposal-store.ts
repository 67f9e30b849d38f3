import { HesError } from '@zhuzhan/core'
import type pg from 'pg'
import { transaction } from '../database.js'
import { stopBatch } from './withdraw.js'

export type ProposalState = 'open' | 'ordered' | 'withdrawn' | 'failed' | 'done'
export interface ProposalRow { id: string; account: string; meter: string; action: 'trip' | 'allow-close' | 'close'; state: ProposalState; createdAt: Date; closedAt: Date | null; batch: string | null; why: string | null }

/** What rules propose. A person who takes them up makes a batch of commands of them, which another approves. */
export interface CostProposals {
  list(filter: { state?: readonly ProposalState[] | undefined; limit: number }): Promise<ProposalRow[]>
  /** Open ones of an action, of these ids or all, oldest first. */
  open(action: ProposalRow['action'], ids: readonly string[] | undefined, limit: number): Promise<ProposalRow[]>
  /**
   * Marks as ordered by a batch what is still open and has a command there.
   * @returns how many
   * @throws HesError STATE_CONFLICT when one was taken up or withdrawn meanwhile; then all commands of the batch have lapsed
   */
  order(ids: readonly string[], batch: string): Promise<number>
}

const COLUMNS = 'id, account, meter, action, state, created_at AS "createdAt", closed_at AS "closedAt", batch, why'

export function createCostProposals(pool: pg.Pool): CostProposals {
  return {
    list: async ({ state, limit }) => (await pool.query<ProposalRow>(`SELECT ${COLUMNS} FROM cost_proposal WHERE $1::text[] IS NULL OR state = ANY($1) ORDER BY created_at DESC, id LIMIT $2`, [state ?? null, limit])).rows,
    open: async (action, ids, limit) => (await pool.query<ProposalRow>(
      `SELECT ${COLUMNS} FROM cost_proposal WHERE state = 'open' AND action = $1 AND ($2::uuid[] IS NULL OR id = ANY($2)) ORDER BY created_at, id LIMIT $3`, [action, ids ?? null, limit])).rows,
    order: (ids, batch) => transaction(pool, async (client) => {
      const { rowCount } = await client.query("UPDATE cost_proposal SET state = 'ordered', batch = $2 WHERE id = ANY($1) AND state = 'open'", [ids, batch])
      if (rowCount === ids.length) return rowCount
      await client.query("UPDATE cost_proposal SET state = 'open', batch = NULL WHERE batch = $1", [batch])
      await stopBatch(client, batch, 'a proposal of it was withdrawn or taken up by somebody else')
      return 0
    }).then((ordered) => {
      if (ordered === 0) throw new HesError('STATE_CONFLICT', 'A proposal was withdrawn or taken up by somebody else meanwhile; look at the list again.')
      return ordered
    }),
  }
}
