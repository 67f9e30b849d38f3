import { DAY_MS, HesError } from '@zhuzhan/core'
import type pg from 'pg'
import { insertQueued } from '../commands/command-store.js'
import type { CommandRecord, SignedCommand } from '../commands/command-store.js'
import { transaction } from '../database.js'
import { stopBatch } from './withdraw.js'

export type ProposalState = 'open' | 'ordered' | 'withdrawn' | 'failed' | 'done'
export interface ProposalRow { id: string; account: string; meter: string; action: 'trip' | 'allow-close' | 'close'; state: ProposalState; createdAt: Date; closedAt: Date | null; batch: string | null; why: string | null; command: string | null; mandate: string | null }

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
  /**
   * What the service may order under mandates of these areas, the oldest first: open closings of meters with keys of their own. Left to people is
   * what the crypto machine refused under a mandate in the last day.
   * @param areas as the registry names them, `DEFAULT` for devices without one
   * @param most of one area: what waits in one leaves room for the others
   */
  forMandate(now: Date, areas: readonly string[], most: number): Promise<ForMandate[]>
  /** Commands under a mandate that have not left yet: they will count when they do. */
  waitingUnder(mandate: string): Promise<number>
  /**
   * Orders one under a mandate: the proposal and its command, whose id is the proposal's, in one transaction.
   * @returns undefined when it is not open any more, or the mandate is not used any more
   */
  orderAlone(id: string, mandate: string, command: SignedCommand, detail: Record<string, unknown>): Promise<CommandRecord | undefined>
}

export interface ForMandate { id: string; account: string; meter: string; area: string | null; directClose: boolean }

const COLUMNS = 'id, account, meter, action, state, created_at AS "createdAt", closed_at AS "closedAt", batch, why, command, mandate'

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
    forMandate: async (now, areas, most) => (await pool.query<ForMandate>(
      `SELECT o.id, o.account, o.meter, o.area, o."directClose" FROM unnest($3::text[]) AS named (area) CROSS JOIN LATERAL (
       SELECT p.id, p.account, p.meter, p.created_at, t.area, COALESCE((a.contract->>'directClose')::boolean, false) AS "directClose" FROM cost_proposal p JOIN cost_account a ON a.account = p.account JOIN meter m ON m.address = p.meter JOIN terminal t ON t.address = m.terminal_address
       WHERE p.state = 'open' AND p.action = 'allow-close' AND m.kind = 'meter' AND m.security_profile = 'sm' AND COALESCE(t.area, 'DEFAULT') = named.area
         AND NOT EXISTS (SELECT 1 FROM cost_proposal q JOIN command c ON c.id = q.command WHERE q.account = p.account AND q.mandate IS NOT NULL AND c.state = 'refused' AND c.code <> 'BUSY' AND c.code <> 'SESSION_UNKNOWN' AND c.created_at > $1)
       ORDER BY p.created_at, p.id LIMIT $2) AS o ORDER BY o.created_at, o.id`, [new Date(now.getTime() - DAY_MS), most, areas])).rows,
    waitingUnder: async (mandate) => (await pool.query<{ count: number }>(
      "SELECT count(*)::int AS count FROM cost_proposal p JOIN command c ON c.id = p.command WHERE p.mandate = $1 AND p.state = 'ordered' AND c.state IN ('queued', 'sent')", [mandate])).rows[0]?.count ?? 0,
    orderAlone: (id, mandate, command, detail) => transaction(pool, async (client) => {
      const { rowCount } = await client.query(
        "SELECT 1 FROM cost_proposal p, standing_mandate m WHERE p.id = $1 AND p.state = 'open' AND m.mandate = $2 AND m.state = 'in-force' FOR UPDATE OF p FOR SHARE OF m", [id, mandate])
      if (rowCount !== 1) return undefined
      const record = await insertQueued(client, command, detail)
      await client.query("UPDATE cost_proposal SET state = 'ordered', command = $2, mandate = $3 WHERE id = $1", [id, record.id, mandate])
      return record
    }),
  }
}
