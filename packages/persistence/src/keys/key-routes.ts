import type pg from 'pg'

/** By which terminal a device is reached: itself, or the one it is behind. */
export interface KeyRoutes {
  /** Devices whose terminal is served by some front end now; the others wait. */
  of(addresses: readonly string[]): Promise<{ address: string; terminal: string }[]>
  servedElsewhere(terminal: string, frontendId: string): Promise<boolean>
}

export function createKeyRoutes(pool: pg.Pool): KeyRoutes {
  return {
    of: async (addresses) => (await pool.query<{ address: string; terminal: string }>(
      `SELECT DISTINCT a.address, s.address AS terminal FROM unnest($1::text[]) AS a (address)
       LEFT JOIN terminal t ON t.address = a.address
       LEFT JOIN meter m ON m.address = a.address AND t.address IS NULL
       JOIN terminal_session s ON s.address = COALESCE(t.address, m.terminal_address) AND s.routed AND s.frontend_id IS NOT NULL`, [addresses])).rows,
    servedElsewhere: async (terminal, frontendId) => (await pool.query(
      'SELECT 1 FROM terminal_session WHERE address = $1 AND routed AND frontend_id IS NOT NULL AND frontend_id <> $2 LIMIT 1', [terminal, frontendId])).rowCount === 1,
  }
}
