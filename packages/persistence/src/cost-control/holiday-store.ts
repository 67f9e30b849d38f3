import { HolidayYear } from '@zhuzhan/cost-control'
import type pg from 'pg'
import { appendAuditIn } from '../audit.js'
import { transaction } from '../database.js'

/** Replaces the days of a year. */
export function saveHolidayYear(pool: pg.Pool, given: HolidayYear, who: string): Promise<void> {
  const { year, source, holidays, workingDays } = HolidayYear.parse(given)
  return transaction(pool, async (client) => {
    await client.query(
      'INSERT INTO cost_holiday_year (year, source, holidays, working_days) VALUES ($1, $2, $3, $4) ON CONFLICT (year) DO UPDATE SET source = excluded.source, holidays = excluded.holidays, working_days = excluded.working_days',
      [year, source, holidays, workingDays])
    await appendAuditIn(client, [{ actor: who, action: 'cost.holidays', object: `holiday-year/${year}`, outcome: 'ok', detail: { source, holidays, workingDays } }])
  })
}

export async function listHolidayYears(pool: pg.Pool): Promise<HolidayYear[]> {
  return (await pool.query<HolidayYear>('SELECT year, source, holidays::text[] AS holidays, working_days::text[] AS "workingDays" FROM cost_holiday_year ORDER BY year')).rows
}
