import type { Clock } from '@zhuzhan/core'
import { auditReport } from '@zhuzhan/energy-audit'
import type { AuditReport } from '@zhuzhan/energy-audit'
import { snapshot } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'
import type { LongWork } from '../days/day-figures.js'
import { loadAuditInput } from './audit-input.js'

export interface Audits {
  /** Computes and stores the audit of one meter and month. @throws HesError NOT_FOUND */
  one(meter: string, month: string): Promise<AuditReport>
  /** Queues the audit of every meter. @returns how many */
  all(month: string | undefined, work: LongWork): Promise<number>
}

/** Days of a new month during which the one before is still computed anew: late readings come in. */
const LATE_DAYS = 7
const PAGE = 500

const STORE = `INSERT INTO energy_audit (meter_id, month, report, computed_at) VALUES ($1, $2::date, $3, $4)
  ON CONFLICT (meter_id, month) DO UPDATE SET report = excluded.report, computed_at = excluded.computed_at WHERE energy_audit.computed_at <= excluded.computed_at`
// A meter that was taken off has no audit of its own.
const METERS = `SELECT address FROM meter m WHERE kind = 'meter' AND address > $1
  AND (SELECT new_meter = m.id FROM meter_exchange x WHERE m.id IN (x.old_meter, x.new_meter) ORDER BY x.at DESC LIMIT 1) IS NOT FALSE ORDER BY address LIMIT $2`

/** Energy audits per meter and month, kept as JSON in energy_audit. */
export function createAudits({ pool, queues, clock }: { pool: pg.Pool; queues: Pick<Queues, 'add'>; clock: Clock }): Audits {
  return {
    one: async (meter, month) => {
      const now = clock.now()
      const { meterId, report } = await snapshot(pool, async (client) => {
        const { meterId: id, input } = await loadAuditInput(client, meter, month, now)
        return { meterId: id, report: auditReport(input) }
      })
      await pool.query(STORE, [meterId, `${month}-01`, JSON.stringify(report), new Date(now)])
      return report
    },
    all: async (month, work) => {
      const months = month === undefined ? monthsDue(clock.now()) : [month]
      const { rows } = await pool.query<{ total: number }>("SELECT count(*) AS total FROM meter WHERE kind = 'meter'")
      const total = (rows[0]?.total ?? 0) * months.length
      let queued = 0
      for (let last = ''; ;) {
        const page = await pool.query<{ address: string }>(METERS, [last, PAGE])
        for (const { address } of page.rows) {
          // The id keeps a second job out while the first waits, when this one is repeated.
          for (const one of months) await queues.add('analysis.audit', { meter: address, month: one }, { jobId: `audit-${address}-${one}`, priority: 10 })
          queued += months.length
        }
        await work.progress(queued, total)
        work.signal.throwIfAborted()
        if (page.rows.length < PAGE) return queued
        last = page.rows.at(-1)?.address ?? ''
      }
    },
  }
}

/** The month in progress, and the one before in its first days. Months begin first at +14:00. */
export function monthsDue(now: number): string[] {
  const current = new Date(now + 14 * 3_600_000)
  const before = new Date(Date.UTC(current.getUTCFullYear(), current.getUTCMonth() - 1, 1)).toISOString().slice(0, 7)
  return current.getUTCDate() <= LATE_DAYS ? [before, current.toISOString().slice(0, 7)] : [current.toISOString().slice(0, 7)]
}
