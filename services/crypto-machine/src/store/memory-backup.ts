import { HesError } from '@zhuzhan/core'
import type { AuthorityStore } from './authority-store.js'
import type { BackupStore } from './backup-store.js'
import type { MemoryDisk } from './memory-store.js'

type Parts = Omit<MemoryDisk, 'fencing' | 'commits' | 'failNext'>
const PARTS = ['identity', 'rootKeys', 'ownKeys', 'devices', 'asctr', 'reports', 'field', 'groups', 'firmware', 'events'] as const satisfies readonly (keyof Parts)[]

/** Bytes and maps as JSON, and back. */
const write = (value: unknown): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key, plain: unknown) {
    const one = this[key]
    if (one instanceof Uint8Array) return { bytes: Buffer.from(one).toString('hex') }
    return one instanceof Map ? { map: [...one] } : plain
  })
const read = (text: string): unknown =>
  JSON.parse(text, (_key, value: { bytes?: string; map?: [unknown, unknown][] } | null) => {
    if (typeof value?.bytes === 'string' && Object.keys(value).length === 1) return Buffer.from(value.bytes, 'hex')
    return Array.isArray(value?.map) ? new Map(value.map) : value
  })

export function memoryBackup(disk: MemoryDisk, newEpoch: AuthorityStore['newEpoch']): BackupStore {
  return {
    async *dump() {
      for (const table of PARTS) yield { table, rows: [write({ part: disk[table] })] }
    },
    async load(source, { replace, begin, event }) {
      if (disk.identity && !replace) throw new HesError('EXISTS_ALREADY', 'this crypto machine is not empty; a restore would take the place of all its keys')
      const next: Record<string, unknown> = {}
      for await (const { table, rows } of source) {
        if (!(PARTS as readonly string[]).includes(table)) throw new HesError('STATE_CONFLICT', `the backup holds a table this version does not know: ${table}`)
        next[table] = (read(rows[0] ?? '') as { part: unknown }).part
      }
      const { identity, events, ...rest } = next as unknown as Parts
      if (!identity) throw new HesError('STATE_CONFLICT', 'the backup holds no machine')
      const begun = begin(identity)
      Object.assign(disk, rest, { identity, events: disk.events.length > 0 ? disk.events : events })
      await newEpoch(begun.epoch, begun.keyCheck, event)
    },
  }
}
