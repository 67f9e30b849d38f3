import type pg from 'pg'
import { createMemoryStore, memoryDisk } from '../store/memory-store.js'
import { createPgStore } from '../store/pg-store.js'
import type { MachineStore } from '../store/store.js'

/** Makes stores of new processes over one and the same data. */
export type OpenStore = () => MachineStore

/** Data nobody has used yet. */
export type FreshData = () => Promise<OpenStore>

export const freshMemory: FreshData = async () => {
  const disk = memoryDisk()
  return () => createMemoryStore(disk)
}

/** Every table of the machine but the events, which nobody can delete. */
const TABLES = `SELECT string_agg('crypto_machine.' || quote_ident(relname), ', ') AS names FROM pg_class
  WHERE relnamespace = 'crypto_machine'::regnamespace AND relkind = 'r' AND relname <> 'key_event'`

export function freshPostgres(pool: () => pg.Pool): FreshData {
  return async () => {
    const { rows } = await pool().query<{ names: string }>(TABLES)
    await pool().query(`TRUNCATE ${rows[0]?.names ?? ''} CASCADE`)
    return () => createPgStore(pool())
  }
}
