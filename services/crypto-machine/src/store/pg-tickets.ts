import { EVENT, OWNER, eventValues } from './pg-database.js'
import type { PgDatabase } from './pg-database.js'
import type { MandateRow, TicketStore, TicketUseRow } from './ticket-store.js'

/** Used tickets and mandates on PostgreSQL. */
export function pgTickets(db: PgDatabase): TicketStore {
  return {
    async useTicket(row, event) {
      const { fresh } = await db.write<{ fresh: boolean }>(
        `WITH ${OWNER}, used AS (
           INSERT INTO crypto_machine.ticket_use (ticket_id, dispersion, used_at, not_after, task, target, mandate_id, rel_id)
           SELECT $5::bytea, $6::bytea, $7::bigint, $8::bigint, $9::smallint, $10::bytea, $11::bytea, $12::bytea FROM owner
           ON CONFLICT DO NOTHING RETURNING 1),
         event AS (${EVENT}, used)
         SELECT fencing, EXISTS (SELECT FROM used) AS fresh FROM owner`,
        [...eventValues(event), row.ticketId, row.dispersion, row.usedAt, row.notAfter, row.task, row.target, row.mandateId ?? null, row.release ?? null],
      )
      return fresh
    },
    async ticketUse(ticketId, dispersion) {
      const { rows } = await db.query<{ used_at: string; not_after: string; task: number; target: Buffer; mandate_id: Buffer | null; rel_id: Buffer | null }>(
        'SELECT used_at, not_after, task, target, mandate_id, rel_id FROM crypto_machine.ticket_use WHERE ticket_id = $1 AND dispersion = $2',
        [ticketId, dispersion],
      )
      const [row] = rows
      return row && toUse(ticketId, dispersion, row)
    },
    async mandateUses(mandateId, since) {
      const { rows } = await db.query<{ used_at: string }>(
        'SELECT used_at FROM crypto_machine.ticket_use WHERE mandate_id = $1 AND used_at >= $2 ORDER BY used_at',
        [mandateId, since],
      )
      return rows.map((row) => Number(row.used_at))
    },
    async forgetUses(before) {
      await db.write(
        `WITH ${OWNER}, gone AS (DELETE FROM crypto_machine.ticket_use u USING owner WHERE u.not_after < $2 AND (u.mandate_id IS NULL OR u.used_at < $2))
         SELECT fencing FROM owner`,
        [before],
      )
    },
    async mandates() {
      const { rows } = await db.query<{
        mandate_id: Buffer
        bytes: Buffer
        operator_id: Buffer
        approver_id: Buffer
        sig_operator: Buffer
        sig_approver: Buffer
        revoked: boolean
        row_mac: Buffer
      }>('SELECT mandate_id, bytes, operator_id, approver_id, sig_operator, sig_approver, revoked, row_mac FROM crypto_machine.mandate')
      return rows.map((row): MandateRow => ({
        mandateId: row.mandate_id,
        bytes: row.bytes,
        operatorId: row.operator_id,
        approverId: row.approver_id,
        sigOperator: row.sig_operator,
        sigApprover: row.sig_approver,
        revoked: row.revoked,
        rowMac: row.row_mac,
      }))
    },
    addMandate: (row, event) =>
      db.transaction(async (run) => {
        const { rowCount } = await run('SELECT 1 FROM crypto_machine.mandate WHERE substring(mandate_id from 1 for 8) = $1', [
          row.mandateId.subarray(0, 8),
        ])
        if (rowCount !== 0) return false
        await putMandate(run, row)
        await db.event(run, event)
        return true
      }),
  }
}

export async function putMandate(run: PgDatabase['query'], row: MandateRow): Promise<void> {
  await run(
    `INSERT INTO crypto_machine.mandate (mandate_id, bytes, operator_id, approver_id, sig_operator, sig_approver, revoked, row_mac)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (mandate_id) DO UPDATE SET revoked = excluded.revoked, row_mac = excluded.row_mac`,
    [row.mandateId, row.bytes, row.operatorId, row.approverId, row.sigOperator, row.sigApprover, row.revoked, row.rowMac],
  )
}

function toUse(
  ticketId: Uint8Array,
  dispersion: Uint8Array,
  row: { used_at: string; not_after: string; task: number; target: Buffer; mandate_id: Buffer | null; rel_id: Buffer | null },
): TicketUseRow {
  return {
    ticketId: Buffer.from(ticketId),
    dispersion: Buffer.from(dispersion),
    usedAt: Number(row.used_at),
    notAfter: Number(row.not_after),
    task: row.task,
    target: row.target,
    mandateId: row.mandate_id ?? undefined,
    ...(row.rel_id && { release: row.rel_id }),
  }
}
