import type pg from 'pg'
import type { StoredReading } from './compare.js'

/** The one place of the rig that knows how the station stores readings. What it read by itself is not the generator's. */
export async function* storedReadings(client: pg.Client, terminals: readonly string[]): AsyncGenerator<StoredReading> {
  for (const terminal of terminals) {
    const { rows } = await client.query<{ address: string; item: number; time: Date; value: string }>(
      `SELECT m.address, r.item, r.time, r.value::text AS value
       FROM reading_value r JOIN meter m ON m.id = r.meter_id WHERE m.terminal_address = $1 AND r.source = 'report'`, [terminal])
    for (const row of rows) yield reading(row)
  }
}

/** Values that came for an identity the station already had with another one. */
export async function storedConflicts(client: pg.Client): Promise<StoredReading[]> {
  const { rows } = await client.query<{ address: string; item: number; time: Date; value: string }>(
    "SELECT m.address, c.item, c.time, c.value::text AS value FROM reading_conflict c JOIN meter m ON m.id = c.meter_id WHERE c.source = 'report'")
  return rows.map(reading)
}

/** What no schema accepted. A dead letter forgives no loss: the rig sends nothing that belongs there. */
export async function deadLetters(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>('SELECT count(*)::int AS count FROM dead_letter')
  return rows[0]?.count ?? 0
}

function reading({ address, item, time, value }: { address: string; item: number; time: Date; value: string }): StoredReading {
  return { meter: address, item: (item >>> 0).toString(16).toUpperCase().padStart(8, '0'), time: time.getTime(), value }
}
