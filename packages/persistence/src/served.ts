/** The terminals a front end serves at this moment. */
export interface ServedTerminals {
  has(address: string): boolean
  all(): readonly string[]
}

/** So many rows of a sweep are looked through one by one, and taken in one go. */
export const SWEEP_ROWS = 500

/**
 * What waits for the terminals of one front end. As a rule little waits anywhere: then all of it is read and looked through. Naming 20,000
 * terminals in a statement, every two seconds, cost the front end and PostgreSQL a tenth of what they did for 4,500 reports a second.
 * @param select rows oldest first, at most `limit`; of all terminals, or of these
 */
export async function ofServed<Row>(served: ServedTerminals, addressOf: (row: Row) => string, select: (limit: number, terminals?: readonly string[]) => Promise<Row[]>): Promise<Row[]> {
  const rows = await select(SWEEP_ROWS + 1)
  // More wait than are looked at: those of other front ends could stand before ours for ever.
  return rows.length > SWEEP_ROWS ? select(SWEEP_ROWS, served.all()) : rows.filter((row) => served.has(addressOf(row)))
}
