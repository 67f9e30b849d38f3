import { HesError } from '@zhuzhan/core'
import { PRESERVING } from '@zhuzhan/cost-control'
import type { ProtectionKind } from '@zhuzhan/cost-control'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'
import { withdrawCommands } from './withdraw.js'

export interface ProtectionRow {
  id: number
  kind: ProtectionKind
  scope: 'account' | 'area' | 'all'
  of: string
  since: Date
  until: Date | null
  evidence: string
  enteredBy: string
  endedBy: string | null
}

/** What keeps supply on. Entering it lets every trip of its customers that has not left lapse, in the same transaction. */
export interface CostProtections {
  /** @throws HesError NOT_FOUND for an account that is not */
  enter(given: Pick<ProtectionRow, 'kind' | 'scope' | 'of' | 'since' | 'until' | 'evidence'>, who: string): Promise<{ protection: ProtectionRow; withdrawn: number; accounts: string[] }>
  /** @throws HesError NOT_FOUND, STATE_CONFLICT when it has ended */
  end(id: number, at: Date, who: string): Promise<ProtectionRow>
  /** Those that have not ended at `now`, newest first. */
  list(now: Date, limit: number): Promise<ProtectionRow[]>
  /** Which of these meters must not be cut off, and why. */
  preserved(meters: readonly string[], now: Date): Promise<Map<string, string>>
}

const COLUMNS = 'id, kind, scope, of, since, until, evidence, entered_by AS "enteredBy", ended_by AS "endedBy"'

export function createCostProtections(pool: pg.Pool): CostProtections {
  return {
    enter: ({ kind, scope, of, since, until, evidence }, who) => transaction(pool, async (client) => {
      const { rows: [protection] } = await client.query<ProtectionRow>(
        `INSERT INTO cost_protection (kind, scope, of, since, until, evidence, entered_by) VALUES ($1,$2,$3,$4,$5,$6,$7) RETURNING ${COLUMNS}`, [kind, scope, of, since, until, evidence, who])
      const { rows } = await client.query<{ account: string; meter: string }>(
        `SELECT a.account, a.meter FROM cost_account a LEFT JOIN meter m ON m.address = a.meter LEFT JOIN terminal t ON t.address = m.terminal_address
         WHERE $1 = 'all' OR ($1 = 'account' AND a.account = $2) OR ($1 = 'area' AND COALESCE(m.area, t.area, 'DEFAULT') = $2)`, [scope, of])
      if (scope === 'account' && rows.length === 0) throw new HesError('NOT_FOUND', `There is no account ${of}.`)
      const withdrawn = await withdrawCommands(client, rows.map(({ meter }) => meter), 'trip', PRESERVING.includes(kind) ? 'any' : 'proposed', `withdrawn: ${kind}, ${evidence}`)
      await appendAuditIn(client, [{ actor: who, action: 'cost.protect', object: `cost-protection/${protection?.id}`, outcome: 'ok', reason: evidence, detail: { kind, scope, of, withdrawn } }])
      return { protection: protection as ProtectionRow, withdrawn, accounts: rows.map(({ account }) => account) }
    }),
    end: (id, at, who) => transaction(pool, async (client) => {
      const { rows: [ended] } = await client.query<ProtectionRow>(`UPDATE cost_protection SET until = GREATEST($2, since), ended_by = $3 WHERE id = $1 AND (until IS NULL OR until > $2) RETURNING ${COLUMNS}`, [id, at, who])
      if (!ended) throw new HesError((await client.query('SELECT 1 FROM cost_protection WHERE id = $1', [id])).rowCount ? 'STATE_CONFLICT' : 'NOT_FOUND', 'There is no such protection that still holds.')
      await appendAuditIn(client, [{ actor: who, action: 'cost.unprotect', object: `cost-protection/${id}`, outcome: 'ok', detail: { kind: ended.kind, scope: ended.scope, of: ended.of } }])
      return ended
    }),
    list: async (now, limit) => (await pool.query<ProtectionRow>(`SELECT ${COLUMNS} FROM cost_protection WHERE until IS NULL OR until > $1 ORDER BY id DESC LIMIT $2`, [now, limit])).rows,
    preserved: async (meters, now) => new Map((await pool.query<{ meter: string; held: string }>(
      'SELECT meter, held FROM (SELECT meter, cost_preserved(meter, $2) AS held FROM unnest($1::text[]) AS meter) AS found WHERE held IS NOT NULL', [meters, now])).rows.map(({ meter, held }) => [meter, held])),
  }
}
