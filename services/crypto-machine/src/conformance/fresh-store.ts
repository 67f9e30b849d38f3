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

/** Everything but the events, which nobody can delete. */
const TABLES = [
  'machine',
  'root_key',
  'own_key',
  'device',
  'person',
  'person_key',
  'place',
  'policy',
  'admin_order',
  'mark',
  'ticket_use',
  'mandate',
  'module',
  'module_seen',
  'key_update',
]

export function freshPostgres(pool: () => pg.Pool): FreshData {
  return async () => {
    await pool().query(`TRUNCATE ${TABLES.map((table) => `crypto_machine.${table}`).join(', ')} CASCADE`)
    return () => createPgStore(pool())
  }
}
