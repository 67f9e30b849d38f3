import type { Clock } from '@zhuzhan/core'
import { createCostDecisions } from '@zhuzhan/persistence'
import type pg from 'pg'

/** Judges the proposals of a batch again when a second person is about to sign: what may no longer be done lapses first. */
export function createBeforeApproval({ pool, clock }: { pool: pg.Pool; clock: Clock }): (batch: string) => Promise<void> {
  const decisions = createCostDecisions(pool)
  return async (batch) => {
    const { rows } = await pool.query<{ account: string }>("SELECT account FROM cost_proposal WHERE batch = $1 AND state = 'ordered'", [batch])
    for (const { account } of rows) await decisions.look(account, clock.now())
  }
}
