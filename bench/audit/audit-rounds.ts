import { systemClock } from '@zhuzhan/core'
import pg from 'pg'
import { createAuditRuns } from '../../services/analytics/src/site-audits/runs.js'
import { print, resultOf } from '../harness.js'
import type { Run } from '../harness.js'
import { ITEMS } from '../readings-table.js'
import { DAYS, END, METERS, MONTH, NOW, POINTS, ROUNDS, START, scan, seconds, told } from './month.js'

/**
 * A program of its own over a database with the validated month: the memory it holds is what audits hold, nothing is left in it by filling and
 * validating. DATABASE_URL says where. Prints the result.
 */
const [ENERGY] = ITEMS
/** Audits whose energy is not the register's difference over the month. */
const WRONG = `SELECT count(*)::int AS wrong FROM meter m LEFT JOIN energy_audit_version v ON v.level = 'customer' AND v.subject = m.address AND v.version = 1 AND (v.audit->'status'->>'present')::int = ${POINTS}
  LEFT JOIN reading_value a ON a.meter_id = m.id AND a.item = ${ENERGY} AND a.time = $1 LEFT JOIN reading_value b ON b.meter_id = m.id AND b.item = ${ENERGY} AND b.time = $2
  WHERE (v.audit->'energy'->>'kwh')::numeric IS DISTINCT FROM b.value - a.value`
const RUN = '00000000-0000-4000-8000-000000000001'

/** A whole run, as the queue would have it done. @returns seconds, and the most memory the process held, bytes */
async function auditAll(pool: pg.Pool): Promise<{ took: number; rss: number }> {
  await pool.query('TRUNCATE energy_audit_run, energy_audit_version')
  await pool.query("INSERT INTO energy_audit_run (id, level, month, requested_by) VALUES ($1, 'customer', $2::date, 'bench')", [RUN, `${MONTH}-01`])
  const runs = createAuditRuns({ pool, queues: { add: () => Promise.reject(new Error('one slice is long enough')) }, clock: { ...systemClock, now: () => NOW }, sliceMs: Infinity })
  let rss = 0
  const progress = async (): Promise<void> => { rss = Math.max(rss, process.memoryUsage.rss()) }
  const took = await seconds(() => runs.work(RUN, { progress, signal: new AbortController().signal }))
  const { rows: [found] } = await pool.query<{ wrong: number }>(WRONG, [new Date(START), new Date(END)])
  if (found?.wrong !== 0) throw new Error(`${found?.wrong} of ${METERS} audits are not what SQL says`)
  return { took, rss }
}

const mebibytes = (bytes: number): number => Math.round(bytes / 2 ** 20)
// Without compiling, as where the month was filled: for the foil as well.
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 4, options: '-c jit=off' })
const empty = process.memoryUsage.rss()
try {
  await scan(pool)
  const runs: Run[] = []
  let most = 0
  for (let round = 0; round < ROUNDS; round += 1) {
    const foil = await scan(pool)
    const { took, rss } = await auditAll(pool)
    most = Math.max(most, rss)
    told(`round ${round + 1}: audit ${took.toFixed(1)} s, scan ${foil.toFixed(1)} s`)
    runs.push({ ours: took, foil })
  }
  print(resultOf('analytics: audit against the bare scan', 's', runs, { meters: METERS, days: DAYS, points: METERS * POINTS, emptyMemoryMiB: mebibytes(empty), mostMemoryMiB: mebibytes(most), wanted: 'ratio under 3' }))
} finally {
  await pool.end()
}
