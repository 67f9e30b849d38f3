import type pg from 'pg'
import { DAY_MS, ITEMS } from '../readings-table.js'

/** The month that is validated and audited; METERS and ROUNDS are asked of the environment. Instants in epoch ms. */
const size = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)
export const [METERS, ROUNDS] = [size('METERS', 10_000), size('ROUNDS', 3)] as const
export const MONTH = '2026-10'
export const [DAYS, SLOTS, STEP_MS, OFFSET] = [31, 96, 900_000, 480] as const
export const POINTS = DAYS * SLOTS
export const START = Date.parse('2026-09-30T16:00:00Z')
export const END = START + DAYS * DAY_MS
export const NOW = START + 60 * DAY_MS

const SCAN = `SELECT meter_id, count(*) AS points, sum(value)::text AS sum FROM reading_value WHERE item = ${ITEMS[0]} AND time BETWEEN $1 AND $2 GROUP BY meter_id`

/** The foil: one sum a meter over every point of the month, computed in the server. @returns seconds */
export async function scan(pool: pg.Pool): Promise<number> {
  return seconds(async () => {
    const { rows } = await pool.query(SCAN, [new Date(START), new Date(END)])
    if (rows.length !== METERS) throw new Error(`${rows.length} meters`)
  })
}

export async function seconds(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return (performance.now() - begin) / 1_000
}

export const told = (text: string): void => void process.stderr.write(`\n${text}\n`)
