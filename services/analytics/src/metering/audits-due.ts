import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'

// xmin: which transaction made it due. One that makes it due anew leaves another, and its row stays.
const DUE = `SELECT d.meter_id AS id, m.address, to_char(d.month, 'YYYY-MM') AS month, d.xmin::text AS made FROM audit_due d JOIN meter m ON m.id = d.meter_id ORDER BY d.month, d.meter_id LIMIT 5000`
const DONE = "DELETE FROM audit_due WHERE meter_id = $1 AND month = ($2 || '-01')::date AND xmin::text = $3"

/** Queues the audits of closed months that corrections have overtaken. Cut off in between it queues some twice, which changes nothing. */
export async function queueAuditsDue(pool: pg.Pool, queues: Pick<Queues, 'add'>): Promise<number> {
  const { rows } = await pool.query<{ id: number; address: string; month: string; made: string }>(DUE)
  for (const { id, address, month, made } of rows) {
    // An id of its own for each correction: while a job with the same id is in hand, another would be dropped.
    await queues.add('analysis.audit', { meter: address, month }, { jobId: `audit-${address}-${month}-${made}`, priority: 10 })
    await pool.query(DONE, [id, month, made])
  }
  return rows.length
}
