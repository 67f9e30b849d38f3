import type pg from 'pg'
import { systemClock } from '@zhuzhan/core'
import type { Clock } from '@zhuzhan/core'

/** What the storing path needs to know of a meter. */
export interface MeterEntry {
  id: number
  /** Address of the terminal it stands behind. */
  terminal: string
  offsetMinutes: number
}

export interface MeterIndex {
  /** The registered ones among these addresses. */
  find(addresses: readonly string[]): Promise<ReadonlyMap<string, MeterEntry>>
}

/** An id never changes; terminal and offset may, and are only used for figures that are computed again. */
const KNOWN_MS = 300_000
const MAX_ENTRIES = 500_000

const FIND = `SELECT m.address, m.id, m.terminal_address AS terminal, t.utc_offset_minutes AS "offsetMinutes"
  FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.address = ANY($1::text[])`

/** Cached lookup by address. Unknown addresses are asked for every time: their rows would go to the dead letters. */
export function createMeterIndex(pool: pg.Pool, clock: Clock = systemClock): MeterIndex {
  const cache = new Map<string, { entry: MeterEntry; until: number }>()
  return {
    find: async (addresses) => {
      const found = new Map<string, MeterEntry>()
      const missing: string[] = []
      const now = clock.monotonic()
      for (const address of addresses) {
        const cached = cache.get(address)
        if (cached && cached.until > now) found.set(address, cached.entry)
        else missing.push(address)
      }
      if (missing.length === 0) return found
      if (cache.size + missing.length > MAX_ENTRIES) cache.clear()
      const { rows } = await pool.query<MeterEntry & { address: string }>(FIND, [missing])
      for (const { address, ...entry } of rows) {
        found.set(address, entry)
        cache.set(address, { entry, until: now + KNOWN_MS })
      }
      return found
    },
  }
}
