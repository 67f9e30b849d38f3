import type pg from 'pg'

/** Registers a plain terminal with its own measurements' row and these meters; ids by address. */
export async function register(pool: pg.Pool, terminal: string, meters: readonly string[] = []): Promise<Map<string, number>> {
  await pool.query(`INSERT INTO terminal (address, security_profile) VALUES ($1, 'plain')`, [terminal])
  const { rows } = await pool.query<{ id: number; address: string }>(
    `INSERT INTO meter (address, kind, terminal_address) SELECT a, CASE WHEN a = $1 THEN 'terminal' ELSE 'meter' END, $1 FROM unnest($2::text[]) AS a RETURNING id, address`,
    [terminal, [terminal, ...meters]])
  return new Map(rows.map((row) => [row.address, row.id]))
}
