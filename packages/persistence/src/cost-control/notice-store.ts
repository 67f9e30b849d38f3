import { HesError } from '@zhuzhan/core'
import type { Money, NoticeKind } from '@zhuzhan/cost-control'
import type pg from 'pg'

export interface NoticeRow { id: number; account: string; kind: NoticeKind; balance: Money; createdAt: Date; sentAt: Date | null; deliveredAt: Date | null; failed: string | null }

/** Notices for whatever channel carries them; it says what became of each. */
export interface CostNotices {
  page(filter: { account?: string | undefined; waiting?: boolean | undefined; after?: number | undefined; limit: number }): Promise<NoticeRow[]>
  /** Said again it changes nothing. @throws HesError NOT_FOUND, STATE_CONFLICT for one that failed, or was delivered and is said to have failed */
  outcome(id: number, outcome: 'sent' | 'delivered' | 'failed', why: string | undefined, at: Date): Promise<NoticeRow>
}

const COLUMNS = 'id, account, kind, balance::text, created_at AS "createdAt", sent_at AS "sentAt", delivered_at AS "deliveredAt", failed'
type Row = Omit<NoticeRow, 'balance'> & { balance: string }
const noticeOf = (row: Row): NoticeRow => ({ ...row, balance: BigInt(row.balance) })

export function createCostNotices(pool: pg.Pool): CostNotices {
  return {
    page: async ({ account, waiting, after, limit }) => (await pool.query<Row>(
      `SELECT ${COLUMNS} FROM cost_notice WHERE ($1::text IS NULL OR account = $1) AND (NOT $2 OR (sent_at IS NULL AND failed IS NULL)) AND id > $3 ORDER BY id LIMIT $4`, [account ?? null, waiting ?? false, after ?? 0, limit])).rows.map(noticeOf),
    outcome: async (id, outcome, why, at) => {
      const set = outcome === 'failed' ? 'failed = $2' : outcome === 'sent' ? 'sent_at = COALESCE(sent_at, $2)' : 'sent_at = COALESCE(sent_at, $2), delivered_at = COALESCE(delivered_at, $2)'
      const where = outcome === 'failed' ? 'delivered_at IS NULL' : 'failed IS NULL'
      const { rows: [row] } = await pool.query<Row>(`UPDATE cost_notice SET ${set} WHERE id = $1 AND ${where} RETURNING ${COLUMNS}`, [id, outcome === 'failed' ? why ?? 'no reason given' : at])
      if (row) return noticeOf(row)
      throw new HesError((await pool.query('SELECT 1 FROM cost_notice WHERE id = $1', [id])).rowCount ? 'STATE_CONFLICT' : 'NOT_FOUND', 'There is no such notice that waits for its outcome.')
    },
  }
}
