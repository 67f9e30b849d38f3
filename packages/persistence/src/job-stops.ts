import type pg from 'pg'

/** Time of the database, by which stops are compared: clocks of services may differ. */
export async function databaseTime(pool: pg.Pool): Promise<Date> {
  const { rows: [row] } = await pool.query<{ now: Date }>('SELECT clock_timestamp() AS now')
  if (!row) throw new Error('the database told no time')
  return row.now
}

/** Everybody who works on a job of this name that began before now finds it should end. */
export async function askJobsToStop(pool: pg.Pool, name: string, by: string): Promise<void> {
  await pool.query('INSERT INTO job_stop (name, asked_at, asked_by) VALUES ($1, clock_timestamp(), $2) ON CONFLICT (name) DO UPDATE SET asked_at = excluded.asked_at, asked_by = excluded.asked_by', [name, by])
}

/** @returns who asked jobs of this name to stop since then, if anybody did */
export async function whoStoppedJobs(pool: pg.Pool, name: string, since: Date): Promise<string | undefined> {
  const { rows: [row] } = await pool.query<{ by: string }>('SELECT asked_by AS by FROM job_stop WHERE name = $1 AND asked_at >= $2', [name, since])
  return row?.by
}
