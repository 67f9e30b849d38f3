import { HesError, errorText } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'
import { siteAudit } from '@zhuzhan/energy-audit'
import type { Level } from '@zhuzhan/energy-audit'
import { snapshot, transaction } from '@zhuzhan/persistence'
import type { Queues } from '@zhuzhan/queues'
import type pg from 'pg'
import type { LongWork } from '../days/day-figures.js'
import { loadSubjects } from './load-site.js'
import type { Loaded } from './load-site.js'
import { digestOf, storeVersions } from './store-version.js'
import type { Computed } from './store-version.js'

export interface AuditRuns {
  /** Goes on with a run for a while, and queues the rest of it. @returns how many subjects were done now */
  work(run: string, work: LongWork): Promise<number>
  /** Queues runs that nobody has worked on for a while: what carries a run over lost jobs. @returns how many */
  wake(): Promise<number>
}

/** A job ends after this long, so that the day's figures are not kept waiting by a run over every meter. */
const SLICE_MS = 5_000
/** Subjects read together: as many as are read quickly, so that a page is a small part of a slice, and never more than this many in memory. */
const PAGE = 128
const FIRST_PAGE = 16
const QUICK_MS = 500
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
const STEP = `UPDATE energy_audit_run SET cursor = $3, done = done + $4, failed = failed + $5, updated_at = $6,
    errors = (SELECT coalesce(jsonb_agg(one), '[]') FROM (SELECT one FROM jsonb_array_elements(errors || $7::jsonb) WITH ORDINALITY AS e (one, n) ORDER BY n LIMIT ${ERRORS_KEPT}) AS kept)
  WHERE id = $1 AND cursor = $2 AND state = 'running'`
const END = "UPDATE energy_audit_run SET state = 'done', ended_at = $2, updated_at = $2 WHERE id = $1 AND state = 'running'"
const OPEN = "SELECT id FROM energy_audit_run WHERE state IN ('queued', 'running') AND updated_at < $1 ORDER BY created_at LIMIT 50"

interface Page { behind: string; loaded: Loaded[]; now: number; took: number }
interface Failed { subject: string; error: string }
interface Run { level: Level; month: string; subject: string | null; cursor: string; done: number; total: number | null }

/** Another worker took the step, or somebody cancelled the run: there is nothing left to do here. */
class Overtaken extends Error {}

export function createAuditRuns({ pool, queues, clock, sliceMs = SLICE_MS, largestPage = PAGE }: { pool: pg.Pool; queues: Pick<Queues, 'add'>; clock: Clock; sliceMs?: number; largestPage?: number }): AuditRuns {
  const queue = (run: string): Promise<string> => queues.add('analysis.audit-run', { run }, { jobId: `audit-run-${run}-${clock.now()}`, priority: PRIORITY })
  const subjectsOf = async (client: pg.ClientBase, { level, subject, cursor }: Run, limit: number): Promise<string[]> => {
    if (subject !== null) return cursor === '' ? [subject] : []
    const { rows } = level === 'customer' ? await client.query<{ subject: string }>(METERS, [cursor, limit]) : await client.query<{ subject: string }>(SITES, [cursor, limit, level])
    return rows.map((row) => row.subject)
  }
  const totalOf = async ({ level, subject }: Run): Promise<number> => {
    if (subject !== null) return 1
    const { rows } = level === 'customer' ? await pool.query<{ total: number }>(COUNT_METERS) : await pool.query<{ total: number }>(COUNT_SITES, [level])
    return rows[0]?.total ?? 0
  }
  /** The next subjects behind a cursor, read from one snapshot. */
  const read = async (run: Run, limit: number): Promise<Page> => {
    const [begin, now] = [clock.monotonic(), clock.now()]
    const loaded = await snapshot(pool, async (client) => {
      const subjects = await subjectsOf(client, run, limit)
      return subjects.length === 0 ? [] : loadSubjects(client, run.level, subjects, run.month, now)
    })
    return { behind: run.cursor, loaded, now, took: clock.monotonic() - begin }
  }
  /** The audits of a page and the step of the run, or neither. */
  const store = (id: string, { level, month }: Run, { behind, loaded, now }: Page, computed: readonly Computed[], failed: readonly Failed[]): Promise<void> => transaction(pool, async (client) => {
    const { rowCount } = await client.query(STEP, [id, behind, loaded.at(-1)?.subject, computed.length, failed.length, new Date(clock.now()), JSON.stringify(failed)])
    if (rowCount !== 1) throw new Overtaken()
    await storeVersions(client, { level, month, run: id, now }, computed)
  })
  return {
    work: async (id, { progress, signal }) => {
      const { rows: [run] } = await pool.query<Run>(CLAIM, [id, new Date(clock.now())])
      if (!run) return 0
      const total = run.total ?? await totalOf(run)
      if (run.total === null) await pool.query('UPDATE energy_audit_run SET total = $2 WHERE id = $1 AND total IS NULL', [id, total])
      const until = clock.monotonic() + sliceMs
      let [now, limit] = [0, Math.min(FIRST_PAGE, largestPage)]
      let [coming, storing]: [Promise<Page> | undefined, Promise<void>] = [undefined, Promise.resolve()]
      try {
        for (;;) {
          signal.throwIfAborted()
          if (!coming && clock.monotonic() >= until) {
            await storing
            await queue(id)
            return now
          }
          const page: Page = await (coming ?? read(run, limit))
          coming = undefined
          const last = page.loaded.at(-1)?.subject
          if (last === undefined) break
          run.cursor = last
          limit = Math.min(largestPage, page.took < QUICK_MS ? limit * 2 : Math.max(1, Math.floor(limit / 2)))
          // The database reads the next page while this one is computed.
          if (clock.monotonic() < until) coming = settled(read({ ...run }, limit))
          const { computed, failed } = await audit(page, signal)
          await storing
          signal.throwIfAborted()
          storing = settled(store(id, run, page, computed, failed).then(() => { now += page.loaded.length }))
          await progress(run.done + now, total)
        }
        await storing
        await pool.query(END, [id, new Date(clock.now())])
        return now
      } catch (error) {
        await Promise.allSettled([coming, storing])
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

async function audit({ loaded }: Page, signal: AbortSignal): Promise<{ computed: Computed[]; failed: Failed[] }> {
  const [computed, failed]: [Computed[], Failed[]] = [[], []]
  for (const one of loaded) {
    // What the server sends meanwhile is taken in between.
    await new Promise(setImmediate)
    signal.throwIfAborted()
    const { subject } = one
    try {
      if ('error' in one) throw one.error
      const made = siteAudit(one.input)
      computed.push({ subject, audit: made, digest: digestOf(one.input, made.period.monthOver) })
    } catch (error) {
      if (!(error instanceof HesError)) throw error
      failed.push({ subject, error: errorText(error).slice(0, 300) })
    }
  }
  return { computed, failed }
}

/** The same promise; a failure is told to whoever awaits it, later. */
function settled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}
