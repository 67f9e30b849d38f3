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

/** What is known of meters. Looked into for the addresses it was asked about, it may know others besides. */
export type KnownMeters = Pick<ReadonlyMap<string, MeterEntry>, 'get' | 'has'>

export interface MeterIndex {
  /** Knows these addresses as far as they are registered. */
  find(addresses: readonly string[]): Promise<KnownMeters>
}

/** An id never changes; terminal and offset may, and are only used for figures that are computed again. */
const KNOWN_MS = 300_000
const MAX_ENTRIES = 500_000

const FIND = `SELECT m.address, m.id, m.terminal_address AS terminal, t.utc_offset_minutes AS "offsetMinutes"
  FROM meter m JOIN terminal t ON t.address = m.terminal_address WHERE m.address = ANY($1::text[])`

interface Entry extends MeterEntry { until: number }

/** Cached lookup by address. Unknown addresses are asked for every time: their rows would go to the dead letters. */
export function createMeterIndex(pool: pg.Pool, clock: Clock = systemClock): MeterIndex {
  let cache = new Map<string, Entry>()

  const load = async (into: Map<string, Entry>, addresses: readonly string[], until: number): Promise<void> => {
    const { rows } = await pool.query<MeterEntry & { address: string }>(FIND, [addresses])
    const gone = new Set(addresses)
    for (const { address, ...entry } of rows) {
      into.set(address, { ...entry, until })
      gone.delete(address)
    }
    for (const address of gone) into.delete(address)
  }
  return {
    find: async (addresses) => {
      const now = clock.monotonic()
      // One map for all batches: one of its own for each would cost more than the look. A full one is left to those who hold it.
      const known = cache
      const missing = addresses.filter((address) => !((known.get(address)?.until ?? -Infinity) > now))
      if (missing.length === 0) return known
      if (known.size + missing.length <= MAX_ENTRIES) {
        await load(known, missing, now + KNOWN_MS)
        return known
      }
      const fresh = new Map<string, Entry>()
      cache = fresh
      await load(fresh, addresses, now + KNOWN_MS)
      return fresh
    },
  }
}
