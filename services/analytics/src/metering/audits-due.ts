import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'

const DUE = `SELECT d.meter_id AS id, m.address, to_char(d.month, 'YYYY-MM') AS month FROM audit_due d JOIN meter m ON m.id = d.meter_id ORDER BY d.month, d.meter_id LIMIT 5000`
const DONE = "DELETE FROM audit_due d USING unnest($1::int[], $2::text[]) AS u (meter_id, month) WHERE d.meter_id = u.meter_id AND d.month = (u.month || '-01')::date"

/** Queues the audits of closed months that corrections have overtaken. Cut off in between it queues some twice, which changes nothing. */
export async function queueAuditsDue(pool: pg.Pool, queues: Pick<Queues, 'add'>): Promise<number> {
  const { rows } = await pool.query<{ id: number; address: string; month: string }>(DUE)
  for (const { address, month } of rows) await queues.add('analysis.audit', { meter: address, month }, { jobId: `audit-${address}-${month}`, priority: 10 })
  if (rows.length > 0) await pool.query(DONE, [rows.map(({ id }) => id), rows.map(({ month }) => month)])
  return rows.length
}
