import { HesError, errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { siteAudit } from '@zhuzhan/energy-audit'
import type { Level } from '@zhuzhan/energy-audit'
import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'
import type { LongWork } from '../days/day-figures.js'
import { loadSite } from './load-site.js'
import { storeVersion } from './store-version.js'

export interface AuditRuns {
  /** Goes on with a run for a while, and queues the rest of it. @returns how many subjects were done now */
  work(run: string, work: LongWork): Promise<number>
  /** Queues runs that nobody has worked on for a while: what carries a run over lost jobs. @returns how many */
  wake(): Promise<number>
}

/** A job ends after this long, so that the day's figures are not kept waiting by a run over every meter. */
const SLICE_MS = 5_000
const PAGE = 100
const STALE_MS = 60_000
/** Behind the figures of the day. */
const PRIORITY = 10
const ERRORS_KEPT = 20

const CLAIM = `UPDATE energy_audit_run SET state = 'running', started_at = coalesce(started_at, $2), updated_at = $2 WHERE id = $1 AND state IN ('queued', 'running')
  RETURNING level, to_char(month, 'YYYY-MM') AS month, subject, cursor, done + failed AS done, total`
const COUNT_METERS = "SELECT count(*)::int AS total FROM meter WHERE kind = 'meter'"
const COUNT_SITES = 'SELECT count(*)::int AS total FROM energy_site WHERE level = $1'
const METERS = "SELECT address AS subject FROM meter WHERE kind = 'meter' AND address > $1 ORDER BY address LIMIT $2"
const SITES = 'SELECT id AS subject FROM energy_site WHERE level = $3 AND id > $1 ORDER BY id LIMIT $2'
// The cursor it was computed behind must still hold: a second worker of the same run, or a cancellation, makes this update nothing.
const STEP = `UPDATE energy_audit_run SET cursor = $3, done = done + $4, failed = failed + $5, updated_at = $6, errors = CASE WHEN $7::text IS NULL OR jsonb_array_length(errors) >= ${ERRORS_KEPT} THEN errors ELSE errors || jsonb_build_object('subject', $3::text, 'error', $7::text) END
  WHERE id = $1 AND cursor = $2 AND state = 'running'`
const END = "UPDATE energy_audit_run SET state = 'done', ended_at = $2, updated_at = $2 WHERE id = $1 AND state = 'running'"
const OPEN = "SELECT id FROM energy_audit_run WHERE state IN ('queued', 'running') AND updated_at < $1 ORDER BY created_at LIMIT 50"

interface Run { level: Level; month: string; subject: string | null; cursor: string; done: number; total: number | null }

/** Another worker took the step, or somebody cancelled the run: there is nothing left to do here. */
class Overtaken extends Error {}

export function createAuditRuns({ pool, queues, clock, sliceMs = SLICE_MS }: { pool: pg.Pool; queues: Pick<Queues, 'add'>; clock: Clock; sliceMs?: number }): AuditRuns {
  const queue = (run: string): Promise<string> => queues.add('analysis.audit-run', { run }, { jobId: `audit-run-${run}-${clock.now()}`, priority: PRIORITY })
  const subjectsOf = async ({ level, subject, cursor }: Run): Promise<string[]> => {
    if (subject !== null) return cursor === '' ? [subject] : []
    const { rows } = level === 'customer' ? await pool.query<{ subject: string }>(METERS, [cursor, PAGE]) : await pool.query<{ subject: string }>(SITES, [cursor, PAGE, level])
    return rows.map((row) => row.subject)
  }
  const totalOf = async ({ level, subject }: Run): Promise<number> => {
    if (subject !== null) return 1
    const { rows } = level === 'customer' ? await pool.query<{ total: number }>(COUNT_METERS) : await pool.query<{ total: number }>(COUNT_SITES, [level])
    return rows[0]?.total ?? 0
  }
  /** One subject and the step of the run, or neither. */
  const one = async (id: string, run: Run, subject: string): Promise<void> => {
    const client = await pool.connect()
    let broken: Error | undefined
    const step = async (done: boolean, error: string | null): Promise<void> => {
      const { rowCount } = await client.query(STEP, [id, run.cursor, subject, Number(done), Number(!done), new Date(clock.now()), error])
      if (rowCount !== 1) throw new Overtaken()
    }
    try {
      await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
      try {
        const input = await loadSite(client, run.level, subject, run.month, clock.now())
        await storeVersion(client, input, siteAudit(input), id)
        await step(true, null)
      } catch (error) {
        // What the data or the settings do not allow is counted and told; what the database does not allow now is tried again.
        if (!(error instanceof HesError) || error.code === 'UNAVAILABLE') throw error
        await step(false, errorText(error).slice(0, 300))
      }
      await client.query('COMMIT')
    } catch (error) {
      await client.query('ROLLBACK').catch((rollback: Error) => { broken = rollback })
      throw (error as { code?: string }).code === '40001' ? new Overtaken() : error
    } finally {
      client.release(broken)
    }
  }
  return {
    work: async (id, { progress, signal }) => {
      const { rows: [run] } = await pool.query<Run>(CLAIM, [id, new Date(clock.now())])
      if (!run) return 0
      const total = run.total ?? await totalOf(run)
      if (run.total === null) await pool.query('UPDATE energy_audit_run SET total = $2 WHERE id = $1 AND total IS NULL', [id, total])
      const until = clock.monotonic() + sliceMs
      let now = 0
      try {
        for (;;) {
          const subjects = await subjectsOf(run)
          for (const subject of subjects) {
            signal.throwIfAborted()
            if (clock.monotonic() >= until) {
              await queue(id)
              return now
            }
            await one(id, run, subject)
            run.cursor = subject
            now++
          }
          await progress(run.done + now, total)
          if (subjects.length > 0 && run.subject === null) continue
          await pool.query(END, [id, new Date(clock.now())])
          return now
        }
      } catch (error) {
        if (error instanceof Overtaken) return now
        throw error
      }
    },
    wake: async () => {
      const { rows } = await pool.query<{ id: string }>(OPEN, [new Date(clock.now() - STALE_MS)])
      for (const { id } of rows) await queue(id)
      return rows.length
    },
  }
}
